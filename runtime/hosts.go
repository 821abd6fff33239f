package runtime

import (
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/seed90475182/restspace/runtime/config"
)

// hosts returns which Host fields are answered: the one of the public URL, and
// those that the configuration lists. Where it lists none, on loopback, names of
// loopback are, so that no web page can reach the server under a name of its
// own; elsewhere, without a public URL, the names that others admits.
func hosts(s *config.Server, address string, others func(name string) bool) func(string) bool {
	listed := make([]host, 0, 1+len(s.Hosts))
	for _, h := range s.Hosts {
		listed = append(listed, parseHost(h))
	}
	if u, err := url.Parse(s.PublicURL); err == nil && u.Host != "" {
		listed = append(listed, parseHost(u.Hostname()))
	}
	loopback := len(s.Hosts) == 0 && parseHost(address).isLoopback()
	return func(field string) bool {
		asked := parseHost(field)
		switch {
		case field == "": // HTTP/1.0
			return true
		case slices.ContainsFunc(listed, asked.is):
			return true
		case loopback:
			return asked.isLoopback()
		}
		return len(listed) == 0 && others(asked.String())
	}
}

func anyName(string) bool { return true }

// host is what a Host field says.
type host struct {
	name    string     // in lower case, without a dot at the end; "" if it is an address
	address netip.Addr // zero if it is a name
	port    string     // "" if there is none
}

func parseHost(s string) host {
	var h host
	if i := strings.LastIndexByte(s, ':'); i >= 0 && strings.Trim(s[i+1:], "0123456789") == "" &&
		(strings.HasSuffix(s[:i], "]") || !strings.Contains(s[:i], ":")) {
		s, h.port = s[:i], s[i+1:]
	}
	s = strings.TrimSuffix(strings.Trim(s, "[]"), ".")
	if s != "" && (s[0] <= '9' || strings.Contains(s, ":")) { // or else no address
		if address, err := netip.ParseAddr(s); err == nil {
			h.address = address.Unmap()
			return h
		}
	}
	h.name = strings.ToLower(s)
	return h
}

// is reports whether a configuration that lists l means h: on all ports if l has
// none. A client leaves out the port that goes with the scheme.
func (h host) is(l host) bool {
	if h.name != l.name || h.address != l.address {
		return false
	}
	return l.port == "" || l.port == h.port || h.port == "" && (l.port == "443" || l.port == "80")
}

func (h host) isLoopback() bool { return h.name == "localhost" || h.address.IsLoopback() }

// String returns h without its port and without brackets.
func (h host) String() string {
	if h.address.IsValid() {
		return h.address.String()
	}
	return h.name
}
