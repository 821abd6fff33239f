package expr_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/services/expr"
)

// A source as long as it may be, of one thing in itself, is refused or runs: it
// does not take the process with it.
func TestDeepSources(t *testing.T) {
	for _, part := range [][2]string{
		{"- ", ""}, {"typeof ", ""}, {"x=>", ""}, {"a.b.", ""}, {"a+", ""}, {"a?.b?.", ""}, {"a**", ""}, {"a??", ""}, {"a?a:", ""},
		{"(", ")"}, {"[", "]"}, {"({x:", "})"}, {"f=>[", "]"}, {"`${", "}`"}, {"[...", "]"}, {"!", ""}, {"a(", ")"}, {"a[", "]"}, {"a.map(x=>", ")"},
		{"expressionMap(a, '", "')"}, {"({x=", "})=>x"}, {"([x=", "])=>x"}, {"(x=", ")=>x"}, {"/(", ")/"}, {"a&&", ""}, {"<!--", ""}, {"/*", "*/"},
	} {
		for _, n := range []int{5, 20, 60, 190, 1 << 12} {
			n = min(n, (8<<10)/(len(part[0])+len(part[1]))-1)
			e, err := expr.Compile(strings.Repeat(part[0], n) + "a" + strings.Repeat(part[1], n))
			if err != nil {
				continue
			}
			_, err = e.Eval(context.Background(), &expr.Scope{Input: []byte(`{"a": 1}`), Engine: engine})
			if err != nil {
				require.ErrorContains(t, err, "expression")
			}
		}
	}
}
