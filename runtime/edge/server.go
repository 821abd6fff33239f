package edge

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed90475182/restspace/bus"
)

// A Server serves a bus.Service over HTTP/1.1 and, with TLS, HTTP/2. Make one with [New].
type Server struct {
	service bus.Service
	options Options
	http    http.Server
	gate    *gate
	delay   *delay
	streams *tally // requests of HTTP/2
	writer  *bus.ReplyWriter
	pool    sync.Pool // *exchange
	hsts    string    // Strict-Transport-Security, "" if it is not sent

	listener atomic.Pointer[listener]
	leaving  atomic.Bool // connections end with their next answer,
	retiring atomic.Bool // and no more are taken
	warned   time.Time   // when the log had the last line of dropped connections; of who accepts them
}

// dropped tells of a connection that was one too many: the log once a minute.
func (s *Server) dropped(limit string, from netip.Addr) {
	if s.options.Dropped != nil {
		s.options.Dropped(limit)
	}
	if now := time.Now(); now.Sub(s.warned) >= time.Minute {
		s.warned = now
		s.options.Log.Warn("connections are closed at once: there are more than server.limits."+limit+" lets in", "client", from)
	}
}

// New returns a server that has all requests answered by service, whose Serve
// is called with a *bus.Root as its context. It panics over an Origin that is
// none.
func New(service bus.Service, o Options) *Server {
	o.crossOrigin = http.NewCrossOriginProtection()
	if o.Origin != "" {
		if err := o.crossOrigin.AddTrustedOrigin(o.Origin); err != nil {
			panic(fmt.Sprintf("edge: the own origin: %v", err))
		}
	}
	o.window, o.lastWords = cmp.Or(o.window, slowWindow), cmp.Or(o.lastWords, lastWords)
	s := &Server{
		service: service,
		options: o,
		gate:    newGate(o.Limits.InFlight, o.Limits.Queue),
		delay:   newDelay(o.Limits.Delay),
		streams: newTally(o.Limits.ConnectionsPerIP),
		writer:  bus.NewReplyWriter(),
		pool:    sync.Pool{New: func() any { return new(exchange) }},
	}
	if o.HSTS > 0 {
		s.hsts = fmt.Sprintf("max-age=%d", int64(o.HSTS.Seconds()))
	}
	s.http = http.Server{
		Handler:                      http.HandlerFunc(s.handle),
		MaxHeaderBytes:               o.Limits.HeaderBytes,
		ReadHeaderTimeout:            o.Limits.HeaderTimeout,
		IdleTimeout:                  o.Limits.IdleTimeout,
		DisableGeneralOptionsHandler: true,
		ConnContext:                  withConn,
		ErrorLog:                     slog.NewLogLogger(o.Log.Handler(), slog.LevelDebug),
		TLSConfig:                    tlsConfig(o.Certificate),
		HTTP2:                        http2Config(),
	}
	return s
}

// Serve answers the connections of l until Shutdown or Retire, which it closes
// l for. The error is nil then. It is called once.
func (s *Server) Serve(l net.Listener) error {
	bounded := newListener(l, s.options.Limits)
	bounded.drop = s.dropped
	s.listener.Store(bounded)
	if s.retiring.Load() {
		_ = bounded.Close()
	}
	var err error
	if s.options.Certificate != nil {
		err = s.http.ServeTLS(bounded, "", "")
	} else {
		err = s.http.Serve(bounded)
	}
	if errors.Is(err, http.ErrServerClosed) || s.retiring.Load() {
		return nil
	}
	return err
}

// Load is how much a [Server] has to do.
type Load struct {
	Connections      int // that are open
	InFlight, Queued int // requests that are worked on, and that wait
}

// Load returns how much there is to do now.
func (s *Server) Load() Load {
	load := Load{InFlight: int(s.gate.inFlight.Load()), Queued: int(s.gate.waiting.Load())}
	if l := s.listener.Load(); l != nil {
		load.Connections = l.count()
	}
	return load
}

// lastWords is how long connections that wait for a request have at the end. The
// request may be on its way, as on those of a balancer, and net/http would drop it.
const lastWords = 50 * time.Millisecond

// Shutdown takes no more connections, waits until all requests are answered or
// ctx ends, and closes what is open then.
func (s *Server) Shutdown(ctx context.Context) error {
	s.Stop()
	words, cancel := context.WithTimeout(ctx, s.options.lastWords)
	defer cancel()
	s.ended(words)
	err := s.http.Shutdown(ctx)
	if err != nil {
		err = errors.Join(err, s.http.Close())
	}
	if l := s.listener.Load(); l != nil {
		l.closeUpgraded()
	}
	return err
}

// Leave has connections end with the answer to their next request, while more are
// taken still.
func (s *Server) Leave() { s.leaving.Store(true) }

// Stop takes no more connections, and lets those that are open end with the
// answer to their next request.
func (s *Server) Stop() {
	s.Leave()
	s.retiring.Store(true)
	if l := s.listener.Load(); l != nil {
		_ = l.Close()
	}
}

// Retire is Stop, and waits until the connections have ended, since net/http's
// own shutdown drops requests that it is just reading. When life ends, what is
// left is shut down as Shutdown does until cutoff ends.
func (s *Server) Retire(life, cutoff context.Context) {
	s.Stop()
	s.ended(life)
	_ = s.Shutdown(cutoff)
}

// ended waits until the connections have ended, or ctx.
func (s *Server) ended(ctx context.Context) {
	if l := s.listener.Load(); l != nil {
		select {
		case <-l.empty:
		case <-ctx.Done():
		}
	}
}
