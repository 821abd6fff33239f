package account

import (
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/seed90475182/restspace/bus"
)

// maxEmail is how many bytes an address has at most (RFC 5321 section
// 4.5.3.1.3, without the brackets).
const maxEmail = 254

// Lower returns the name of a user in lower case. ok is false where that of
// another one would come out: the Kelvin sign is a k then.
func Lower(name string) (lower string, ok bool) {
	ok = !strings.ContainsFunc(name, func(r rune) bool { return r >= utf8.RuneSelf && unicode.ToLower(r) < utf8.RuneSelf })
	return strings.ToLower(name), ok
}

// Email returns an address as records have it: in lower case. It is one that may
// be a segment of a path and the name of a file, and that shows all it has. The
// error is a *bus.Error of status 400.
func Email(text string) (string, error) {
	local, host, found := strings.Cut(text, "@")
	odd := func(r rune) bool {
		return r == ' ' || !unicode.IsPrint(r) || strings.ContainsRune(`/\"<>()[],:;@`, r)
	}
	lower, ok := Lower(text)
	if !ok || !found || local == "" || host == "" || len(lower) > maxEmail || !utf8.ValidString(text) ||
		strings.ContainsFunc(local, odd) || strings.ContainsFunc(host, odd) || strings.HasPrefix(local, ".") {
		return "", bus.Errorf(http.StatusBadRequest, "the email is no address: send one such as ann@example.com")
	}
	return lower, nil
}
