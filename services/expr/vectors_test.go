package expr_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/services/expr"
	"github.com/seed90475182/restspace/urlpattern"
)

type vector struct {
	Name        string
	Transform   json.RawMessage
	Input       json.RawMessage
	Expected    json.RawMessage
	Error       bool
	URL         string
	Variables   map[string]any
	MessageName string
}

// overruled are the rows that mean something else here, by number, and why.
func overruled() map[int]string {
	return map[int]string{
		25: "what an expression does to its input is lost: its value alone counts",
		39: "a value after the ? of a pattern is one component, and encoded",
		49: "?. is JavaScript",
		56: "in is JavaScript's: a name of a member, not a value of a list",
		57: "two expressions are not one",
		58: "a regular expression is JavaScript",
		59: "a number that JSON does not have is null, as JSON.stringify has it",
		70: "what is no list has no greatest element: null",
		82: "variables are set before the rest",
	}
}

func TestVectors(t *testing.T) {
	text, err := os.ReadFile("testdata/transform.json")
	require.NoError(t, err)
	var rows []vector
	require.NoError(t, json.Unmarshal(text, &rows))
	reasons := overruled()
	for i, row := range rows {
		t.Run(fmt.Sprintf("%d %s", i, row.Name), func(t *testing.T) {
			got, err := row.apply(t)
			want := string(row.Expected)
			switch {
			case row.Error:
				want = "error"
			case want == `{"$undefined": true}`:
				want = "undefined"
			}
			if reasons[i] != "" {
				assert.False(t, same(want, got, err), "it is listed, and passes: %s", reasons[i])
				return
			}
			assert.True(t, same(want, got, err), "%s\nof %s\nwant %s\n got %s %v", row.Transform, row.Input, want, got, err)
		})
	}
}

func same(want, got string, err error) bool {
	if want == "error" || err != nil {
		return want == "error" && err != nil
	}
	if want == "undefined" || got == "undefined" {
		return want == got
	}
	var a, b any
	return json.Unmarshal([]byte(want), &a) == nil && json.Unmarshal([]byte(got), &b) == nil && assert.ObjectsAreEqual(a, b)
}

func (row *vector) apply(t *testing.T) (string, error) {
	transform, err := expr.CompileTransform(row.Transform)
	if err != nil {
		return "", err
	}
	values := &urlpattern.Values{Name: row.MessageName}
	if row.URL != "" {
		url, err := urlpattern.ParseURL(row.URL)
		require.NoError(t, err)
		values.URL = &url
	}
	out, err := transform.Apply(context.Background(), &expr.Scope{
		Input:   row.Input,
		Pattern: values,
		Engine:  engine,
		Names:   func(name string) (any, bool) { v, ok := row.Variables[name]; return v, ok },
	})
	if out == nil {
		return "undefined", err
	}
	return string(out), err
}
