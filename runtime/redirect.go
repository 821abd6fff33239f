package runtime

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/runtime/edge"
)

// redirect sends every client to the same place over TLS. It is a service of
// its own edge, so that what bounds a client there does here.
type redirect struct {
	answers func(host string) bool
	public  *url.URL // nil if it says nothing of https
	port    string   // that https is at: a colon and the number, "" for the usual one
}

// newRedirect returns the redirect to what l serves. It sends nobody to a host
// that is not the server's own: where the configuration does not say which are,
// the certificate does.
func newRedirect(l *listening) *redirect {
	d := &redirect{answers: hosts(&l.server, l.doors[0].address, func(name string) bool {
		c := l.certificate.Load()
		return c != nil && c.Leaf.VerifyHostname(name) == nil
	})}
	if u, err := url.Parse(l.server.PublicURL); err == nil && u.Scheme == "https" {
		d.public = u
	}
	if _, port, err := net.SplitHostPort(l.doors[0].socket.Addr().String()); err == nil && port != "443" {
		d.port = ":" + port
	}
	return d
}

// Serve is part of bus.Service.
func (d *redirect) Serve(ctx context.Context, m *bus.Message) (*bus.Message, error) {
	defer m.Close()
	field := bus.RootOf(ctx).Host
	asked := parseHost(field)
	to := m.URL
	to.Scheme = "https"
	switch {
	case !d.answers(field):
		return nil, edge.Misdirected(field)
	case d.public != nil && (field == "" || parseHost(d.public.Hostname()) == host{name: asked.name, address: asked.address}):
		to.Host = d.public.Host
	case field == "":
		return nil, bus.Errorf(http.StatusBadRequest, "a request without a Host: say which host it is for")
	default:
		to.Host = asked.String() + d.port
		if strings.Contains(asked.String(), ":") {
			to.Host = "[" + asked.String() + "]" + d.port
		}
	}
	reply := bus.Reply(http.StatusPermanentRedirect, nil)
	reply.Header.Set("Location", to.String())
	return reply, nil
}
