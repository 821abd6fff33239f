package documents_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/services/documents"
)

func nested(depth int) string { return strings.Repeat("[", depth) + strings.Repeat("]", depth) }

func TestCheckJSON(t *testing.T) {
	for _, good := range []string{
		`1`, ` "x" `, `null`, `{}`, "\n{\"a\":[1,2]}\n", `-0`, `1e400`, `9007199254740993`, `"\ud83d\ude00"`,
		`{"a\u0000b":1}`, `{"__proto__":{}}`, `{"a":1,"A":2}`, `"[[[\"{{{"`, `["\\\\","[",""]`, nested(64),
		strings.Repeat("9", 1000), `["` + strings.Repeat("9", 2000) + `"]`,
	} {
		assert.NoError(t, documents.CheckJSON([]byte(good)), good)
	}
	bad := []struct{ name, text, detail string }{
		{"nothing", "", "byte 0 (line 1, column 1): there is no JSON value"},
		{"white space", "  \n ", "byte 4 (line 2, column 2): there is no JSON value"},
		{"open", `{"a":`, "byte 5 (line 1, column 6) in /a: unexpected EOF"},
		{"mark", "\ufeff{}", "byte 0 (line 1, column 1): invalid character '\\ufeff' at start of value"},
		{"UTF-16", "\xff\xfe{\x00", "byte 0 (line 1, column 1): invalid character '\\xff' at start of value"},
		{"names", "{\"a\":1,\n \"a\":2}", "byte 9 (line 2, column 2) in /a: duplicate object member name"},
		{"escaped names", `{"b":{"a":1,"\u0061":2}}`, "byte 12 (line 1, column 13) in /b/a: duplicate object member name"},
		{"UTF-8", "{\"a\":\"\x80\"}", "byte 6 (line 1, column 7) in /a: invalid UTF-8"},
		{"surrogate", `{"a":"\ud800"}`, "byte 6 (line 1, column 7) in /a: invalid surrogate pair"},
		{"control", "[\"\x01\"]", "byte 2 (line 1, column 3) in /0: invalid character '\\x01'"},
		{"two values", `{"a":1} {"b":2}`, "byte 8 (line 1, column 9): something follows the end of the JSON value"},
		{"comment", `{/*x*/"a":1}`, "byte 1 (line 1, column 2)"},
		{"quotes", `{'a':1}`, "byte 1 (line 1, column 2)"},
		{"comma", `[1,]`, "byte 3 (line 1, column 4)"},
		{"NaN", `NaN`, "byte 0 (line 1, column 1)"},
		{"zeros", `[01]`, "byte 2 (line 1, column 3)"},
		{"deep", nested(65), "byte 64 (line 1, column 65) in /0/0/"},
		{"deep behind a backslash", `["\\\\",` + nested(64) + `]`, "byte 71 (line 1, column 72) in /1/0/"},
		{"digits", `{"a":[1,` + strings.Repeat("9", 1001) + `]}`, "byte 8 (line 1, column 9) in /a/1: a number of more than 1000 characters: write it as a string"},
	}
	for _, row := range bad {
		t.Run(row.name, func(t *testing.T) {
			err := documents.CheckJSON([]byte(row.text))
			var known *bus.Error
			require.ErrorAs(t, err, &known)
			assert.Equal(t, 400, known.Status)
			assert.Equal(t, bus.TypeInvalidJSON, known.Type)
			assert.Contains(t, known.Detail, row.detail)
			assert.Less(t, len(known.Detail), 600)
		})
	}
}

func TestCheckJSONSaysWhereInMembers(t *testing.T) {
	var known *bus.Error
	require.ErrorAs(t, documents.CheckJSON([]byte("{\"a\": [1,\n 02]}")), &known)
	assert.Equal(t, map[string]any{"offset": 12, "line": 2, "column": 3, "pointer": "/a"}, known.Members)
}

func TestCheckJSONIsQuick(t *testing.T) {
	for name, text := range map[string]string{
		"deep":   nested(1 << 19),
		"digits": strings.Repeat("9", 1<<20),
		"names":  "{" + strings.Repeat(`"a":1,`, 1<<17) + `"b":1}`,
	} {
		start := time.Now()
		assert.Error(t, documents.CheckJSON([]byte(text)), name)
		assert.Less(t, time.Since(start), 20*time.Second, name) // what is not linear takes minutes
	}
}

// FuzzStrict holds CheckJSON to what encoding/json says, which takes more.
func FuzzStrict(f *testing.F) {
	for _, seed := range []string{`{"a":[1,-2.5e3,"x\n"]}`, "\ufeff1", `"\ud800"`, nested(70), `{"a":1,"a":2}`, `1 2`, "\t"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		err := documents.CheckJSON(data)
		if err == nil {
			assert.True(t, json.Valid(data), "%q", data)
			return
		}
		var known *bus.Error
		require.True(t, errors.As(err, &known))
		offset := known.Members["offset"].(int)
		assert.True(t, 0 <= offset && offset <= len(data), "offset %d of %d", offset, len(data))
	})
}
