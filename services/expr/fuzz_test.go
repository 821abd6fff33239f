package expr_test

import (
	"context"
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/services/documents"
	"github.com/seed90475182/restspace/services/expr"
)

// Whatever is compiled is refused with an offset in it, or runs and ends.
func FuzzCompile(f *testing.F) {
	for _, source := range []string{"a", "a + 1", "l.map(x => x.n)", "`${a}`", "({a, ...b})", "/x/g.exec(a)", "expressionMap(l, '$.a')", "1) + (2", "((((", "a ? b : c", "'\\u{1F600}'"} {
		f.Add(source)
	}
	engine := new(expr.Engine)
	f.Fuzz(func(t *testing.T, source string) {
		e, err := expr.Compile(source)
		if err != nil {
			var syntax *expr.SyntaxError
			require.ErrorAs(t, err, &syntax)
			assert.LessOrEqual(t, syntax.Offset, len(source))
			assert.GreaterOrEqual(t, syntax.Offset, 0)
			return
		}
		raw, err := e.Eval(context.Background(), &expr.Scope{Input: []byte(`{"a":1,"b":{"c":[1,"x"]},"l":[{"a":1}]}`), Engine: engine})
		if err != nil {
			var told *bus.Error
			require.ErrorAs(t, err, &told)
			return
		}
		assert.True(t, raw == nil || json.Valid(raw), "%s", raw)
	})
}

// FuzzReads compares what is read in place with what the machine reads.
func FuzzReads(f *testing.F) {
	for _, path := range []string{"a", "$", "a.b", "a[0]", "a.length", "b['c']", "$.a.b.c[1].d", "a['0']", "a[0].length", "$[0]", "length"} {
		for _, doc := range []string{document, `[1, "é😀", null]`, `"text"`, `{"a": [{"b": {"c": [0, {"d": ""}]}}, "xyz"]}`, `{"a": {"0": 1, "length": 2, "": 3}}`, `{"a\u0062": 1, "a": {"b": 1e400}}`} {
			f.Add(path, doc)
		}
	}
	nested := `{"a": ` + strings.Repeat("[", 300) + strings.Repeat("]", 300) + `}`
	for _, path := range []string{"null", `\u0024`, "$v", "a<b", "Math.PI", "a[00]", `a['\ud800']`, "a['']", "a[-1]"} {
		for _, doc := range []string{nested, `{"null": 1, "PI": 2, "inputv": 3}`, `{"a": {"\ud800": 1, "\ufffd": 2}}`, `{"a": -0, "b": 1e400}`} {
			f.Add(path, doc)
		}
	}
	engine := new(expr.Engine)
	f.Fuzz(func(t *testing.T, path, doc string) {
		if documents.CheckJSON([]byte(doc)) != nil || strings.ContainsAny(path, "=>(){}`/+-*") {
			return
		}
		read, err := expr.Compile(path)
		if err != nil {
			return
		}
		computed, err := expr.Compile("(x => x)(" + path + "\n)")
		if err != nil {
			return
		}
		// The machine reads all of it from the whole input, not the path from the text.
		others := []*expr.Expr{computed}
		if source, ok := rooted(read, path); ok && strings.HasPrefix(strings.TrimSpace(doc), "{") { // names are members of an object only
			if whole, err := expr.Compile("(input => " + source + "\n)($)"); err == nil {
				others = append(others, whole)
			}
		}
		scope := &expr.Scope{Input: []byte(doc), Engine: engine}
		for _, other := range others {
			got, err := read.Eval(context.Background(), scope)
			if err != nil {
				return
			}
			want, err := other.Eval(context.Background(), scope)
			if isLimit(err) { // what is read in place has none
				return
			}
			require.NoError(t, err)
			assert.True(t, equal(want, got), "%s of %s: the machine %s, in place %s", path, doc, want, got)
			a, err := read.True(context.Background(), scope)
			require.NoError(t, err)
			b, err := other.True(context.Background(), scope)
			if isLimit(err) {
				return
			}
			require.NoError(t, err)
			assert.Equal(t, b, a, "the truth of %s", path)
		}
	})
}

// isLimit reports whether an evaluation was too long, which on a busy machine
// anything may be, or met what is nested too deep.
func isLimit(err error) bool {
	return err != nil && (strings.Contains(err.Error(), "longer than") || strings.Contains(err.Error(), "nested more than"))
}

// rooted makes the name that a path begins with a member of the parameter
// input; false where the source begins with something else, such as null.
func rooted(path *expr.Expr, source string) (string, bool) {
	source = strings.TrimSpace(source)
	name := regexp.MustCompile(`^[$\w\pL]+`).FindString(source)
	rest := source[len(name):]
	switch {
	case !path.Uses(name):
		return "", false
	case name == "$", name == "$this":
		return "input" + rest, true
	}
	return "input." + source, name[0] != '$'
}

// equal compares values as JavaScript has them: numbers are float64.
func equal(a, b []byte) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	var x, y any
	errA, errB := json.Unmarshal(a, &x), json.Unmarshal(b, &y)
	if errB != nil { // 1e400
		return true
	}
	return errA == nil && assert.ObjectsAreEqual(x, y)
}
