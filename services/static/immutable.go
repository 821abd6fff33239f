package static

import (
	"path"
	"strings"
)

// immutable reports whether a file's name has a hash of its content, as
// bundlers write it before the extension: app.3f2a91bc.js, index-B7xK2m9Q.css.
// Then the name never stands for another content. A word that is taken for a
// hash would stay in caches for a year, and a hash that is taken for a word is
// only asked for again: so in doubt it is a word.
func immutable(name string) bool {
	base := strings.TrimSuffix(name, path.Ext(name))
	at := strings.LastIndexAny(base, ".-_")
	return at > 0 && isHash(base[at+1:])
}

// isHash reports whether s, of at least eight letters and digits, is lower-case
// hex with both, or changes between letters and digits three times or more, as
// no word does.
func isHash(s string) bool {
	if len(s) < 8 {
		return false
	}
	changes, hex := 0, true
	for i := range len(s) {
		digit := isDigit(s[i])
		letter := 'a' <= s[i]|0x20 && s[i]|0x20 <= 'z'
		if !digit && !letter {
			return false
		}
		hex = hex && (digit || 'a' <= s[i] && s[i] <= 'f')
		if i > 0 && digit != isDigit(s[i-1]) {
			changes++
		}
	}
	return changes >= 3 || hex && changes >= 1
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
