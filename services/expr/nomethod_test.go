package expr_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/services/expr"
)

func TestMethodsOfOthers(t *testing.T) {
	for source, want := range map[string]string{
		"t.reduce((a, b) => a + b)": "at offset 8: reduce is a method of lists, and what is before it is something else",
		"l.trim()":                  "trim is a method of texts, and what is before it is something else",
		"n.slice(1)":                "slice is a method of lists and texts, and what is before it is something else",
	} {
		e, err := expr.Compile(source)
		require.NoError(t, err)
		_, err = e.Eval(t.Context(), &expr.Scope{Input: []byte(`{"t": "abc", "n": 5, "l": [1]}`), Engine: engine})
		assert.ErrorContains(t, err, want, source)
	}
}
