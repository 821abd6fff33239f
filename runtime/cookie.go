package runtime

import (
	"net/http"
	"strings"
	"time"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/services"
)

// cookieName returns what the cookie that signs users in is called. Over TLS it
// has the prefix that keeps others from setting it, such as pages of a
// neighboring host (draft-ietf-httpbis-rfc6265bis section 4.1.3.2).
func cookieName(name string, secure bool) string {
	if secure && !strings.HasPrefix(name, "__") {
		return "__Host-" + name
	}
	return name
}

// cookieNames returns all that it may be called; nil where there are no cookies.
func cookieNames(name string) []string {
	if name == "" {
		return nil
	}
	return []string{cookieName(name, false), cookieName(name, true)}
}

// cookieOf returns the value of Set-Cookie that gives a token to a browser, or
// takes away the one that it has where t is zero. "" if name is.
func cookieOf(name string, secure bool, t services.Token) string {
	if name == "" {
		return ""
	}
	c := http.Cookie{Name: cookieName(name, secure), Value: t.Value, Path: "/",
		HttpOnly: true, Secure: secure, SameSite: http.SameSiteStrictMode, Expires: t.Expires}
	if t.Value == "" {
		c.Expires, c.MaxAge = time.Time{}, -1
	}
	return c.String()
}

// renew puts a new token in the place of one that came in a cookie and has used
// up half its life: with the roles that its user has now. A reply that sets the
// cookie itself, or that a shared cache may keep, stays as it is.
func (g *generation) renew(root *bus.Root, asked *bus.User, reply *bus.Message) {
	conf := &g.conf.Auth
	next, at, ok := g.verifier.Renewed(asked, conf.TokenLife.Duration(), conf.SessionLife.Duration())
	if !ok {
		return
	}
	name := cookieName(conf.Cookie.Name, root.Secure)
	for value := range reply.Header.Values("Set-Cookie") {
		if setsCookie(value, name) {
			return
		}
	}
	control := reply.Header.List("Cache-Control") // RFC 9111 section 7.3
	if control != "" && !strings.Contains(control, "private") && !strings.Contains(control, "no-store") {
		return // another one will do
	}
	if token, err := g.issue(next, at); err == nil {
		reply.Header.Add("Set-Cookie", cookieOf(conf.Cookie.Name, root.Secure, token))
	}
}
