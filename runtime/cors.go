package runtime

import (
	"slices"
	"strings"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/runtime/config"
	"github.com/seed90475182/restspace/services"
)

// cors is whose pages may use a mount beside those of the own origin (Fetch
// standard, section 3.3). Origins are compared byte by byte, as browsers write
// them.
type cors struct {
	origins []string
	any     bool // all others too, but without credentials
}

func newCORS(list []config.Origin) cors {
	var c cors
	for _, o := range list {
		if o == config.AnyOrigin {
			c.any = true
		} else {
			c.origins = append(c.origins, string(o))
		}
	}
	return c
}

const (
	// preflightAge is for how many seconds a browser does not ask again what it
	// may send.
	preflightAge = "600"

	// longestAsked bounds the list of fields that a page may send.
	longestAsked = 1024

	// exposed are the fields that a page may read beside those that the Fetch
	// standard lets it read anyway.
	exposed = "Accept-Patch, Accept-Ranges, Allow, Content-Disposition, Content-Range, ETag, Link, Location, " +
		"Retry-After, WWW-Authenticate, X-Request-Id, X-Restspace-Service"
)

// trusts reports whether what pages of an origin send counts as what their user
// does, cookies included.
func (c *cors) trusts(origin string) bool { return slices.Contains(c.origins, origin) }

// allow says in h, of any answer, whether pages of origin may read it. An
// answer that differs by origin says so to those that may not, too.
func (c *cors) allow(h *bus.Header, origin string) {
	if len(c.origins) > 0 {
		h.Add("Vary", "Origin")
	}
	switch {
	case c.trusts(origin):
		h.Add("Access-Control-Allow-Origin", origin)
		h.Add("Access-Control-Allow-Credentials", "true")
	case c.any:
		h.Add("Access-Control-Allow-Origin", "*")
	default:
		return
	}
	h.Add("Access-Control-Expose-Headers", exposed)
}

// preflight says in h, of the answer to OPTIONS, what pages of the origin that
// asks may send to a path with these methods. nil are those of a service that
// can't tell: it may be sent any, and says itself what it has not.
func (c *cors) preflight(h *bus.Header, asks bus.Header, methods []string) {
	method, trusted := asks.Get("Access-Control-Request-Method"), c.trusts(asks.Get("Origin"))
	if !trusted && !c.any || method == "" {
		return
	}
	switch {
	case methods != nil:
		h.Add("Access-Control-Allow-Methods", services.AllowField(methods))
	case isList(method):
		h.Add("Access-Control-Allow-Methods", method)
	}
	if fields := asks.Get("Access-Control-Request-Headers"); isList(fields) {
		h.Add("Access-Control-Allow-Headers", fields) // what no client may send, the edge takes away
	}
	if trusted && asks.Get("Access-Control-Request-Private-Network") == "true" {
		h.Add("Access-Control-Allow-Private-Network", "true")
	}
	h.Add("Access-Control-Max-Age", preflightAge)
}

// isList reports whether s is a list of tokens of a fair length (RFC 9110
// section 5.6.1).
func isList(s string) bool {
	return s != "" && len(s) <= longestAsked && strings.IndexFunc(s, func(r rune) bool {
		return (r < '0' || '9' < r) && (r < 'A' || 'Z' < r) && (r < 'a' || 'z' < r) && !strings.ContainsRune("!#$%&'*+-.^_`|~, \t", r)
	}) < 0
}

// withoutCORS returns h without what a service says of origins, such as one that
// passes on the answer of another server: the configuration says that.
func withoutCORS(h bus.Header) bus.Header {
	const prefix = "Access-Control-"
	return slices.DeleteFunc(h, func(f bus.Field) bool {
		return len(f.Name) > len(prefix) && strings.EqualFold(f.Name[:len(prefix)], prefix)
	})
}
