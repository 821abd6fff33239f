package expr_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/bus"
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
		`/. "." 0`, `/m/2/a "x =" 3`,
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

// What is outside of a loop is looked for once: for each element these would
// take minutes.
func TestLoopsReadWhatIsOutsideOnce(t *testing.T) {
	input := []byte(`{"l": [` + strings.Repeat("1,", 1e5-1) + `1], "text": "` + strings.Repeat("x", 8<<20) + `", "last": {"x": 1}}`)
	names := func(name string) (any, bool) { return expr.Raw(input), name == "named" }
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for transform, want := range map[string]string{
		`{"o": "l", "o[i]": "last.x"}`:                      "1",
		`{"o": "l", "o[i]": "outer.last.x"}`:                "1",
		`{"o": "l", "o[i]": "named.last.x"}`:                "1",
		`{"$v": "$", "o": "l", "o[i]": "$v.last.x"}`:        "1",
		`{"$v": "$", "o": "l", "o[i]": {"$": "last.x"}}`:    "1",
		`{"o": "l", "o[i]": {"$v": "last.x", "$": "$v"}}`:   "1",
		`{"o": "l", "o[i]": {"a": "none", "$": "outer.n"}}`: "",
	} {
		compiled, err := expr.CompileTransform([]byte(transform))
		require.NoError(t, err)
		out, err := compiled.Apply(ctx, &expr.Scope{Input: input, Names: names, Engine: engine})
		require.NoError(t, err, transform)
		if want != "" {
			assert.Equal(t, 1e5, float64(strings.Count(string(out), want)), transform)
		}
	}
}

// What is the same for all elements is read once, what is not for each.
func TestLoopsInLoopsReadTheirOwn(t *testing.T) {
	compiled, err := expr.CompileTransform([]byte(`{"o": "l", "o[i].m[j]": "[a, b, i.value.a, i.index, j.index]"}`))
	require.NoError(t, err)
	out, err := compiled.Apply(t.Context(), &expr.Scope{Input: []byte(`{"l": [{"a": 1, "m": [{}, {"b": 2}]}, {"a": 3, "m": [{"a": 4}]}], "b": 5}`), Engine: engine})
	require.NoError(t, err)
	assert.Equal(t, `{"o":[{"a":1,"m":[[1,5,1,0,0],[1,2,1,0,1]]},{"a":3,"m":[[4,5,3,1,0]]}]}`, string(out))

	compiled, err = expr.CompileTransform([]byte(`{"o": "l", "o[i].m[j]": {"$": "a", "$v": "b"}}`)) // read in place
	require.NoError(t, err)
	out, err = compiled.Apply(t.Context(), &expr.Scope{Input: []byte(`{"l": [{"a": 1, "m": [{}, {"a": 2}]}, {"a": 3, "m": [{}]}], "b": 5}`), Engine: engine})
	require.NoError(t, err)
	assert.Equal(t, `{"o":[{"a":1,"m":[1,2]},{"a":3,"m":[3]}]}`, string(out))
}

// Expressions that are short, but many, end together.
func TestTimeOfATransform(t *testing.T) {
	compiled, err := expr.CompileTransform([]byte(`{"o": "l", "o[i]": "m[i.index]"}`))
	require.NoError(t, err)
	ones := func(n int) string { return "[" + strings.Repeat("1,", n-1) + "1]" }
	_, err = compiled.Apply(t.Context(), &expr.Scope{Input: []byte(`{"l": ` + ones(2e5) + `, "m": ` + ones(1000) + `}`), Engine: engine})
	var told *bus.Error
	require.ErrorAs(t, err, &told)
	assert.Equal(t, 422, told.Status)
	const one = `it takes longer than 50ms` // on a busy machine
	assert.Regexp(t, `^/o\[i\]: expression "m\[i\.index\]": (with those before it, it takes longer than 500ms: a transform computes no longer|`+one+`)$`, told.Detail)
}

func TestExpressionsOfATransformAreCounted(t *testing.T) {
	list := func(n int, of string) []byte { return []byte(`{"a": [` + strings.Repeat(of+",", n-1) + of + `]}`) }
	for _, fine := range [][]byte{list(1000, `"1"`), list(5000, `1`), list(500, `["parseInt()", "1"]`), list(1000, `["literal()", "1"]`)} {
		_, err := expr.CompileTransform(fine)
		require.NoError(t, err)
	}
	for want, many := range map[string][]byte{
		`/a/1000: "1", offset 0: a transform of more than 1000 expressions: divide it`:  list(1e5, `"1"`),
		`/a/500/1: "1", offset 0: a transform of more than 1000 expressions: divide it`: list(5000, `["Array()", "1", "2"]`),
	} {
		_, err := expr.CompileTransform(many)
		assert.EqualError(t, err, want)
	}
}

// Errors of a call quote the list, and not what it is compiled to.
func TestFaultsOfCalls(t *testing.T) {
	for transform, want := range map[string]string{
		`{"a": ["expressionMap()", "l"]}`:                                         `/a: "[\"expressionMap()\", \"l\"]", offset 0: expressionMap needs 2 arguments`,
		`{"a": ["expressionMap()", "l", 5]}`:                                      `/a: "[\"expressionMap()\", \"l\", 5]", offset 0: an expression that expressionMap applies is written out in quotes, so that data is never code`,
		`{"a": ["expressionMap()", "l", "x ="]}`:                                  `/a/2: "x =", offset 3: it ends too soon, or does not end as an expression: write one whole expression`,
		`{"a": ["merge()", ["expressionMap()", "l", "$ ++"]]}`:                    `/a/1/2: "$ ++", offset 0: ++ changes a value: an expression only computes one`,
		`{"a": ["transformMap()", "l", {"b": ["1", "n", "y = 1"]}]}`:              `/a/2/b/2: "y = 1", offset 0: an assignment: an expression only computes a value (== compares)`,
		`{"a": ["Array()", ["transformMap()", "l", {"b": "x("}]]}`:                `/a/1/2/b: "x(", offset 2: it ends too soon, or does not end as an expression: write one whole expression`,
		`{"a": ["Array()", "transformMap(l, 0n)", ["transformMap()", "l", 1]]}`:   `/a/1: "transformMap(l, 0n)", offset 16: the transform that transformMap applies is written out, so that data is never code`,
		`{"a": ["transformMap()", "l", {"b": ["transformMap()", "l", ["a b"]]}]}`: `/a/2/b/2/0: "a b", offset 2: unexpected identifier: write one JavaScript expression`,
	} {
		_, err := expr.CompileTransform([]byte(transform))
		assert.EqualError(t, err, want, transform)
	}
	compiled, err := expr.CompileTransform([]byte(`{"a": {"b": ["parseJson()", "'{'"]}}`))
	require.NoError(t, err)
	_, err = compiled.Apply(t.Context(), &expr.Scope{Engine: engine})
	assert.ErrorContains(t, err, `/a/b: call "[\"parseJson()\", \"'{'\"]": the text is no JSON`)
}

// A transform inside another is compiled once: it would be twice for each.
func TestDeepCalls(t *testing.T) {
	const deep = 60
	_, err := expr.CompileTransform([]byte(strings.Repeat(`["transformMap()", "l", {"a": `, deep) + `"$"` + strings.Repeat(`}]`, deep)))
	require.NoError(t, err)
	_, err = expr.CompileTransform([]byte(strings.Repeat(`["transformMap()", "l", {"a": `, deep) + `"$ +"` + strings.Repeat(`}]`, deep)))
	require.ErrorContains(t, err, `"$ +", offset 3`)
}

// What reads the input by itself makes no values of it.
func TestPathsOfALargeInput(t *testing.T) {
	input := []byte(`{"text": "` + strings.Repeat("x", 9<<20) + `", "a": {"b": [1, {"c": 2}]}, "l": [{"a": {"b": 3}}]}`)
	for source, want := range map[string]string{
		"path('a.b[1].c')": "2", "pathPattern('/x/${a.b[0]}')": `"/x/1"`, "[1].map(() => path('a.b[0]'))": "[1]",
		"expressionMap(l, \"path('a.b')\")": "[3]", "expressionMap(l, \"pathPattern('/${a.b}')\")": `["/3"]`, "transformMap(l, {'x': \"path('a.b')\"})": `[{"x":3}]`,
		"path('b[0]', a)": "1", "path('b', undefined)": "undefined", "path(...['b[0]', a])": "1",
	} {
		e, err := expr.Compile(source)
		require.NoError(t, err, source)
		out, err := e.Eval(t.Context(), &expr.Scope{Input: input, Engine: engine})
		require.NoError(t, err, source)
		if out == nil {
			out = expr.Raw("undefined")
		}
		assert.Equal(t, want, string(out), source)
	}
	e, err := expr.Compile("path('a')")
	require.NoError(t, err)
	assert.True(t, e.Uses("$"))
}
