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

// Email returns an address as records have it: in lower case. It is one that may
// be a segment of a path and the name of a file. The error is a *bus.Error of
// status 400.
func Email(text string) (string, error) {
	local, host, found := strings.Cut(text, "@")
	odd := func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r) || strings.ContainsRune(`/\"<>()[],:;@`, r)
	}
	if !found || local == "" || host == "" || len(text) > maxEmail || !utf8.ValidString(text) ||
		strings.ContainsFunc(local, odd) || strings.ContainsFunc(host, odd) || strings.HasPrefix(local, ".") {
		return "", bus.Errorf(http.StatusBadRequest, "the email is no address: send one such as ann@example.com")
	}
	return strings.ToLower(text), nil
}
