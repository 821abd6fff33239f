package runtime

import (
	"net/http"
	"strings"

	"github.com/seed90475182/restspace/bus"
)

// identify sets the user of m from its token: Authorization: Bearer (RFC 6750)
// or the cookie, of which the first wins. A token that does not hold is
// nobody's; the error says why, for the log and for the client. Cookies that a
// page of an origin sends that c does not trust are taken out of m.
func (g *generation) identify(root *bus.Root, m *bus.Message, c *cors) error {
	if m.User != nil {
		root.Seen.User = m.User.Email
		return nil
	}
	token, inCookie := g.token(m.Header)
	if root.ForeignCookie && !c.trusts(m.Header.Get("Origin")) {
		m.Header.Del("Cookie")
		if inCookie {
			root.Seen.Token = errForeignCookie.Error()
			return errForeignCookie
		}
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

var errForeignCookie = &bus.Error{Status: http.StatusForbidden,
	Detail: "a page of another origin sends this request, so that its cookie does not count: list the origin in cors, or send the token in Authorization"}

// token returns the token in a header, "" if there is none.
func (g *generation) token(h bus.Header) (token string, inCookie bool) {
	if token = bearer(h.Get("Authorization")); token != "" || g.conf.Auth.Cookie.Name == "" {
		return token, false
	}
	token = cookie(h, g.conf.Auth.Cookie.Name)
	return token, token != ""
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
