package proxy

import (
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/urlpattern"
)

// fields says which fields of a header go on.
type fields struct {
	drop   []string   // of requests, beside those of proxies
	set    bus.Header // of requests; an empty value leaves the field out
	host   bool       // Host is what the client asked for
	prefix string     // the base path that is not sent, "" if it is or is none
	cookie bool       // Set-Cookie of a reply goes on
}

func newFields(c *Config, base []string) fields {
	f := fields{drop: []string{"Host", "Expect"}, host: c.PreserveHost, cookie: c.passes("cookie")}
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
	h := make(bus.Header, 0, len(m.Header)+len(f.set)+8)
	socket := named(m.Header.Get("Upgrade"), "websocket")
	for _, field := range m.Header {
		if !socket && bus.OfConnection(field.Name) {
			continue // over h2c a client could ask for what is not below the mount
		}
		if !f.dropped(field.Name) {
			h = append(h, field)
		}
	}
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

func (f *fields) dropped(name string) bool {
	if hasPrefix(name, "X-Forwarded-") || named(name, "Forwarded") || named(name, "X-Real-Ip") {
		return true
	}
	return slices.ContainsFunc(f.drop, func(other string) bool { return named(name, other) })
}

// reply takes out of the header of an upstream's reply what is not for clients.
func (f *fields) reply(h bus.Header) bus.Header {
	return slices.DeleteFunc(h, func(field bus.Field) bool {
		return hasPrefix(field.Name, "X-Restspace-") || named(field.Name, "X-Request-Id") ||
			!f.cookie && named(field.Name, "Set-Cookie")
	})
}

func named(name, other string) bool { return len(name) == len(other) && strings.EqualFold(name, other) }

func hasPrefix(name, prefix string) bool {
	return len(name) > len(prefix) && strings.EqualFold(name[:len(prefix)], prefix)
}

// checkField returns what is wrong with a field that is set in requests. It
// does not tell the value, which may be a secret.
func checkField(name, value string) error {
	switch {
	case !bus.IsToken(name):
		return errors.New("not the name of a field: write letters, digits and hyphens")
	case bus.OfConnection(name) || named(name, "Expect"):
		return errors.New("the server sets this field as the connection and the body need it: leave it out")
	case strings.TrimSpace(value) != value || !bus.IsFieldValue(value):
		return errors.New("a value with a control character in it, or a space at one end: leave that out")
	}
	return nil
}
