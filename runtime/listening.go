package runtime

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/seed90475182/restspace/runtime/config"
	"github.com/seed90475182/restspace/runtime/edge"
)

// listening is where the server is reached with one block server of the
// configuration. When only its settings change, new edges take over the
// sockets: no connection is refused meanwhile.
type listening struct {
	server      config.Server
	certificate atomic.Pointer[tls.Certificate] // what TLS shows: a renewed one ends no connection
	doors       []*door                         // server.listen, and the others that there are
	made        []*net.TCPListener              // sockets that were not there before
	left        []*door                         // of what was before, whose sockets are not needed any more
}

// The doors, by their keys in the configuration.
const (
	mainDoor     = "server.listen"
	redirectDoor = "server.redirectHTTP"
	adminDoor    = "server.adminListen"
)

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
	l := &listening{server: conf.Server}
	if old != nil {
		l.left = slices.Clone(old.doors)
	}
	err := l.open(mainDoor, cmp.Or(r.options.Address, conf.Server.Listen))
	if err == nil && conf.Server.RedirectHTTP != "" {
		err = l.open(redirectDoor, conf.Server.RedirectHTTP)
	}
	if err == nil && conf.Server.AdminListen != "" {
		err = l.open(adminDoor, conf.Server.AdminListen)
	}
	if err != nil {
		l.abandon()
		return nil, err
	}
	return l, nil
}

// open adds a door at an address, with the socket that is there already if one
// is.
func (l *listening) open(key, address string) error {
	var socket *net.TCPListener
	if i := slices.IndexFunc(l.left, func(old *door) bool { return old.address == address }); i >= 0 {
		socket = l.left[i].socket
		l.left = slices.Delete(l.left, i, i+1)
	} else {
		made, err := net.Listen("tcp", address)
		if err != nil {
			return fmt.Errorf("%s: %w%s", key, err, l.advice(address, err))
		}
		socket = made.(*net.TCPListener)
		l.made = append(l.made, socket)
	}
	d, err := newDoor(key, address, socket)
	if err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	l.doors = append(l.doors, d)
	return nil
}

// advice says what to do about an address that can't be listened on.
func (l *listening) advice(address string, err error) string {
	if !errors.Is(err, syscall.EADDRINUSE) {
		return ""
	}
	there := func(d *door) bool {
		_, port, _ := net.SplitHostPort(d.address)
		_, wanted, _ := net.SplitHostPort(address)
		return port == wanted
	}
	if i := slices.IndexFunc(l.left, there); i >= 0 {
		return fmt.Sprintf(": this server itself is there, on %s: restart it", l.left[i].address)
	}
	if i := slices.IndexFunc(l.doors, there); i >= 0 {
		return fmt.Sprintf(": this server itself is there, on %s: write another port", l.doors[i].address)
	}
	return ": is another server running there?"
}

// abandon closes what was opened for l, which nobody has served.
func (l *listening) abandon() {
	for _, d := range l.doors {
		_ = d.accepts.Close()
	}
	for _, socket := range l.made {
		_ = socket.Close()
	}
}

// enter has l serve in the place of what served before.
func (r *Runtime) enter(l *listening, conf *config.Config) {
	old := r.listening
	if l == nil {
		return
	}
	shown := l.certificate.Swap(conf.Certificate)
	if old != nil {
		shown = cmp.Or(shown, old.certificate.Load())
	}
	r.logCertificate(shown, conf)
	if l == old {
		return
	}
	r.listening = l
	r.remote.own.set(l.addresses()...)
	for _, d := range l.doors {
		d.serve(r.edgeOf(d, conf, l))
		if r.leaving.Load() {
			d.edge.Leave()
		}
	}
	r.edge.Store(l.doors[0].edge)
	if old == nil {
		return
	}
	for _, d := range old.doors {
		d.edge.Stop()
	}
	for _, d := range l.left {
		_ = d.socket.Close()
	}
	l.left = nil
	r.retired.Go(func() {
		old.each(func(d *door) error { d.edge.Retire(r.life, r.cutoff); return <-d.served })
	})
}

// edgeOf returns what serves a door of l.
func (r *Runtime) edgeOf(d *door, conf *config.Config, l *listening) *edge.Server {
	o := r.edgeOptions(conf, l)
	switch d.key {
	case redirectDoor:
		o.Host, o.Certificate = nil, nil // it looks at the host itself
		return edge.New(newRedirect(l), o)
	case adminDoor:
		o.Host, o.Certificate = hosts(new(config.Server), d.address, anyName), nil
		o.LogSample = 0    // it is asked every few seconds
		o.Limits.Delay = 0 // most of all when there is too much to do
		o.Tracer, o.Counter, o.Dropped = nil, nil, nil
		return edge.New(desk{r}, o)
	}
	return edge.New(r, o)
}

// logCertificate notes that conf has another certificate than was shown before,
// and what is wrong with it.
func (r *Runtime) logCertificate(shown *tls.Certificate, conf *config.Config) {
	log, c := slog.New(r.log), conf.Certificate
	if c != nil && shown != nil && !c.Leaf.Equal(shown.Leaf) {
		log.Info("certificate renewed", "names", config.NamesOf(c.Leaf), "ends", c.Leaf.NotAfter.UTC())
	}
	for _, warning := range conf.Warnings(time.Now()) {
		log.Warn(warning)
	}
}

// leave has balancers notice that r will end, as long as server.shutdownDelay says
// or until ctx ends: nothing is refused yet.
func (r *Runtime) leave(ctx context.Context) {
	delay := r.beginToLeave()
	if delay == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, delay)
	defer cancel()
	<-ctx.Done()
}

// beginToLeave returns how long balancers have to notice.
func (r *Runtime) beginToLeave() time.Duration {
	r.loading.Lock()
	defer r.loading.Unlock()
	g, l := r.current.Load(), r.listening
	if g == nil || l == nil || g.conf.Server.ShutdownDelay == 0 {
		return 0
	}
	r.leaving.Store(true)
	for _, d := range l.doors {
		d.edge.Leave()
	}
	return g.conf.Server.ShutdownDelay.Duration()
}

// close takes no more connections and waits for the requests until ctx ends. So
// long operators are told about it.
func (l *listening) close(ctx context.Context) error {
	clients := l.each(func(d *door) error {
		if d.key == adminDoor {
			return nil
		}
		return d.close(ctx)
	})
	if d := l.door(adminDoor); d != nil {
		return errors.Join(clients, d.close(ctx))
	}
	return clients
}

// door returns the one with a key, nil if there is none.
func (l *listening) door(key string) *door {
	if i := slices.IndexFunc(l.doors, func(d *door) bool { return d.key == key }); i >= 0 {
		return l.doors[i]
	}
	return nil
}

// each does something with all doors at once, and waits for the end of it.
func (l *listening) each(do func(*door) error) error {
	errs := make([]error, len(l.doors))
	var all sync.WaitGroup
	for i, d := range l.doors {
		all.Go(func() { errs[i] = do(d) })
	}
	all.Wait()
	return errors.Join(errs...)
}

// addresses returns what is listened on.
func (l *listening) addresses() []netip.AddrPort {
	list := make([]netip.AddrPort, len(l.doors))
	for i, d := range l.doors {
		list[i] = d.socket.Addr().(*net.TCPAddr).AddrPort()
	}
	return list
}

// Addr returns the address that is listened on, "" if there is none.
func (r *Runtime) Addr() string { return r.addr(mainDoor) }

func (r *Runtime) addr(key string) string {
	r.loading.Lock()
	defer r.loading.Unlock()
	if r.listening == nil {
		return ""
	}
	d := r.listening.door(key)
	if d == nil {
		return ""
	}
	return d.socket.Addr().String()
}

// URL returns the scheme and the address that is listened on, such as
// https://127.0.0.1:3100, "" if there is none.
func (r *Runtime) URL() string {
	r.loading.Lock()
	defer r.loading.Unlock()
	if r.listening == nil {
		return ""
	}
	return r.listening.url()
}

// RedirectAddr returns the address that sends its clients to https, "" if there
// is none.
func (r *Runtime) RedirectAddr() string { return r.addr(redirectDoor) }

// AdminAddr returns the address that is for operators alone, "" if there is none.
func (r *Runtime) AdminAddr() string { return r.addr(adminDoor) }

func (l *listening) url() string {
	scheme := "http"
	if l.server.TLS != nil {
		scheme = "https"
	}
	return scheme + "://" + l.doors[0].socket.Addr().String()
}

func (r *Runtime) edgeOptions(conf *config.Config, on *listening) edge.Options {
	l := &conf.Server.Limits
	o := edge.Options{
		Limits: edge.Limits{
			HeaderBytes: int(l.HeaderBytes), HeaderFields: l.HeaderFields,
			HeaderTimeout: l.HeaderTimeout.Duration(), IdleTimeout: l.IdleTimeout.Duration(), Timeout: l.Timeout.Duration(),
			InFlight: l.InFlight, Queue: l.Queue, Delay: l.Delay.Duration(),
			Connections: l.Connections, ConnectionsPerIP: l.ConnectionsPerIP,
		},
		Host:           hosts(&conf.Server, on.doors[0].address, anyName),
		Origin:         conf.Server.Origin(),
		TrustedProxies: conf.Server.TrustedProxies,
		Tracer:         &r.traces,
		Counter:        r.metrics.Elsewhere,
		Dropped:        r.metrics.Dropped,
		Log:            slog.New(r.log),
		LogSample:      conf.Server.Log.Sample,
	}
	if conf.Server.AdminListen == "" {
		o.Spared = ofHealth
	}
	if t := conf.Server.TLS; t != nil {
		o.Certificate, o.HSTS = on.certificate.Load, t.HSTS.Duration()
	}
	return o
}
