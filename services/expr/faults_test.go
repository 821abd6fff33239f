package expr_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/services/expr"
)

// All that is wrong in a transform is told at once, each where it stands.
func TestAllFaultsOfATransform(t *testing.T) {
	_, err := expr.CompileTransform([]byte(`{
		"a": "x +",
		"b/c": {"d": "1 + nope()", "e": "fine"},
		"l[": "x = 1",
		"$-v": "1",
		"n": ["1", "y++", ["parseInt()", "z ="]],
		"$": "a", ".": "b",
		"m": ["transformMap()", "l", {"a": "x ="}]
	}`))
	wrong, ok := err.(expr.TransformErrors)
	require.True(t, ok, "%T", err)
	var got []string
	for _, one := range wrong {
		got = append(got, fmt.Sprintf("%s %q %d", one.Pointer, one.Source, one.Offset))
	}
	assert.Equal(t, []string{
		`/a "x +" 3`, `/b~1c/d "1 + nope()" 4`, `/l[ "l[" 1`, `/l[ "x = 1" 0`, `/$-v "$-v" 0`, `/n/1 "y++" 0`, `/n/2/1 "z =" 3`,
		`/. "." 0`, `/m "transformMap((l\n), {\"a\": \"x =\"})" 19`,
	}, got)
	assert.Equal(t, len(wrong), 1+strings.Count(err.Error(), "\n"))
	var one *expr.TransformError
	require.ErrorAs(t, err, &one)
	assert.Equal(t, "/a", one.Pointer)
}

// What a transform makes of little is bounded, also where nothing is computed.
func TestLoopsAreBounded(t *testing.T) {
	list := "[" + strings.Repeat("1,", 1e4) + "1]"
	for transform, want := range map[string]string{
		`{"o": "l", "o[i]": [` + strings.Repeat("0,", 99) + `0]}`: "more than 1000000 elements",
		`{"o": "l", "o[i]": {` + keys(150) + `}}`:                 "more than 1000000 elements",
		`{"o": "l", "o[i].x": {"$v": ["l"], "y": "$v"}}`:          "read more than",
		`{"o": "l", "o[i].big": "l", "o[i].z": "1"}`:              "read more than",
	} {
		compiled, err := expr.CompileTransform([]byte(transform))
		require.NoError(t, err)
		_, err = compiled.Apply(t.Context(), &expr.Scope{Input: []byte(`{"l": ` + list + `}`), Engine: engine})
		assert.ErrorContains(t, err, want, transform)
	}
}

func keys(n int) string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprintf(`"k%d": 0`, i))
	}
	return strings.Join(all, ",")
}
