package expr_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/services/expr"
)

const document = `{"a": 1, "b": "hi", "c": {"x": 10, "l": [1, 2, 3]}, "n": null, "f": false, "big": 12345678901234567890,
	"arr": [{"k": "a", "v": 3}, {"k": "b", "v": 1}, {"k": "a", "v": 2}], "ü": "é", "smile": "a😀b", "keys": 7, "constructor": 8}`

// eval is the value in the document: "undefined" for none.
func eval(t *testing.T, source string) string {
	t.Helper()
	e, err := expr.Compile(source)
	require.NoError(t, err, source)
	raw, err := e.Eval(context.Background(), &expr.Scope{Input: []byte(document), Engine: engine})
	require.NoError(t, err, source)
	if raw == nil {
		return "undefined"
	}
	return string(raw)
}

var engine = new(expr.Engine)

func TestValues(t *testing.T) {
	for source, want := range map[string]string{
		"a": "1", "'x'": `"x"`, "null": "null", "undefined": "undefined", "12": "12", "true": "true", "$.a": "1", "$this.c.x": "10",
		"c.l[1]": "2", "c['x']": "10", "c.l.length": "3", "b.length": "2", "smile.length": "4", "b[0]": `"h"`, "nothing": "undefined",
		"nothing.at.all": "undefined", "n.x": "undefined", "a.x": "undefined", "big": "12345678901234567890", "$['ü']": `"é"`, "ü": `"é"`,
		"keys": "7", "$['constructor']": "8", "b.map": "undefined", "c.l.map": "undefined", "c?.x": "10",

		"a + 1": "2", "b + 1": `"hi1"`, "nothing + 1": "null", "b.toUpperCase()": `"HI"`, "a > 0 && b": `"hi"`, "[1, 2, a]": "[1,2,1]",
		"`v-${a}-${b}`": `"v-1-hi"`, "Math.max(1, a)": "1", "c.l.join('-')": `"1-2-3"`, "c.l.slice(1)": "[2,3]", "1 & 3": "1",
		"nothing.map(x => x)": "undefined", "nothing?.map(x => x)": "undefined", "arr.map(x => x.v * 2)": "[6,2,4]",
		"arr.filter(x => x.v > 1).map(({k, v = 9}) => `${k}${v}`)": `["a3","a2"]`, "arr.map((x, i) => [i, x.k])": `[[0,"a"],[1,"b"],[2,"a"]]`,
		"{a, x: 1, ['y' + 1]: 2, ...c}": `{"a":1,"x":10,"y1":2,"l":[1,2,3]}`, "[...c.l, ...'ab']": `[1,2,3,"a","b"]`,
		"'a,b,,c'.split(',')": `["a","b","","c"]`, "'aé😀'.split('')": `["a","é","😀"]`, "''.split(',')": `[""]`, "''.split('')": "[]",
		"'a,b,c'.split(',', 2)": `["a","b"]`, "'abc'.split()": `["abc"]`, "Object.keys([7, 8])": `["0","1"]`, "Object.entries('ab')": `[["0","a"],["1","b"]]`,
		"({...[7], ...'ab'})": `{"0":"a","1":"b"}`, "[1, -2].map(Math.abs)": "[1,2]", "Math.max(...c.l)": "3", "Math.PI > 3": "true",
		"parseFloat(' 12.5px')": "12.5", "'é'.normalize('NFD').length": "2", "canonicalise('Éa b-1', 3)": `"eab"`, "'b'.localeCompare('a')": "1",
		"stripHtml('a < b')": `"a < b"`, "formatDate(0, \"yyyy 'yyyy' é\")": `"1970 yyyy é"`, "Array(3).fill(0).keys === undefined": "true",
		"(x => x + 1)(2)": "3", "(x => y => x + y)(1)(2)": "3", "typeof b": `"string"`, "'a' in c": "false", "'x' in c": "true",
		"Infinity": "null", "1/0": "null", "-0": "0", "0.1 + 0.2": "0.30000000000000004", "1e21 + 1": "1e+21", "({}).x": "undefined",
		"c[b === 'hi' ? 'x' : 'y']": "10", "arr[a].k": `"b"`, "'abc'[1]": `"b"`, "(x => x)(c).x": "10", "[3,1,2].sort()": "[1,2,3]",
		"[10, 9, 1].sort()": "[1,10,9]", "[10, 9, 1].sort((a, b) => a - b)": "[1,9,10]", "[1,[2,[3]]].flat()": "[1,2,[3]]",
		"String([1,[2,3]])": `"1,2,3"`, "'a-b-c'.split('-')": `["a","b","c"]`, "'a1b22'.replace(/[0-9]+/g, x => '<' + x + '>')": `"a<1>b<22>"`,
		"'john smith'.replace(/(\\w+) (\\w+)/, '$2, $1 $$ $& $9')": `"smith, john $ john smith $9"`, "'aXbX'.replaceAll('X', '-')": `"a-b-"`,
		"'a1'.match(/[0-9]/)[0]": `"1"`, "/h./.test(b)": "true", "[...'a1b2'.matchAll(/[0-9]/g)].map(m => m[0])": `["1","2"]`,
		"'ab'.padStart(4, '*')": `"**ab"`, "'ab'.repeat(2)": `"abab"`, "Object.keys(c)": `["x","l"]`, "Object.entries({q: 1})": `[["q",1]]`,
		"Object.fromEntries([['__proto__', 1]])": `{"__proto__":1}`, "Array.from({length: 3}, (x, i) => i)": "[0,1,2]", "Array(2)": "[null,null]",
		"JSON.stringify(c)": `"{\"x\":10,\"l\":[1,2,3]}"`, "JSON.stringify([1], null, 2)": `"[\n  1\n]"`, "JSON.parse('{\"q\": [1]}').q": "[1]",
		"newDate(0)": `"1970-01-01T00:00:00.000Z"`, "formatDate(newDate(0), 'yyyy-MM-dd HH:mm:ss')": `"1970-01-01 00:00:00"`,
		"expressionMap(arr, 'v * a')": "[3,1,2]", "expressionMap([1, 2], '$ * 2')": "[2,4]", "arr.map(x => expressionMap([1], '$ + x.v'))": "[[4],[2],[3]]",
		"transformMap(arr, {'q': 'v + a', 'z': '$.k'})": `[{"q":4,"z":"a"},{"q":2,"z":"b"},{"q":3,"z":"a"}]`,
		"merge(c, {x: 1, y: {z: 1}}, {y: {w: 2}})":      `{"x":1,"l":[1,2,3],"y":{"z":1,"w":2}}`,
		"propsToList({p: {q: 1}}, 'id')":                `[{"q":1,"id":"p"}]`, "stripHtml('<b>x</b> y')": `"x y"`, "uuid().length": "36",
		"parseInt('12px')": "12", "c.l.at(-1)": "3", "arr.find(x => x.v === 99)": "undefined", "[1,2].map(String)": `["1","2"]`,
		"[{n: 1}].map(x => x.n)": "[1]", "c.keys": "undefined", "(x => x.keys)(c)": "undefined", "nothing.length": "undefined",
	} {
		assert.Equal(t, want, eval(t, source), source)
	}
}

func TestCompileRefuses(t *testing.T) {
	for source, want := range map[string]string{
		"":                               "offset 0: it ends too soon",
		"a b":                            "",
		"1) + (2":                        "",
		"1], [2":                         "",
		"a; b":                           "",
		"a, b":                           "several expressions",
		"x = 1":                          "assignment",
		"x += 1":                         "assignment",
		"x++":                            "changes a value",
		"delete a.b":                     "changes a value",
		"new Date()":                     "new makes objects",
		"class {}":                       "class",
		"function () {}":                 "function with a body",
		"x => { return 1 }":              "function with a body",
		"async x => 1":                   "",
		"async () => await 1":            "",
		"function* () { yield 1 }":       "function with a body",
		"this":                           "this does not exist",
		"import('x')":                    "",
		"eval('1')":                      "not known",
		"Function('1')":                  "not known",
		"globalThis":                     "globalThis does not exist",
		"Reflect.ownKeys(a)":             "",
		"new Proxy({}, {})":              "new makes",
		"Symbol.iterator":                "Symbol does not exist",
		"b.constructor":                  "constructor does not exist",
		"(x => x).constructor('1')":      "constructor",
		"a.__proto__":                    "__proto__ does not exist",
		"{__proto__: a}":                 "__proto__ does not exist",
		"{'__proto__': a}":               "__proto__ does not exist",
		"{get x() { return 1 }}":         "a property is a value",
		"{x() { return 1 }}":             "a property is a value",
		"1n":                             "BigInt",
		"String.raw`x`":                  "tagged template",
		"a`x`":                           "tagged template",
		"a instanceof b":                 "",
		"[,1]":                           "left out",
		"(...x) => x":                    "rest",
		"([a, ...b]) => a":               "rest",
		"({constructor}) => constructor": "",
		"({['constructor']: c}) => c":    "",
		"({map: c}) => c":                "",
		"b['repeat'](3)":                 "has a name",
		"b.toLocaleString()":             "not known",
		"x.call(1)":                      "not known",
		"[].map.apply(1)":                "not known",
		"Math":                           "is not a value",
		"Math.foo(1)":                    "Math.foo is not known",
		"Object.getPrototypeOf(a)":       "not known",
		"Object.defineProperty(a)":       "not known",
		"foo(1)":                         "foo is not known",
		"uniqe(1)":                       "not known",
		"tolowercase":                    "*",
		"b.tolowercase()":                "did you mean toLowerCase?",
		"expressionMap(arr, b)":          "written out in quotes",
		"expressionMap(arr, 'x =')":      "offset",
		"transformMap(arr, c)":           "written out",
		"/(?=a)/":                        "lookaround",
		`/(a)\1/`:                        "lookaround",
		"/(a{1000}){1000}/":              "",
		"/abc/def":                       "flag",
		"/[/":                            "not closed",
		"/[/.test(a)":                    "not closed",
		"a + /[a":                        "offset 4: the regular expression is not closed",
		"label: 1":                       "",
		"if (a) b":                       "",
		"'unterminated":                  "",
		"arguments":                      "arguments does not exist",
		"new.target":                     "",
	} {
		e, err := expr.Compile(source)
		if want == "*" {
			assert.NoError(t, err)
			continue
		}
		if !assert.Error(t, err, "%s", source) {
			_ = e
			continue
		}
		var syntax *expr.SyntaxError
		assert.ErrorAs(t, err, &syntax)
		assert.ErrorContains(t, err, want, source)
	}
}

func TestTransformsTellTheirVariables(t *testing.T) {
	transform, err := expr.CompileTransform([]byte(`{"$a": "n", "$b": "$a + 1", "x": {"$c": "5", "y": "$c"}}`))
	require.NoError(t, err)
	told := map[string]string{}
	_, err = transform.Apply(t.Context(), &expr.Scope{Input: []byte(`{"n":1}`), Set: func(name string, value expr.Raw) { told[name] = string(value) }})
	require.NoError(t, err)
	assert.Equal(t, "1", told["a"])
	assert.Equal(t, "2", told["b"])
}

func TestWhatIsNamed(t *testing.T) {
	e, err := expr.Compile("$v.a + expressionFilter(list, 'n > $w').length + (x => x)(1)")
	require.NoError(t, err)
	assert.Equal(t, []string{"$v", "$w", "list", "n"}, e.Names())
	made, err := expr.CompileTransform([]byte(`{"$a": "1", "b": {"$c": "$d"}, "l[i]": [{"$e": "1"}]}`))
	require.NoError(t, err)
	assert.ElementsMatch(t, []string{"a", "c", "e"}, made.Variables())
}
