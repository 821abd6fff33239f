package wire

import (
	"strings"
	"unicode"
)

// maxText is how many bytes of a text are kept.
const maxText = 4 << 10

// Text returns what a plugin says to people as it may be shown to them, on a
// terminal too: UTF-8 without controls but ends of lines and tabs, and not
// without end.
func Text(said string) string {
	if len(said) > maxText {
		said = said[:maxText] + "..."
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return '?'
		}
		return r
	}, strings.ToValidUTF8(said, "?"))
}
