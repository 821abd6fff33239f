package expr_test

import (
	"context"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/services/expr"
)

// Each way to what an expression may not have is refused, or ends at a value
// that is harmless: undefined, where JavaScript has a constructor.
func TestEscapes(t *testing.T) {
	text, err := os.ReadFile("testdata/escapes.txt")
	require.NoError(t, err)
	n := 0
	for line := range strings.Lines(string(text)) {
		source, want, ok := strings.Cut(strings.TrimSpace(line), " ## ")
		if !ok {
			continue
		}
		n++
		assert.Equal(t, want, outcome(strings.TrimSpace(source)), source)
	}
	assert.Greater(t, n, 200)
}

func outcome(source string) string {
	e, err := expr.Compile(source)
	if err != nil {
		return "refused"
	}
	out, err := e.Eval(context.Background(), &expr.Scope{Input: []byte(`{"a": 1}`), Engine: engine})
	switch {
	case err != nil:
		return "fails"
	case out == nil:
		return "undefined"
	}
	return string(out)
}
