package proxy

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/urlpattern"
)

// target is where the requests of a mount go.
type target struct {
	scheme, host string
	pattern      *urlpattern.Pattern // makes the URL; nil: it is what follows
	path         []string            // stands before the path of the request
	dir          bool                // path ends in a slash
	page         bool                // which was written, so that links are relative to it
	query        string              // stands before the query of the request
	strips       bool                // of the request, only the path below the mount
}

func newTarget(text string, c *Config) (*target, error) {
	p, err := urlpattern.Parse(text)
	if err != nil {
		return nil, err
	}
	literal := p.Literal()
	if literal.Host == "" {
		return nil, errors.New(`no server: write the URL with its scheme and host, such as "http://127.0.0.1:8080/api"`)
	}
	t := &target{scheme: literal.Scheme, host: literal.Host, strips: c.StripPrefix}
	args := p.Args()
	for _, a := range args {
		switch a.Source {
		case urlpattern.FromBody, urlpattern.FromVariable, urlpattern.FromName:
			return nil, fmt.Errorf("%s reads the %s, which a proxy passes on unread: use codes of the path and the query", a.Code, a.Source)
		}
	}
	switch {
	case len(args) > 0 && !t.strips:
		return nil, errors.New(`its codes say which part of the path is sent, and so does "stripPrefix": leave that out, and write $P* for the full path`)
	case len(args) > 0:
		t.pattern = p
		return t, nil
	}
	whole, err := p.Expand(&urlpattern.Values{})
	if err != nil {
		return nil, err
	}
	t.path, t.dir, t.query = whole[0].Path, whole[0].Dir, whole[0].Query
	front, _, _ := strings.Cut(text, "?")
	t.page = strings.HasSuffix(front, "/")
	return t, nil
}

// url returns the URL of the call for m.
func (t *target) url(m *bus.Message) (urlpattern.URL, error) {
	if t.pattern != nil {
		return t.expand(m)
	}
	rest := m.URL.Path
	if t.strips {
		rest = m.ServicePath()
	}
	u := urlpattern.URL{Scheme: t.scheme, Host: t.host, Path: rest, Dir: m.URL.Dir, Query: m.URL.Query}
	if len(t.path) > 0 {
		u.Path = slices.Concat(t.path, rest)
	}
	u.Dir = u.Dir || len(rest) == 0 && t.dir
	switch {
	case t.query != "" && u.Query != "":
		u.Query = t.query + "&" + u.Query
	case t.query != "":
		u.Query = t.query
	}
	return u, nil
}

// directory returns the redirect from the mount without its slash to the one
// with it, where relative links of the target's page begin. nil: m is for the
// target.
func (t *target) directory(m *bus.Message) *bus.Message {
	if m.Method != http.MethodGet || !t.page || !t.strips || m.URL.Dir || len(m.ServicePath()) > 0 || len(m.URL.Path) == 0 {
		return nil
	}
	to := urlpattern.URL{Path: m.URL.Path, Dir: true, Query: m.URL.Query}
	reply := bus.Reply(http.StatusPermanentRedirect, nil)
	reply.Header.Add("Location", to.String())
	return reply
}

func (t *target) expand(m *bus.Message) (urlpattern.URL, error) {
	urls, err := t.pattern.Expand(&urlpattern.Values{URL: &m.URL})
	if err == nil {
		return urls[0], nil
	}
	detail := "the path and the query do not make a URL here"
	if lacking, ok := errors.AsType[*urlpattern.ExpandError](err); ok {
		detail = "the path and the query have not what " + lacking.Code + " stands for in the URL of this service"
	}
	return urlpattern.URL{}, &bus.Error{Status: http.StatusBadRequest, Detail: detail, Err: err}
}

// below returns the path of a client's request that leads to what text, a
// reference of an upstream, names: text itself where that is not below the
// target. base is the base path of the mount, and asked the host that the
// client asked for where upstreams are told it.
func (t *target) below(text string, base []string, asked string) string {
	reference, fragment, marked := strings.Cut(text, "#")
	u, err := urlpattern.ParseURL(reference)
	switch {
	case t.pattern != nil || err != nil:
		return text
	case u.Host == "" && !strings.HasPrefix(reference, "/"):
		return text // relative to where the client is
	case u.Host != "" && (u.Host != t.host || u.Scheme != t.scheme) && u.Host != asked:
		return text
	case len(u.Path) < len(t.path) || !slices.Equal(u.Path[:len(t.path)], t.path):
		return text
	}
	u.Scheme, u.Host, u.Path = "", "", u.Path[len(t.path):]
	if t.strips {
		u.Path = slices.Concat(base, u.Path)
	}
	if marked {
		return u.String() + "#" + fragment
	}
	return u.String()
}
