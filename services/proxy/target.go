package proxy

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/services/relay"
	"github.com/seed90475182/restspace/urlpattern"
)

// target is where the requests of a mount go.
type target struct {
	relay.Target                     // whose path stands before that of the request
	pattern      *urlpattern.Pattern // makes the URL; nil: it is what follows
	dir          bool                // the path ends in a slash
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
	t := &target{Target: relay.Target{Scheme: literal.Scheme, Host: literal.Host}, strips: c.StripPrefix}
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
	t.Path, t.dir, t.query = whole[0].Path, whole[0].Dir, whole[0].Query
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
	u := t.URL(m, rest)
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

// below is Here, with the base path of the mount where requests go without it.
// Where codes make the URL nobody knows what a reference is here.
func (t *target) below(reference string, base []string, asked string) string {
	switch {
	case t.pattern != nil:
		return reference
	case !t.strips:
		base = nil
	}
	return t.Here(reference, base, asked)
}
