package documents_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/seed90475182/restspace/adaptors/memstore"
	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/services/documents"
)

// jsonPatch applies a JSON patch to what is at a path.
func (c *client) jsonPatch(path, patch string) answer {
	c.t.Helper()
	return c.do("PATCH", path, bus.NewBody([]byte(patch), "application/json-patch+json"))
}

// TestJSONPatchExamples holds the examples of RFC 6902 appendix A, in its order.
func TestJSONPatchExamples(t *testing.T) {
	c := newClient(t, memstore.New(), true)
	for i, row := range []struct{ document, patch, want string }{
		{`{"foo":"bar"}`, `[{"op":"add","path":"/baz","value":"qux"}]`, `{"foo":"bar","baz":"qux"}`},
		{`{"foo":["bar","baz"]}`, `[{"op":"add","path":"/foo/1","value":"qux"}]`, `{"foo":["bar","qux","baz"]}`},
		{`{"baz":"qux","foo":"bar"}`, `[{"op":"remove","path":"/baz"}]`, `{"foo":"bar"}`},
		{`{"foo":["bar","qux","baz"]}`, `[{"op":"remove","path":"/foo/1"}]`, `{"foo":["bar","baz"]}`},
		{`{"baz":"qux","foo":"bar"}`, `[{"op":"replace","path":"/baz","value":"boo"}]`, `{"baz":"boo","foo":"bar"}`},
		{
			`{"foo":{"bar":"baz","waldo":"fred"},"qux":{"corge":"grault"}}`,
			`[{"op":"move","from":"/foo/waldo","path":"/qux/thud"}]`,
			`{"foo":{"bar":"baz"},"qux":{"corge":"grault","thud":"fred"}}`,
		},
		{`{"foo":["all","grass","cows","eat"]}`, `[{"op":"move","from":"/foo/1","path":"/foo/3"}]`, `{"foo":["all","cows","eat","grass"]}`},
		{
			`{"baz":"qux","foo":["a",2,"c"]}`,
			`[{"op":"test","path":"/baz","value":"qux"},{"op":"test","path":"/foo/1","value":2}]`,
			`{"baz":"qux","foo":["a",2,"c"]}`,
		},
		{`{"baz":"qux"}`, `[{"op":"test","path":"/baz","value":"bar"}]`, ``},
		{`{"foo":"bar"}`, `[{"op":"add","path":"/child","value":{"grandchild":{}}}]`, `{"foo":"bar","child":{"grandchild":{}}}`},
		{`{"foo":"bar"}`, `[{"op":"add","path":"/baz","value":"qux","xyz":123}]`, `{"foo":"bar","baz":"qux"}`},
		{`{"foo":"bar"}`, `[{"op":"add","path":"/baz/bat","value":"qux"}]`, ``},
		{`{"foo":"bar"}`, `[{"op":"add","path":"/baz","value":"qux","op":"remove"}]`, ``},
		{`{"/":9,"~1":10}`, `[{"op":"test","path":"/~01","value":10}]`, `{"/":9,"~1":10}`},
		{`{"/":9,"~1":10}`, `[{"op":"test","path":"/~01","value":"10"}]`, ``},
		{`{"foo":["bar"]}`, `[{"op":"add","path":"/foo/-","value":["abc","def"]}]`, `{"foo":["bar",["abc","def"]]}`},
	} {
		c.put("/x", row.document)
		a := c.jsonPatch("/x", row.patch)
		if row.want == "" {
			assert.Contains(t, []int{400, 409}, a.status, "A.%d", i+1)
			row.want = row.document
		} else {
			assert.Equal(t, 200, a.status, "A.%d: %v", i+1, a.err)
		}
		assert.Equal(t, row.want, c.get("/x").body, "A.%d", i+1)
	}
}

func TestJSONPatch(t *testing.T) {
	c := newClient(t, memstore.New(), true)
	for _, row := range []struct{ document, patch, want string }{
		{` { "a" : 1 } `, `[]`, ` { "a" : 1 } `},
		{`[]`, `[{"op":"add","path":"/0","value":1},{"op":"add","path":"/-","value":3},{"op":"add","path":"/1","value":2}]`, `[1,2,3]`},
		{`{"a":null}`, `[{"op":"add","path":"/a","value":1}]`, `{"a":1}`},
		{`{"a":1,"b":2}`, `[{"op":"add","path":"/a","value":null}]`, `{"a":null,"b":2}`},
		{`{"a":null}`, `[{"op":"move","from":"/a","path":"/b"},{"op":"copy","from":"/b","path":"/c"}]`, `{"b":null,"c":null}`},
		{`{"a":1,"b":2}`, `[{"op":"remove","path":"/a"},{"op":"add","path":"/a","value":3}]`, `{"b":2,"a":3}`},
		{`{"0":1}`, `[{"op":"replace","path":"/0","value":2},{"op":"add","path":"/01","value":3},{"op":"add","path":"/-","value":4}]`, `{"0":2,"01":3,"-":4}`},
		{`[1,2,[3,[4,5]]]`, `[{"op":"add","path":"/2/1/-","value":{"a":[]}},{"op":"add","path":"/2/1/2/a/0","value":6}]`, `[1,2,[3,[4,5,{"a":[6]}]]]`},
		{`[1,2,3,4]`, `[{"op":"remove","path":"/1"},{"op":"remove","path":"/2"}]`, `[1,3]`},

		{`{"1e0":1,"foo":2}`, `[{"op":"test","path":"/1e0","value":1},{"op":"add","path":"/FOO","value":3}]`, `{"1e0":1,"foo":2,"FOO":3}`},

		// The whole document, also one that is neither object nor list.
		{`"a"`, `[{"op":"replace","path":"","value":"b"}]`, `"b"`},
		{`{"a":1}`, `[{"op":"add","path":"","value":[]},{"op":"add","path":"/0","value":7}]`, `[7]`},
		{`[1]`, `[{"op":"replace","path":"","value":null},{"op":"test","path":"","value":null}]`, `null`},
		{`{"a":{"b":1}}`, `[{"op":"move","from":"/a","path":""}]`, `{"b":1}`},
		{`{"a":{"b":1},"c":2}`, `[{"op":"copy","from":"/a","path":""},{"op":"replace","path":"/b","value":2}]`, `{"b":2}`},
		{`{"a":1}`, `[{"op":"replace","path":"/a","value":2},{"op":"copy","from":"","path":"/b"},{"op":"replace","path":"/b/a","value":3}]`, `{"a":2,"b":{"a":3}}`},

		// A copy and its source have nothing in common any more.
		{`{"a":[1]}`, `[{"op":"copy","from":"/a","path":"/b"},{"op":"add","path":"/b/-","value":2},{"op":"add","path":"/a/0","value":0}]`, `{"a":[0,1],"b":[1,2]}`},
		{`{"a":[1]}`, `[{"op":"move","from":"/a","path":"/b"},{"op":"add","path":"/a","value":[]},{"op":"add","path":"/b/-","value":2}]`, `{"b":[1,2],"a":[]}`},
		{`{"a":1,"b":[2]}`, `[{"op":"move","from":"/a","path":"/a"},{"op":"move","from":"/b/0","path":"/b/0"},{"op":"move","from":"","path":""}]`, `{"a":1,"b":[2]}`},
		{`["a","b","c"]`, `[{"op":"move","from":"/0","path":"/-"},{"op":"move","from":"/1","path":"/0"}]`, `["c","b","a"]`},

		// Names of all sorts, the empty one too.
		{`{"":1,"a":{"":{"":2}}}`, `[{"op":"test","path":"/","value":1},{"op":"replace","path":"/a//","value":3},{"op":"copy","from":"/","path":"/b"}]`, `{"":1,"a":{"":{"":3}},"b":1}`},
		{`{"a/b":1,"m~n":2," ":3}`, `[{"op":"remove","path":"/a~1b"},{"op":"test","path":"/m~0n","value":2},{"op":"add","path":"/ ","value":4},{"op":"add","path":"/~01~10","value":5}]`, `{"m~n":2," ":4,"~1/0":5}`},
		{`{"é":1}`, `[{"op":"test","path":"/\u00e9","value":1},{"op":"add","path":"/\"\\\u0001😀","value":2}]`, `{"é":1,"\"\\\u0001😀":2}`},

		// What is not touched keeps its bytes.
		{
			`{"big":9007199254740993,"money":1.10,"tiny":1e-400,"\u00e9":"\u00e9 < > & \u2028 \/","o":{ "x" : [ 1 , 2 ] },"z":-0}`,
			`[{"op":"add","path":"/new","value":{ "n" : 1.10 }},{"op":"test","path":"/o/x/1","value":2},{"op":"remove","path":"/z"}]`,
			`{"big":9007199254740993,"money":1.10,"tiny":1e-400,"\u00e9":"\u00e9 < > & \u2028 \/","o":{ "x" : [ 1 , 2 ] },"new":{ "n" : 1.10 }}`,
		},
		{`[{"\u0061" : 1.0 },{ "b":2}]`, `[{"op":"replace","path":"/1/b","value":3.0}]`, `[{"\u0061" : 1.0 },{"b":3.0}]`},
	} {
		c.put("/x", row.document)
		a := c.jsonPatch("/x", row.patch)
		assert.Equal(t, 200, a.status, "%s: %v", row.patch, a.err)
		assert.Equal(t, row.want, c.get("/x").body, row.patch)
	}
}

func TestJSONPatchTests(t *testing.T) {
	c := newClient(t, memstore.New(), true)
	big := "1" + strings.Repeat("0", 900)
	for _, row := range []struct {
		there, value string
		same         bool
	}{
		{`1.10`, `1.1`, true},
		{`110e-2`, `1.1`, true},
		{`1100`, `11E+2`, true},
		{`0.0011`, `11e-4`, true},
		{`-0`, `0.00e5`, true},
		{`-1`, `1`, false},
		{`1`, `10`, false},
		{`1`, `1e1`, false},
		{`9007199254740993`, `9007199254740992`, false},
		{`1e400`, `1e401`, false},
		{`1e400`, `10e399`, true},
		{`1e99999999999999999999`, `0.1e100000000000000000000`, true},
		{`1e99999999999999999999`, `1e99999999999999999998`, false},
		{big, `1e900`, true},
		{`"1"`, `1`, false},
		{`null`, `false`, false},
		{`true`, `true`, true},
		{`true`, `false`, false},
		{`"\u00e9\/"`, `"é/"`, true},
		{`"\ud83d\ude00"`, `"😀"`, true},
		{`"a"`, `"A"`, false},
		{`{"a":1,"b":[2,{"c":null}]}`, `{ "b" : [2.0,{"\u0063":null}], "a":1e0 }`, true},
		{`{"a":1}`, `{"b":1}`, false},
		{`{"a":1}`, `{"a":1,"b":1}`, false},
		{`{"a":null}`, `{}`, false},
		{`[1,2]`, `[2,1]`, false},
		{`[1,2]`, `[1]`, false},
		{`[]`, `{}`, false},
		{`[]`, `""`, false},
	} {
		for _, swapped := range []bool{false, true} {
			there, value := row.there, row.value
			if swapped {
				there, value = value, there
			}
			for _, place := range []struct{ document, path string }{{"%s", ""}, {" %s\n", ""}, {`{"v":[%s]}`, "/v/0"}} {
				document := fmt.Sprintf(place.document, there)
				c.put("/x", document)
				a := c.jsonPatch("/x", fmt.Sprintf(`[{"op":"test","path":%q,"value":%s}]`, place.path, value))
				want := 409
				if row.same {
					want = 200
				}
				assert.Equal(t, want, a.status, "%s is %s", there, value)
				assert.Equal(t, document, c.get("/x").body, "a test changes nothing")
			}
		}
	}
}

func TestJSONPatchErrors(t *testing.T) {
	const document = `{"a":{"b":[1,2,3]},"n":5}`
	deep := strings.Repeat(`{"d":`, 61) + `1` + strings.Repeat(`}`, 61)
	rows := []struct {
		status        int
		patch, detail string
	}{
		// No patch at all.
		{400, `{}`, `a JSON patch is a list`},
		{400, `[1]`, `operation 0, counted from 0: it is no object`},
		{400, `[{"op":"test","path":"","value":1},{"path":"/a"}]`, `operation 1, counted from 0: it has no "op"`},
		{400, `[{"op":"spam","path":"/a"}]`, `"spam" is no "op": write add, remove, replace, move, copy or test`},
		{400, `[{"OP":"remove","path":"/a"}]`, `it has no "op"`},
		{400, `[{"op":"remove"}]`, `it has no "path": write a JSON Pointer`},
		{400, `[{"op":"remove","path":null}]`, `it has no "path"`},
		{400, `[{"op":"remove","path":1}]`, `"op", "path" and "from" are strings`},
		{400, `[{"op":"add","path":"/x"}]`, `add has no "value"`},
		{400, `[{"op":"replace","path":"/a"}]`, `replace has no "value"`},
		{400, `[{"op":"test","path":"/a"}]`, `test has no "value"`},
		{400, `[{"op":"copy","path":"/x"}]`, `it has no "from"`},
		{400, `[{"op":"move","path":"/x"}]`, `it has no "from"`},
		{400, `[{"op":"remove","path":"a"}]`, `"path": "a" is no JSON Pointer: write a slash before each name, or "" for the whole document`},
		{400, `[{"op":"remove","path":"a/b"}]`, `is no JSON Pointer`},
		{400, `[{"op":"copy","from":"#/a","path":"/x"}]`, `"from": "#/a" is no JSON Pointer`},
		{400, `[{"op":"remove","path":"/a~"}]`, `"a~" has a ~ that means nothing: write ~0 for ~ and ~1 for /`},
		{400, `[{"op":"remove","path":"/a~2"}]`, `has a ~ that means nothing`},
		{400, `[{"op":"remove","path":"` + strings.Repeat("/a", 65) + `"}]`, `it leads more than 64 levels down`},
		{400, `[{"op":"move","from":"/a","path":"/a/b"}]`, `a value can't be moved into itself, from "/a" to "/a/b"`},
		{400, `[{"op":"move","from":"","path":"/b"}]`, `a value can't be moved into itself, from "" to "/b"`},
		{400, `[{"op":"add","path":"/x","value":{"a":1,"a":2}}]`, `in /0/value/a: duplicate object member name`},
		{400, `[{"op":"add","path":"/x","value":1,"op":"remove"}]`, `in /0/op: duplicate`},
		{400, "[{\"op\":\"add\",\"path\":\"/\xff\",\"value\":1}]", `invalid UTF-8`},
		{400, `[{"op":"add","path":"/\ud800","value":1}]`, `surrogate`},
		{400, `[] []`, `something follows`},
		{400, `[{"op":"add","path":"/x","value":` + strings.Repeat("[", 63) + strings.Repeat("]", 63) + `}]`, `nested more than 64 levels`},

		// One that does not apply.
		{409, `[{"op":"add","path":"/x","value":1},{"op":"remove","path":"/y"}]`, `operation 1, counted from 0 (remove "/y"): the document has no member "y"`},
		{409, `[{"op":"replace","path":"/y","value":1}]`, `(replace "/y"): the document has no member "y"`},
		{409, `[{"op":"test","path":"/y","value":null}]`, `has no member "y"`},
		{409, `[{"op":"copy","from":"/y","path":"/z"}]`, `(copy "/z"): the document has no member "y"`},
		{409, `[{"op":"move","from":"/y","path":"/y"}]`, `has no member "y"`},
		{409, `[{"op":"move","from":"/n","path":"/n2/x"}]`, `has no member "n2"`},
		{409, `[{"op":"add","path":"/x/y","value":1}]`, `has no member "x"`},
		{409, `[{"op":"add","path":"/n/y","value":1}]`, `"/n" is neither an object nor a list`},
		{409, `[{"op":"add","path":"/n/y/z","value":1}]`, `"/n" is neither an object nor a list`},
		{409, `[{"op":"remove","path":"/a/x~1y"}]`, `"/a" has no member "x/y"`},
		{409, `[{"op":"add","path":"/a/b/4","value":1}]`, `"/a/b" is a list of 3, too short for index 4`},
		{409, `[{"op":"remove","path":"/a/b/3"}]`, `"/a/b" is a list of 3, too short for index 3`},
		{409, `[{"op":"replace","path":"/a/b/99999999999999999999","value":1}]`, `"/a/b" is a list: write an index as digits without leading zeros`},
		{409, `[{"op":"remove","path":"/a/b/-"}]`, `"/a/b" is a list, and has nothing at "-": that is where add appends`},
		{409, `[{"op":"add","path":"/a/b/-/x","value":1}]`, `has nothing at "-"`},
		{409, `[{"op":"remove","path":""}]`, `(remove ""): the whole document can't be taken away: DELETE it`},
		{409, `[{"op":"test","path":"/n","value":6}]`, `(test "/n"): the value there is another one`},
		{409, `[{"op":"add","path":"/a/b/0","value":` + deep + `},{"op":"move","from":"/a","path":"/n"},{"op":"add","path":"/a","value":{}},{"op":"move","from":"/n","path":"/a/n"}]`, `nested more than 64 levels`},
		{409, `[{"op":"add","path":"/a/b/0","value":` + deep + `},{"op":"copy","from":"/a","path":"/a/c"},{"op":"copy","from":"","path":"/c"},{"op":"copy","from":"","path":"/c"}]`, `operation 2, counted from 0 (copy "/c"): it is nested more than 64 levels deep`},

		{413, `[` + strings.Repeat(`{"op":"test","path":"/n","value":5},`, 1000) + `{"op":"test","path":"/n","value":5}]`, `more than 1000 operations`},
		{413, `[{"op":"add","path":"/x","value":[1]}` + strings.Repeat(`,{"op":"copy","from":"/x","path":"/x/-"}`, 20) + `]`, `the operations copy more than a document may hold`},
	}
	for _, index := range []string{"01", "00", "+1", "-1", "1e0", "1.0", " 1", "", "x", "٣", "0x1"} {
		for _, o := range []string{`"remove"`, `"add","value":1`, `"replace","value":1`, `"test","value":2`} {
			rows = append(rows, struct {
				status        int
				patch, detail string
			}{409, fmt.Sprintf(`[{"op":%s,"path":"/a/b/%s"}]`, o, index), `"/a/b" is a list: write an index`})
		}
	}
	onEachStore(t, true, func(t *testing.T, c *client) {
		before := c.put("/x", document)
		for _, row := range rows {
			name := row.patch[:min(len(row.patch), 200)]
			a := c.jsonPatch("/x", row.patch)
			require.Equal(t, row.status, a.status, "%s: %v", name, a.err)
			assert.Contains(t, a.err.Detail, row.detail, name)
		}
		a := c.get("/x")
		assert.Equal(t, document, a.body, "a patch that does not apply changes nothing")
		assert.Equal(t, before, a.header.Get("ETag"))

		a = c.jsonPatch("/x", `[{"op":"test","path":"/n","value":5},{"op":"remove","path":"/nothing"}]`)
		assert.Equal(t, map[string]any{"operation": 1}, a.err.Members)
		assert.Equal(t, 404, c.jsonPatch("/nothing", `[]`).status)
		assert.Equal(t, 405, c.jsonPatch("/", `[]`).status)
		assert.Equal(t, 400, c.jsonPatch("/x", ``).status)
		thousand := strings.Repeat(`,{"op":"test","path":"/n","value":5}`, 1000)
		assert.Equal(t, 200, c.jsonPatch("/x", `[`+thousand[1:]+`]`).status)
	})
}

func TestJSONPatchLimits(t *testing.T) {
	c := newClient(t, memstore.New(), true)
	for _, row := range []struct{ size, status int }{{maxBody, 200}, {maxBody + 1, 413}} {
		c.put("/x", fmt.Sprintf(`["%s"]`, strings.Repeat("x", maxBody/2)))
		left := row.size - maxBody/2 - len(`["",""]`)
		a := c.jsonPatch("/x", fmt.Sprintf(`[{"op":"add","path":"/1","value":"%s"}]`, strings.Repeat("y", left)))
		assert.Equal(t, row.status, a.status, "a document of %d bytes: %v", row.size, a.err)
	}
	assert.Less(t, len(c.get("/x").body), maxBody)

	nested := func(depth int) string { return strings.Repeat("[", depth) + strings.Repeat("]", depth) }
	for _, row := range []struct{ depth, status int }{{32, 200}, {33, 409}} {
		c.put("/x", nested(32))
		a := c.jsonPatch("/x", fmt.Sprintf(`[{"op":"add","path":"%s/-","value":%s}]`, strings.Repeat("/0", 31), nested(row.depth)))
		assert.Equal(t, row.status, a.status, "%d levels below 32: %v", row.depth, a.err)
	}
	assert.Equal(t, nested(32), c.get("/x").body)
}

// TestJSONPatchTakesApartOnlySoMuch sees that a small patch can't have a large
// document cost many times its text.
func TestJSONPatchTakesApartOnlySoMuch(t *testing.T) {
	c := newClient(t, memstore.New(), true)
	c.service = documents.New(documents.Config{Keep: c.keep, JSON: true, MaxBody: 4 * maxBody})
	list := func(n int) string { return "[0" + strings.Repeat(",0", n-1) + "]" }
	half := list(50_000)
	for _, row := range []struct {
		document, patch string
		status          int
	}{
		{list(100_000), `[{"op":"remove","path":"/0"}]`, 200},
		{list(100_001), `[{"op":"remove","path":"/0"}]`, 413},
		{"[" + list(100_000) + "]", `[{"op":"add","path":"/-","value":1}]`, 200}, // stays as it is written
		{list(49_999) + " ", `[{"op":"test","path":"","value":[` + half[1:] + `}]`, 409},
		{half + " ", `[{"op":"test","path":"","value":` + half + `}]`, 200},
		{"[" + half + "," + half + "]", `[{"op":"test","path":"/0/0","value":0},{"op":"remove","path":"/0"},{"op":"test","path":"/0/0","value":0}]`, 413},
		{`{"a":0` + strings.Repeat(" ", 10) + `}`, `[{"op":"add","path":"/b","value":` + list(100_000) + `},{"op":"remove","path":"/b/0"}]`, 413},
		{list(100_001), `[{"op":"test","path":"","value":` + list(100_001) + `}]`, 200}, // the same text
	} {
		c.put("/x", row.document)
		a := c.jsonPatch("/x", row.patch)
		assert.Equal(t, row.status, a.status, "%.20s, %.40s: %v", row.document, row.patch, a.err)
		if row.status == http.StatusRequestEntityTooLarge {
			assert.Contains(t, a.err.Detail, "lead through lists and objects of more than 100000 values")
			assert.Equal(t, row.document, c.get("/x").body)
		}
	}
}

func TestJSONPatchesMeet(t *testing.T) {
	onEachStore(t, true, func(t *testing.T, c *client) {
		c.put("/x", `[]`)
		var all sync.WaitGroup
		for i := range 6 {
			all.Go(func() {
				for range 3 {
					a := c.jsonPatch("/x", fmt.Sprintf(`[{"op":"add","path":"/-","value":%d}]`, i))
					assert.Equal(t, 200, a.status, "%v", a.err)
				}
			})
		}
		all.Wait()
		var got []int
		require.NoError(t, json.Unmarshal([]byte(c.get("/x").body), &got))
		slices.Sort(got)
		assert.Equal(t, []int{0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4, 5, 5, 5}, got)
		tag := c.get("/x").header.Get("ETag")
		patch := bus.NewBody([]byte(`[{"op":"remove","path":"/0"}]`), "application/json-patch+json")
		assert.Equal(t, 412, c.do("PATCH", "/x", patch, "If-Match", `"other"`).status)
		assert.Equal(t, 200, c.do("PATCH", "/x", patch, "If-Match", tag).status)
	})
}

// changed is a naive reading of RFC 6902 for add, remove and replace, and the
// part of it that a value of the generator can be asked for.
func changed(target any, path []string, op string, value any) (any, bool) {
	if len(path) == 0 {
		return value, op != "remove"
	}
	name, rest := path[0], path[1:]
	switch target := target.(type) {
	case map[string]any:
		inner, found := target[name]
		if !found && (len(rest) > 0 || op != "add") {
			return nil, false
		}
		if len(rest) == 0 && op == "remove" {
			delete(target, name)
			return target, true
		}
		next, ok := changed(inner, rest, op, value)
		target[name] = next
		return target, ok
	case []any:
		if name == "-" && op == "add" && len(rest) == 0 {
			return append(target, value), true
		}
		i, err := strconv.Atoi(name)
		switch {
		case err != nil, i > len(target), i == len(target) && (len(rest) > 0 || op != "add"):
			return nil, false
		case len(rest) == 0 && op == "add":
			return slices.Insert(target, i, value), true
		case len(rest) == 0 && op == "remove":
			return slices.Delete(target, i, i+1), true
		}
		next, ok := changed(target[i], rest, op, value)
		target[i] = next
		return target, ok
	}
	return nil, false
}

func TestJSONPatchLaws(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		c := newClient(t, memstore.New(), true)
		document := value(3).Draw(r, "document")
		c.put("/x", string(text(r, document)))
		before := c.get("/x").body
		var patch []map[string]any
		applies := true
		for range rapid.IntRange(1, 5).Draw(r, "operations") {
			op := rapid.SampledFrom([]string{"add", "add", "replace", "remove"}).Draw(r, "op")
			path := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "c", "é\n", "0", "1", "-"}), 0, 3).Draw(r, "path")
			v := value(1).Draw(r, "value")
			pointer := ""
			for _, name := range path {
				pointer += "/" + name
			}
			patch = append(patch, map[string]any{"op": op, "path": pointer, "value": v})
			if applies {
				var fresh any
				require.NoError(r, json.Unmarshal(text(r, v), &fresh))
				document, applies = changed(document, path, op, fresh)
			}
		}
		a := c.jsonPatch("/x", string(text(r, patch)))
		if !applies {
			require.Equal(r, 409, a.status)
			require.Equal(r, before, c.get("/x").body)
			return
		}
		require.Equal(r, 200, a.status, "%v", a.err)
		require.JSONEq(r, string(text(r, document)), c.get("/x").body)
	})
}

func FuzzJSONPatch(f *testing.F) {
	f.Add([]byte(`{"a":{"b":[1.50]}}`), []byte(`[{"op":"add","path":"/a/b/-","value":{"~":[]}},{"op":"copy","from":"","path":"/c"}]`))
	f.Add([]byte(`["\u0061",{"":1}]`), []byte(`[{"op":"move","from":"/0","path":"/1/"},{"op":"test","path":"/0/","value":"a"}]`))
	f.Add([]byte(`[[],{}]`), []byte(`[{"op":"replace","path":"/0","value":1e5},{"op":"remove","path":"/1"},{"op":"test","path":"","value":[100000]}]`))
	f.Fuzz(func(t *testing.T, document, patch []byte) {
		if documents.CheckJSON(document) != nil || len(patch) == 0 {
			t.Skip()
		}
		c := newClient(t, memstore.New(), true)
		c.put("/x", string(document))
		switch a := c.jsonPatch("/x", string(patch)); a.status {
		case 200:
			after := c.get("/x").body
			require.NoError(t, documents.CheckJSON([]byte(after)))
			require.Equal(t, 200, c.jsonPatch("/x", `[{"op":"test","path":"","value":`+after+`}]`).status, "it is equal to itself")
		case 400, 409, 413:
			require.Equal(t, string(document), c.get("/x").body)
		default:
			t.Fatalf("%d: %v", a.status, a.err)
		}
	})
}
