package proxy

import (
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/services/relay"
	"github.com/seed90475182/restspace/urlpattern"
)

// fields says which fields of a header go on.
type fields struct {
	drop   []string   // of requests, beside those that never go on
	set    bus.Header // of requests; an empty value leaves the field out
	host   bool       // Host is what the client asked for
	prefix string     // the base path that is not sent, "" if it is or is none
	cookie bool       // Set-Cookie of a reply goes on
}

func newFields(c *Config, base []string) fields {
	f := fields{host: c.PreserveHost, cookie: c.passes("cookie")}
	for name, credential := range map[string]string{"Authorization": "authorization", "Cookie": "cookie"} {
		if !c.passes(credential) {
			f.drop = append(f.drop, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.SetHeaders)) {
		f.set.Add(name, c.SetHeaders[name])
	}
	if c.StripPrefix && len(base) > 0 {
		f.prefix = urlpattern.Path{Segments: base}.String()
	}
	return f
}

// request returns the header for an upstream. root is nil in background work.
func (f *fields) request(m *bus.Message, root *bus.Root) bus.Header {
	h := slices.DeleteFunc(relay.Request(m.Header, len(f.set)+8), func(field bus.Field) bool {
		return slices.ContainsFunc(f.drop, func(other string) bool { return relay.Named(field.Name, other) })
	})
	h = f.forwarded(h, root)
	f.setIn(&h)
	return h
}

// setIn sets the fields of the configuration.
func (f *fields) setIn(h *bus.Header) {
	for _, field := range f.set {
		if field.Value == "" {
			h.Del(field.Name)
		} else {
			h.Set(field.Name, field.Value)
		}
	}
}

// forwarded adds what is known of the client: what it says itself was not
// believed.
func (f *fields) forwarded(h bus.Header, root *bus.Root) bus.Header {
	if f.prefix != "" {
		h.Add("X-Forwarded-Prefix", f.prefix)
	}
	if root == nil {
		return h
	}
	if root.Client != "" {
		h.Add("X-Forwarded-For", root.Client)
	}
	if root.Host != "" {
		h.Add("X-Forwarded-Host", root.Host)
		h.Add("X-Forwarded-Proto", proto(root.Secure))
		if f.host {
			h.Add("Host", root.Host)
		}
	}
	return h
}

func proto(secure bool) string {
	if secure {
		return "https"
	}
	return "http"
}

// reply takes out of the header of an upstream's reply what is not for clients.
func (f *fields) reply(h bus.Header) bus.Header {
	h = relay.Reply(h)
	if !f.cookie {
		h.Del("Set-Cookie")
	}
	return h
}

// checkField returns what is wrong with a field that is set in requests. It
// does not tell the value, which may be a secret.
func checkField(name, value string) error {
	switch {
	case !bus.IsToken(name):
		return errors.New("not the name of a field: write letters, digits and hyphens")
	case bus.OfConnection(name) || relay.Named(name, "Expect"):
		return errors.New("the server sets this field as the connection and the body need it: leave it out")
	case strings.TrimSpace(value) != value || !bus.IsFieldValue(value):
		return errors.New("a value with a control character in it, or a space at one end: leave that out")
	}
	return nil
}
