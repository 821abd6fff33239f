package urlpattern

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestSelectorRaw(t *testing.T) {
	const absent = ""
	tests := []struct{ path, doc, raw string }{
		{"", ` {"a":1} `, `{"a":1}`},
		{"/", `[1, 2]`, `[1, 2]`},
		{"a", `{"a": {"b" : [1, 2]}}`, `{"b" : [1, 2]}`},
		{"a.b", `{"a":{"b":null}}`, `null`},
		{"a/b", `{"a":null}`, absent},
		{"a", `"{\"a\":1}"`, absent}, // text that looks like an object
		{"a[0]", `{"a":{"0":1}}`, absent},
		{`a."0"`, `{"a":["x"]}`, `[]`},
		{`a."0"`, `{"a":{"0":"x"}}`, `"x"`},
		{"a.0", `{"a":{"0":"x"}}`, `"x"`},
		{`"a.b"`, `{"a.b":1,"a":{"b":2}}`, `1`},
		{`"#"`, `{"#":1}`, `1`},
		{`[]."0"`, `[[["x"]]]`, `[]`},
		{"#", `[1,2]`, `[]`},
		{"a.#", `{"a":[1,2]}`, `[]`},
		{"@this", `{"a":1}`, absent},
		{"a|b", `{"a":{"b":1}}`, absent},
		{"*", `{"a":1}`, absent},
		{"$schema", `{"$schema":1}`, `1`},
		{"first-name", `{"first-name":1}`, `1`},
		{"é", `{"\u00e9":1}`, `1`},
		{`"a\"b\\"`, `{"a\"b\\":1}`, `1`},
		{"a[1].b", `{"a":[{"b":1},{"b":2}]}`, `2`},
		{"a.b[1]", `{"a":[{"b":1},{"b":2}]}`, `2`},
		{"a.b.c", `{"a":{"b":[{"c":1},{"c":[2,3]},{"d":4},5]}}`, `[1,2,3]`},
		{"[last()]", `[1,2,3]`, `3`},
		{"[ last() - 2 ]", `[1,2,3]`, `1`},
		{"[last()-3]", `[1,2,3]`, absent},
		{"[ 1 ]", `[1,2,3]`, `2`},
		{"[]", `[[1],2,[[3]]]`, `[1,2,[3]]`},
		{"[][]", `[[[1]]]`, `[1]`},
		{"[]", `{"a":1}`, absent},
		{"[$this > 1]", `{"a":1}`, absent},
		{"[x > 150]", `[{"x":151},{"x":150},{"x":"200"},{},7]`, `[{"x":151}]`},
		{"[a == 'x' && b < 3]", `[{"a":"x","b":2},{"a":"x","b":3},{"a":"y","b":1}]`, `[{"a":"x","b":2}]`},
		{"[a || b].c", `[{"a":0,"b":"","c":1},{"b":"x","c":2}]`, `[2]`},
		{"[!a]", `[{"a":true},{"a":null},{}]`, `[{"a":null},{}]`},
		{"[a === null]", `[{"a":1},{"a":null},{}]`, `[{"a":null},{}]`},
		{"[a !== true]", `[{"a":true},{"a":false},{"a":"true"}]`, `[{"a":false},{"a":"true"}]`},
		{"[$this == 1]", `[1,1.0,"1",true,[1]]`, `[1,1.0]`},
		{"[a == a]", `[{"a":{}},{"a":1}]`, `[{"a":1}]`},
		{`[a == "}]"]`, `[{"a":"}]"}]`, `[{"a":"}]"}]`},
		{"[a.b.c >= 2]", `[{"a":{"b":{"c":2}}},{"a":1}]`, `[{"a":{"b":{"c":2}}}]`},
		{"[$this.a <= 'b']", `[{"a":"a"},{"a":"b"},{"a":"c"}]`, `[{"a":"a"},{"a":"b"}]`},
		{"[2 < $this]", `[1,2,3]`, `[3]`},
		{"[$this - 1 - 1 == 0]", `[1,2]`, `[2]`},
		{"[1 + $this * 2 == 5]", `[2,3]`, `[2]`},
		{"[(1 + $this) * 2 == 6]", `[2,3]`, `[2]`},
		{"[$this / 2 == 1.5]", `[2,3]`, `[3]`},
		{"[$this / 0 > 1]", `[0,1]`, `[1]`},
		{"[-$this > 1]", `[-2,2]`, `[-2]`},
		{"[$this % 2 == 1 == true]", `[1,2]`, `[1]`},
		{"[$this + 'a']", `["x"]`, `[]`},
		{"[null < $this]", `[1]`, `[]`},
		{"[[]", "[]", "syntax"},
		{"", ``, absent},
	}
	for _, tt := range tests {
		t.Run(tt.path+" of "+tt.doc, func(t *testing.T) {
			s, err := ParseSelector(tt.path)
			if tt.raw == "syntax" {
				require.Error(t, err)
				return
			}
			require.NoError(t, err)
			raw, ok := s.Raw([]byte(tt.doc))
			assert.Equal(t, tt.raw != absent, ok)
			assert.Equal(t, tt.raw, string(raw))
			assert.Equal(t, tt.path, s.String())
		})
	}
}

func TestParseSelectorRefuses(t *testing.T) {
	tests := []struct {
		path    string
		offset  int
		message string
	}{
		{"a..b", 2, "a name is missing"},
		{"a.", 2, "a name is missing"},
		{"//", 1, "a name is missing"},
		{"a b", 1, "double quotes"},
		{"a}", 1, "double quotes"},
		{"a]", 1, "double quotes"},
		{`a"b"`, 1, "write . before"},
		{"[0]a", 3, "write . before"},
		{`"a`, 0, "not closed"},
		{`"a\n"`, 2, "backslash"},
		{"a[", 2, "a value is missing"},
		{"a[0", 1, "not closed"},
		{"a[x > 1", 1, "not closed"},
		{"a[x > ]", 6, "a value is missing"},
		{"a[x = 1]", 1, "not closed"},
		{"a[(x]", 2, "parenthesis"},
		{"a['x]", 2, "not closed"},
		{"a[1.2.3 < x]", 2, "not a number"},
		{"a[x.]", 4, "a member's name"},
		{"a[last()-]", 9, "a number is missing"},
		{"a[-1]", 2, "doesn't look at the element"},
		{"a[true]", 2, "doesn't look at the element"},
		{"a[1000000]", 2, "smaller"},
		{"a[" + strings.Repeat("(", 40) + "x", 34, "32"},
		{"a[" + strings.Repeat("!", 40) + "x]", 34, "32"},
		{strings.Repeat("a.", 200), 256, "128"},
		{strings.Repeat("[]", 200), 256, "128"},
		{"[x" + strings.Repeat("+1", 200) + "]", 255, "128"},
		{strings.Repeat("a", 1025), 1024, "1 KiB"},
	}
	for _, tt := range tests {
		t.Run(tt.path[:min(len(tt.path), 20)], func(t *testing.T) {
			_, err := ParseSelector(tt.path)
			var fault *SyntaxError
			require.ErrorAs(t, err, &fault)
			assert.Equal(t, tt.offset, fault.Offset, fault.Message)
			assert.Contains(t, fault.Error(), tt.message)
		})
	}
}

// Any name that JSON can hold is found when it is quoted, and only that.
func TestSelectorNames(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.OneOf(rapid.StringMatching(`[a-c.*?|#@!{}\[\]\\" /$:]{1,6}`), rapid.StringN(1, 8, -1)).Draw(t, "name")
		other := rapid.StringMatching(`[a-c.*?|#@!\\]{1,4}`).Filter(func(s string) bool { return s != name }).Draw(t, "other")
		doc, err := json.Marshal(map[string]any{name: map[string]int{name: 1}, other: 2})
		require.NoError(t, err)
		quoted := `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(name) + `"`
		for _, path := range []string{quoted + "." + quoted, quoted + `[]`} {
			s, err := ParseSelector(path)
			require.NoError(t, err)
			raw, ok := s.Raw(doc)
			require.Equal(t, !strings.HasSuffix(path, "]"), ok)
			if ok {
				require.Equal(t, "1", string(raw))
			}
		}
	})
}

func TestSelectorRawIsAView(t *testing.T) {
	doc := []byte(`{"list":[1,{"a":"x"}]}`)
	s, err := ParseSelector("list[1].a")
	require.NoError(t, err)
	raw, ok := s.Raw(doc)
	require.True(t, ok)
	assert.Same(t, &doc[16], &raw[0])
	assert.Equal(t, len(raw), cap(raw), "an append must not reach the document")
}

// FuzzSelector: whatever path and document, nothing panics; of a valid document
// comes valid JSON.
func FuzzSelector(f *testing.F) {
	for _, seed := range [][2]string{
		{"a.b[0]", `{"a":{"b":[1]}}`}, {"[][x > 1 && y !== 'z'].w", `[[{"x":2,"w":3}]]`}, {`"a b"[last()-1]`, `{"a b":[1,2]}`},
		{"a", `"{\"a\":1}"`}, {"a", `{"a"`}, {"a.0", `{"a":[[`}, {"#.@this", `[1`}, {"[!(-$this % 2)]", `[1,"x",null]`},
	} {
		f.Add(seed[0], []byte(seed[1]))
	}
	f.Fuzz(func(t *testing.T, path string, doc []byte) {
		s, err := ParseSelector(path)
		if err != nil {
			return
		}
		s.keysNear(string(doc))
		if raw, ok := s.Raw(doc); ok && json.Valid(doc) {
			assert.True(t, json.Valid(raw), "%s", raw)
		}
	})
}
