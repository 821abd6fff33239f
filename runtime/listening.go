package runtime

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"reflect"
	"slices"
	"strings"

	"github.com/seed90475182/restspace/runtime/config"
	"github.com/seed90475182/restspace/runtime/edge"
)

// listening is an address that is listened on, and the edge that serves it.
// When only the settings of the server change, a new edge takes over the
// socket: no connection is refused meanwhile.
type listening struct {
	address string
	server  config.Server
	socket  *net.TCPListener // accepts nothing itself: edges serve duplicates
	edge    *edge.Server
	served  chan error // what Serve of the edge returned
}

// listen prepares what serves conf, without serving yet: the current one where
// nothing about the server has changed, nil where nothing is served at all.
func (r *Runtime) listen(conf *config.Config) (*listening, error) {
	old := r.listening
	switch {
	case !r.options.Listen:
		return nil, nil
	case old != nil && reflect.DeepEqual(old.server, conf.Server):
		return old, nil
	}
	l := &listening{address: cmp.Or(r.options.Address, conf.Server.Listen), server: conf.Server, served: make(chan error, 1)}
	if old != nil && old.address == l.address {
		l.socket = old.socket
		return l, nil
	}
	socket, err := net.Listen("tcp", l.address)
	if err != nil && old != nil {
		return nil, fmt.Errorf("server.listen: %w: if this server itself is there, on %s, restart it", err, old.address)
	}
	if err != nil {
		return nil, fmt.Errorf("server.listen: %w: is another server running there?", err)
	}
	l.socket = socket.(*net.TCPListener)
	return l, nil
}

// enter has l serve in the place of what served before.
func (r *Runtime) enter(l *listening, conf *config.Config) {
	old := r.listening
	if l == nil || l == old {
		return
	}
	r.listening = l
	if own, err := netip.ParseAddrPort(l.socket.Addr().String()); err == nil {
		r.remote.own.set(own)
	}
	l.edge = edge.New(r, r.edgeOptions(conf))
	duplicate, err := duplicateOf(l.socket)
	if err != nil {
		duplicate = l.socket // rather without a way to change settings than not at all
	}
	go func() { l.served <- l.edge.Serve(duplicate) }()
	if old == nil {
		return
	}
	old.edge.Stop()
	if old.socket != l.socket {
		_ = old.socket.Close()
	}
	r.retired.Go(func() {
		ctx, cancel := context.WithTimeout(context.Background(), old.server.Drain.Duration())
		defer cancel()
		old.edge.Retire(ctx)
		<-old.served
	})
}

// duplicateOf returns a second listener on a socket, to be closed on its own.
func duplicateOf(l *net.TCPListener) (net.Listener, error) {
	file, err := l.File()
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return net.FileListener(file)
}

// close takes no more connections and waits for the requests until ctx ends.
func (l *listening) close(ctx context.Context) error {
	err := errors.Join(l.socket.Close(), l.edge.Shutdown(ctx))
	return errors.Join(err, <-l.served)
}

// Addr returns the address that is listened on, "" if there is none.
func (r *Runtime) Addr() string {
	r.loading.Lock()
	defer r.loading.Unlock()
	if r.listening == nil {
		return ""
	}
	return r.listening.socket.Addr().String()
}

func (r *Runtime) edgeOptions(conf *config.Config) edge.Options {
	l := &conf.Server.Limits
	return edge.Options{
		Limits: edge.Limits{
			HeaderBytes: int(l.HeaderBytes), HeaderFields: l.HeaderFields,
			HeaderTimeout: l.HeaderTimeout.Duration(), IdleTimeout: l.IdleTimeout.Duration(), Timeout: l.Timeout.Duration(),
			InFlight: l.InFlight, Queue: l.Queue,
			Connections: l.Connections, ConnectionsPerIP: l.ConnectionsPerIP,
		},
		Host:           hosts(&conf.Server, cmp.Or(r.options.Address, conf.Server.Listen)),
		Origin:         conf.Server.Origin(),
		TrustedProxies: conf.Server.TrustedProxies,
		Log:            slog.New(r.log),
		LogSample:      conf.Server.Log.Sample,
	}
}

// hosts returns which Host fields are answered: those that the configuration
// lists; else, on loopback only, names of loopback, so that no web page can
// reach the server under a name of its own; else the one of the public URL.
func hosts(s *config.Server, address string) func(string) bool {
	public := ""
	if u, err := url.Parse(s.PublicURL); err == nil {
		public = u.Hostname()
	}
	loopback := isLoopback(hostOnly(address))
	return func(host string) bool {
		name := strings.TrimSuffix(hostOnly(host), ".")
		switch {
		case host == "": // HTTP/1.0
			return true
		case len(s.Hosts) > 0:
			return slices.ContainsFunc(s.Hosts, func(h string) bool { return strings.EqualFold(h, name) || strings.EqualFold(h, host) })
		case public != "" && strings.EqualFold(name, public):
			return true
		case loopback:
			return isLoopback(name)
		}
		return public == ""
	}
}

func isLoopback(name string) bool {
	if strings.EqualFold(name, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(name)
	return err == nil && ip.IsLoopback()
}

// hostOnly returns a host without its port and brackets.
func hostOnly(s string) string {
	if name, _, err := net.SplitHostPort(s); err == nil {
		return name
	}
	return strings.Trim(s, "[]")
}
