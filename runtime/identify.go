package runtime

import (
	"strings"

	"github.com/seed90475182/restspace/bus"
)

// identify sets the user of m from its token: Authorization: Bearer (RFC 6750)
// or the cookie, of which the first wins. A token that does not hold is
// nobody's; the error says why, for the log and for WWW-Authenticate.
func (g *generation) identify(root *bus.Root, m *bus.Message) error {
	if m.User != nil {
		root.Seen.User = m.User.Email
		return nil
	}
	token := bearer(m.Header.Get("Authorization"))
	if token == "" && g.conf.Auth.Cookie.Name != "" {
		token = cookie(m.Header, g.conf.Auth.Cookie.Name)
	}
	if token == "" {
		return nil
	}
	user, err := g.verifier.User(token)
	if err != nil {
		root.Seen.Token = err.Error()
		return err
	}
	m.User, root.Seen.User = user, user.Email
	return nil
}

// bearer returns the token of a field Authorization.
func bearer(value string) string {
	scheme, token, ok := strings.Cut(value, " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimLeft(token, " ")
}

// cookie returns the value of the first cookie of that name (RFC 6265 section
// 5.4).
func cookie(h bus.Header, name string) string {
	for value := range h.Values("Cookie") {
		for pair := range strings.SplitSeq(value, ";") {
			key, token, ok := strings.Cut(strings.TrimLeft(pair, " "), "=")
			if ok && key == name {
				return strings.Trim(token, `"`)
			}
		}
	}
	return ""
}
