package adaptortest

import (
	"slices"
	"strings"

	"github.com/stretchr/testify/assert"

	"github.com/seed90475182/restspace/adaptors"
)

func naming() []Clause {
	return []Clause{
		{Name: "hard names are all distinct documents", Check: hardDocuments},
		{Name: "hard names are all distinct directories", Check: hardDirectories},
		{Name: "a key may be deep", Check: deepKeys},
	}
}

// hardNames are names that a careless store mixes up, or takes for something
// else.
var hardNames = []string{
	" ", "  ", "a b", " a", "a ", "a  ", "+", "a+b",
	"%", "%%", "%2F", "%2f", "%252F", "100%", "%00", "%u0041",
	"/", "//", "a/b", "/a", "a/", "../a", "a/../b", "b\\c",
	".", "..", "...", ".a", "a.", "a..", ".tmp", ".lock", ".schema.json", "~", "a~1",
	"\x00", "\x01", "a\nb", "a\tb", "\x7f", "\u0085", "\u202e",
	"README", "readme", "Readme", "I", "i", "İ", "ı", "ß", "ss",
	"\u00e9", "e\u0301", "\u212b", "\u00c5", "A\u030a", "\ufb01", "fi",
	"🙂", "👩\u200d👩\u200d👧", "日本語", "\ufffd", "\U0010ffff",
	"con", "nul.txt", "a:b", "a*b", "a?b", "a|b", "<a>", `"a"`, "'", "$HOME", "`", "a;b", "#", "&", "=", "-rf", "--",
	"null", "0", "-1", "true", "__proto__",
	strings.Repeat("a", 255), strings.Repeat("b", 254) + "c", strings.Repeat("b", 254) + "d",
	strings.Repeat("é", 127), strings.Repeat("%", 85), strings.Repeat("🙂", 63),
}

func sortedByPosition(list []string) []string {
	list = slices.Clone(list)
	slices.SortFunc(list, func(a, b string) int {
		return strings.Compare(adaptors.EscapeName(a), adaptors.EscapeName(b))
	})
	return list
}

func hardDocuments(t T, s adaptors.Store) {
	for _, name := range hardNames {
		put(t, s, key("d", name), "content of "+name)
	}
	assert.Equal(t, sortedByPosition(hardNames), names(t, s, key("d"), ""))
	for _, name := range hardNames {
		content, info := read(t, s, key("d", name))
		assert.Equal(t, "content of "+name, content)
		assert.Equal(t, name, info.Name)
	}
	for _, name := range hardNames {
		remove(t, s, key("d", name))
	}
	assert.Empty(t, names(t, s, nil, ""))
}

func hardDirectories(t T, s adaptors.Store) {
	for _, name := range hardNames {
		put(t, s, key(name, "doc"), "below "+name)
	}
	for _, name := range hardNames {
		content, _ := read(t, s, key(name, "doc"))
		assert.Equal(t, "below "+name, content)
		assert.Equal(t, []string{"doc"}, names(t, s, key(name), ""))
	}
	assert.Len(t, names(t, s, nil, ""), len(hardNames))
}

func deepKeys(t T, s adaptors.Store) {
	deep := make(adaptors.Key, 24)
	for i := range deep {
		deep[i] = strings.Repeat(string(rune('a'+i)), 30)
	}
	put(t, s, deep, "deep")
	content, _ := read(t, s, deep)
	assert.Equal(t, "deep", content)
	remove(t, s, deep)
	assert.Empty(t, names(t, s, nil, ""))
}
