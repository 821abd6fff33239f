package expr_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/services/expr"
)

const order = `{"n":2,"l":[3,1,2],"o":{"b":{"n":5},"a":{"n":6}},"rows":[{"n":7,"k":"x"},{"k":"y"}],"big":12345678901234567890,"huge":1e400,"zero":-0,"i":1,"s":"text"}`

// TestKeys is what each form on the left of a transform sets, at its edges.
func TestKeys(t *testing.T) {
	for _, row := range []struct{ name, transform, want string }{
		{"no keys", `{}`, `{}`},
		{"numbers keep their digits", `{"a": "big", "b": "huge", "c": "zero", "d": 1e400, "e": -0}`, `{"a":12345678901234567890,"b":1e400,"c":-0,"d":1e400,"e":-0}`},
		{"keys keep their order", `{"z": "1", "10": "2", "a": "3", "2": "4"}`, `{"z":1,"10":2,"a":3,"2":4}`},

		{"$ alone", `{"$": "l"}`, `[3,1,2]`},
		{"$ first, wherever it stands", `{"n": "9", "$": "o", "a.n": "1"}`, `{"b":{"n":5},"a":{"n":1},"n":9}`},
		{"$ in $", `{"$": {"$": "o.a"}}`, `{"n":6}`},
		{"$ is undefined", `{"$": "none"}`, `undefined`},
		{"$ is undefined, then a key", `{"$": "none", "a": "1"}`, `{"a":1}`},
		{"$ is a text, then a key", `{"$": "s", "a": "1"}`, `{"a":1}`},
		{"$ is a list, then an element", `{"$": "l", "[0]": "9"}`, `[9,1,2]`},
		{"$this", `{"$this": "o.a"}`, `{"n":6}`},
		{".", `{".": "o.a"}`, `{"n":6}`},
		{"$ inside", `{"x": {"$": "o.a", "m": "n"}}`, `{"x":{"n":6,"m":2}}`},

		{"$v", `{"a": "$v + 1", "$v": "n * 2"}`, `{"a":5}`},
		{"$v of the one before", `{"$v": "n", "$w": "$v + 1", "a": "$w"}`, `{"a":3}`},
		{"$v of one behind", `{"$w": "$v", "$v": "n", "a": "[$w, $v]"}`, `{"a":[null,2]}`},
		{"$v is undefined", `{"$v": "none", "a": "$v", "b": "$v === undefined"}`, `{"b":true}`},
		{"$v inside hides that outside", `{"$v": "1", "x": {"$v": "2", "a": "$v"}, "b": "$v"}`, `{"x":{"a":2},"b":1}`},
		{"$v inside is not outside", `{"x": {"$v": "2"}, "b": "$v"}`, `{"x":{}}`},
		{"$v of an object", `{"$v": {"p": "n"}, "a": "$v.p"}`, `{"a":2}`},
		{"$v in $", `{"$v": "o", "$": "$v.a"}`, `{"n":6}`},
		{"$v in a loop", `{"a": "rows", "a[r]": {"$v": "n", "$": "$", "m": "$v"}}`, `{"a":[{"n":7,"k":"x","m":7},{"k":"y","m":2}]}`},
		{"$v is no member", `{"$n": "5", "a": "n"}`, `{"a":2}`},

		{"$$k", `{"$$k": "n"}`, `{"$k":2}`},
		{"$$", `{"$$": "n"}`, `{"$$":2}`},
		{"$$k.a", `{"$$k.a": "n"}`, `{"$k":{"a":2}}`},
		{"$$ and a variable", `{"$k": "1", "$$k": "$k"}`, `{"$k":1}`},

		{"a.b", `{"a.b": "n", "a.c": "1"}`, `{"a":{"b":2,"c":1}}`},
		{"a.b.c", `{"a.b.c": "n"}`, `{"a":{"b":{"c":2}}}`},
		{"a.b of a number", `{"a": "n", "a.b": "1"}`, `{"a":{"b":1}}`},
		{"a, then it whole", `{"a.b": "n", "a": "1"}`, `{"a":1}`},
		{"a.b of what is there", `{"$": "$", "o.a.m": "1", "o.b": "undefined"}`, `{"n":2,"l":[3,1,2],"o":{"a":{"n":6,"m":1}},"rows":[{"n":7,"k":"x"},{"k":"y"}],"big":12345678901234567890,"huge":1e400,"zero":-0,"i":1,"s":"text"}`},
		{`["a.b"]`, `{"[\"a.b\"]": "n"}`, `{"a.b":2}`},
		{`[""]`, `{"[\"\"]": "n"}`, `{"":2}`},
		{`x["a.b"].c`, `{"x[\"a.b\"].c": "n"}`, `{"x":{"a.b":{"c":2}}}`},
		{"__proto__ is a name", `{"__proto__": "n", "constructor.x": "1"}`, `{"__proto__":2,"constructor":{"x":1}}`},

		{"l[0]", `{"l": "l", "l[0]": "9"}`, `{"l":[9,1,2]}`},
		{"l[3] is the next", `{"l": "l", "l[3]": "9"}`, `{"l":[3,1,2,9]}`},
		{"l[5] leaves two out", `{"l": "l", "l[5]": "9"}`, `{"l":[3,1,2,null,null,9]}`},
		{"l[1] is undefined", `{"l": "l", "l[1]": "undefined"}`, `{"l":[3,2]}`},
		{"l[9] is undefined", `{"l": "l", "l[9]": "undefined"}`, `{"l":[3,1,2]}`},
		{"l[1] of nothing", `{"x[1]": "9"}`, `{"x":{"1":9}}`},
		{"l[1].a", `{"l": "rows", "l[1].n": "9"}`, `{"l":[{"n":7,"k":"x"},{"k":"y","n":9}]}`},
		{"a member of a list", `{"l": "l", "l.x": "9"}`, `error: write the position`},
		{"l[1002] is too far", `{"l": "l", "l[1004]": "9"}`, `error: elements`},

		{"l[i]", `{"l": "l", "l[i]": "$ * n"}`, `{"l":[6,2,4]}`},
		{"l[i] of what is read", `{"l": "rows", "l[i]": "n"}`, `{"l":[7,2]}`},
		{"l[i] where, and what", `{"l": "l", "l[i]": "[i.index, i.value, i]"}`, `{"l":[[0,3,{"index":0,"value":3}],[1,1,{"index":1,"value":1}],[2,2,{"index":2,"value":2}]]}`},
		{"l[i] outer", `{"l": "l", "l[i]": "outer.n + $"}`, `{"l":[5,3,4]}`},
		{"l[i] some are undefined", `{"l": "l", "l[i]": "$ > 1 ? $ : undefined"}`, `{"l":[3,2]}`},
		{"l[i] all are undefined", `{"l": "l", "l[i]": "undefined"}`, `{"l":[]}`},
		{"l[i] of an empty list", `{"l": "[]", "l[i]": "1"}`, `{"l":[]}`},
		{"l[i] of an object is a list", `{"l": "o", "l[i]": "n"}`, `{"l":[5,6]}`},
		{"l[i] of a text", `{"l": "s", "l[i]": "1"}`, `{"l":"text"}`},
		{"l[i] of nothing", `{"l[i]": "1"}`, `{}`},
		{"l[i].a", `{"l": "rows", "l[r].m": "r.index"}`, `{"l":[{"n":7,"k":"x","m":0},{"k":"y","m":1}]}`},
		{"l[i].a is undefined", `{"l": "rows", "l[r].k": "undefined"}`, `{"l":[{"n":7},{}]}`},
		{"l[i].a of numbers", `{"l": "l", "l[i].v": "i.value"}`, `{"l":[{"v":3},{"v":1},{"v":2}]}`},
		{"l[i][j]", `{"l": "[[1, 2], [], [3]]", "l[i][j]": "$ + i.index * 10 + j.index"}`, `{"l":[[1,3],[],[23]]}`},
		{"l[i] twice the same name", `{"l": "[[1], [2]]", "l[i][i]": "i.index"}`, `{"l":[[0],[0]]}`},
		{"a name of a loop before a member", `{"l": "l", "l[n]": "n.index"}`, `{"l":[0,1,2]}`},
		{"[i] of the whole", `{"$": "l", "[i]": "$ + 1"}`, `[4,2,3]`},

		{"o{p}", `{"o": "o", "o{p}": "n"}`, `{"o":{"b":5,"a":6}}`},
		{"o{p} where, and what", `{"o": "o", "o{p}": "[p.key, p.value.n]"}`, `{"o":{"b":["b",5],"a":["a",6]}}`},
		{"o{p} some are undefined", `{"o": "o", "o{p}": "n > 5 ? n : undefined"}`, `{"o":{"a":6}}`},
		{"o{p} of a list", `{"o": "l", "o{p}": "1"}`, `{"o":[3,1,2]}`},
		{"o{p} of nothing", `{"o{p}": "1"}`, `{}`},
		{"o{p}.a", `{"o": "o", "o{p}.k": "p.key"}`, `{"o":{"b":{"n":5,"k":"b"},"a":{"n":6,"k":"a"}}}`},
		{"o{p} does not change what is copied", `{"x": "o", "y": "o", "x{p}": "1"}`, `{"x":{"b":1,"a":1},"y":{"b":{"n":5},"a":{"n":6}}}`},

		{"undefined is left out", `{"a": "none", "b": "undefined", "c": "null"}`, `{"c":null}`},
		{"undefined in a list", `["none", "1"]`, `[null,1]`},
		{"undefined deletes what is there", `{"$": "o", "b": "undefined"}`, `{"a":{"n":6}}`},
		{"undefined deletes inside", `{"$": "o", "b.n": "undefined"}`, `{"b":{},"a":{"n":6}}`},
		{"undefined of what is not there", `{"$": "o", "c": "undefined"}`, `{"b":{"n":5},"a":{"n":6}}`},
		{"undefined inside what is not there", `{"a.b": "undefined"}`, `{}`},
		{"set, then undefined", `{"a.b": "1", "a": "undefined", "c": "2"}`, `{"c":2}`},

		{"a call", `["parseInt()", "'12px'"]`, `12`},
		{"a call without arguments", `["Array()"]`, `[]`},
		{"a call in a call", `["Array()", ["parseInt()", "'7'"], "n"]`, `[7,2]`},
		{"a call with a list", `["unique()", ["n", "2", 2, ["1 + 1"]]]`, `[2,[2]]`},
		{"a call with an expression", `["expressionMap()", "rows", "n"]`, `[7,2]`},
		{"a call with a transform", `["transformMap()", "l", {"a": "$", "b": ["literal()", {"x": "n"}]}]`, `[{"a":3,"b":{"x":"n"}},{"a":1,"b":{"x":"n"}},{"a":2,"b":{"x":"n"}}]`},
		{"transforms in one another", `["transformMap()", "l", {"a": ["transformMap()", "[1]", {"b": "$ + n"}]}]`, `[{"a":[{"b":3}]},{"a":[{"b":3}]},{"a":[{"b":3}]}]`},
		{"two transforms", `["Array()", ["transformMap()", "l", {"a": "$"}], ["transformMap()", "l", ["$"]]]`, `[[{"a":3},{"a":1},{"a":2}],[[3],[1],[2]]]`},
		{"a transform in quotes beside", `["Array()", "transformMap([1], 7)", ["transformMap()", "[1]", "8"]]`, `[[7],[8]]`},
		{"literal", `["literal()", {"a": "n", "b": [1e400, -0]}]`, `{"a": "n", "b": [1e400, -0]}`},
		{"no call", `["nope()", "n"]`, `error: nope is not known`},
		{"an object is not an argument", `["merge()", {"a": "1"}]`, `error: literal()`},
	} {
		compiled, err := expr.CompileTransform([]byte(row.transform))
		got := "undefined"
		if err == nil {
			var out []byte
			if out, err = compiled.Apply(t.Context(), &expr.Scope{Input: []byte(order), Engine: engine}); out != nil {
				got = string(out)
			}
		}
		if want, isError := cutError(row.want); isError {
			assert.ErrorContains(t, err, want, row.name)
			continue
		}
		if assert.NoError(t, err, row.name) {
			assert.Equal(t, row.want, got, row.name)
		}
	}
}

func cutError(want string) (string, bool) { return strings.CutPrefix(want, "error: ") }

// What is no key is refused, with its place.
func TestKeysThatAreNone(t *testing.T) {
	for key, offset := range map[string]int{
		"": 0, "a.": 2, "a..b": 2, "a[": 1, "a]": 1, "a{": 1, "a}": 1, "a[b c]": 1, "a{1}": 1, "a[-1]": 1, "a[01]": 1, "a[]": 1, `a["b`: 1, "$-v": 0, "$v.a": 0, "l[i": 1,
	} {
		_, err := expr.CompileTransform([]byte(`{` + strconv.Quote(key) + `: "1"}`))
		var told *expr.TransformError
		if assert.ErrorAs(t, err, &told, key) {
			assert.Equal(t, key, told.Source)
			assert.Equal(t, offset, told.Offset, key)
		}
	}
	for _, twice := range []string{`{"a": "1", "a": "2"}`, `{"$": "1", ".": "2"}`} {
		_, err := expr.CompileTransform([]byte(twice))
		require.Error(t, err)
	}
}
