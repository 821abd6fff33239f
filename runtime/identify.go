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
func (g *generation) identify(root *bus.Root, m *bus.Message, c *cors) (inCookie bool, err error) {
	if m.User != nil {
		root.Seen.User = m.User.Email
		return false, nil
	}
	token, inCookie := g.token(root, m.Header)
	if root.ForeignPage && c.trusts(m.Header.Get("Origin")) {
		root.ForeignPage, root.ForeignCookie = false, false
	}
	if root.ForeignCookie {
		m.Header.Del("Cookie")
		if inCookie {
			root.Seen.Token = errForeignCookie.Error()
			return false, errForeignCookie
		}
	}
	if token == "" {
		return false, nil
	}
	user, err := g.verifier.User(token)
	if err != nil {
		root.Seen.Token = err.Error()
		return false, err
	}
	m.User, root.Seen.User, root.Seen.Actor, root.Seen.Hidden = user, user.Email, user.Actor, inCookie
	return inCookie, nil
}

var errForeignCookie = &bus.Error{Status: http.StatusForbidden,
	Detail: "a page of another origin sends this request, so that its cookie does not count: list the origin in cors, or send the token in Authorization"}

// token returns the token in a header, "" if there is none.
func (g *generation) token(root *bus.Root, h bus.Header) (token string, inCookie bool) {
	if token = bearer(h.Get("Authorization")); token != "" || g.conf.Auth.Cookie.Name == "" {
		return token, false
	}
	token = cookie(h, cookieName(g.conf.Auth.Cookie.Name, root.Secure))
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
