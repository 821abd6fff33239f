package adaptors_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/bus"
)

func TestEscapeName(t *testing.T) {
	tests := map[string]struct{ segment, name string }{
		"plain":           {"users.json", "users.json"},
		"space inside":    {"a b", "a b"},
		"space at end":    {"a ", "a%20"},
		"space at start":  {" a", " a"},
		"slash":           {"a/b", "a%2Fb"},
		"percent":         {"100%", "100%25"},
		"escape":          {"%2F", "%252F"},
		"backslash":       {`a\b`, "a%5Cb"},
		"hidden":          {".schema.json", "%2Eschema.json"},
		"dot":             {".", "%2E"},
		"two dots":        {"..", "%2E%2E"},
		"three dots":      {"...", "%2E.%2E"},
		"dot at end":      {"a.", "a%2E"},
		"newline":         {"a\nb", "a%0Ab"},
		"nul":             {"\x00", "%00"},
		"delete":          {"\x7f", "%7F"},
		"emoji":           {"🙂", "🙂"},
		"composed":        {"\u00e9", "\u00e9"},
		"decomposed":      {"e\u0301", "e\u0301"},
		"spaces":          {"  ", " %20"},
		"temporary":       {".tmp", "%2Etmp"},
		"upper-case name": {"README", "README"},
	}
	for what, test := range tests {
		t.Run(what, func(t *testing.T) {
			assert.Equal(t, test.name, adaptors.EscapeName(test.segment))
			segment, ok := adaptors.UnescapeName(test.name)
			assert.True(t, ok)
			assert.Equal(t, test.segment, segment)
		})
	}
}

func TestUnescapeNameRefuses(t *testing.T) {
	for _, name := range []string{
		"", ".", "..", ".tmp", "a.", "a ", "a/b", `a\b`, "a\n", "%41", "%2f", "%", "%2", "a%", "%zz", "%FF", "\xff",
		"a%2Eb", "%20a", strings.Repeat("a", 256),
	} {
		segment, ok := adaptors.UnescapeName(name)
		assert.Falsef(t, ok, "%q has the segment %q", name, segment)
	}
}

func TestEscapeAllocatesNothingForPlainNames(t *testing.T) {
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		name := adaptors.EscapeName("users 2024.json")
		_, _ = adaptors.UnescapeName(name)
	}))
}

func TestKeyCheck(t *testing.T) {
	long := strings.Repeat("a", 255)
	tests := map[string]struct {
		key  adaptors.Key
		says string // "" is that the key is good
	}{
		"root":                   {adaptors.Key{}, ""},
		"deep":                   {adaptors.Key{"a", "b/c", "d"}, ""},
		"as long as may be":      {adaptors.Key{long}, ""},
		"one too long":           {adaptors.Key{long + "a"}, "takes 256 bytes"},
		"as long when escaped":   {adaptors.Key{long[:252] + "%"}, ""},
		"longer when escaped":    {adaptors.Key{long[:254] + "%"}, "takes 257 bytes"},
		"long directory":         {adaptors.Key{long + "a", "b"}, "takes 256 bytes"},
		"empty segment":          {adaptors.Key{"a", "", "b"}, "empty"},
		"not UTF-8":              {adaptors.Key{"\xff"}, "not UTF-8"},
		"a replacement is UTF-8": {adaptors.Key{"\ufffd"}, ""},
	}
	for what, test := range tests {
		t.Run(what, func(t *testing.T) {
			err := test.key.Check()
			if test.says == "" {
				assert.NoError(t, err)
				return
			}
			require.ErrorIs(t, err, adaptors.ErrKey)
			assert.ErrorContains(t, err, test.says)
			assert.Equal(t, 400, bus.Classify(err).Status)
		})
	}
}

func TestKeyString(t *testing.T) {
	assert.Equal(t, "/", adaptors.Key{}.String())
	assert.Equal(t, "users/a%2Fb/%2Ex", adaptors.Key{"users", "a/b", ".x"}.String())
}

func FuzzEscapeName(f *testing.F) {
	for _, seed := range []string{"a", ".", "..", "a b ", "%2F", "a/b", `\`, "\x00", "🙂", "\xff"} {
		f.Add(seed, seed+"x")
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		name := adaptors.EscapeName(a)
		require.NotContains(t, name, "/")
		require.False(t, strings.HasPrefix(name, "."))
		require.False(t, strings.HasSuffix(name, ".") || strings.HasSuffix(name, " "))
		segment, ok := adaptors.UnescapeName(name)
		require.Equal(t, a != "" && utf8.ValidString(a) && len(name) <= 255, ok)
		if ok {
			require.Equal(t, a, segment)
		}
		require.Equal(t, a == b, name == adaptors.EscapeName(b), "the escape is injective")
		if segment, ok := adaptors.UnescapeName(a); ok { // any text as a name
			require.Equal(t, a, adaptors.EscapeName(segment))
		}
	})
}
