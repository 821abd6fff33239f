package runtime

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/runtime/config"
	"github.com/seed90475182/restspace/services"
)

// Options of a Runtime.
type Options struct {
	Services services.Registry
	Adaptors adaptors.Registry
	LogTo    io.Writer                   // os.Stderr if nil
	Env      func(string) (string, bool) // for {"$env"}: os.LookupEnv if nil
	Listen   bool                        // serve the network; false answers Serve only
	Address  string                      // what to listen on in the place of server.listen
}

// A Runtime serves one configuration after the other. It is a bus.Service for
// requests from outside. Make one with [New], give it a configuration with
// Load, and Close it. Safe for concurrent use.
type Runtime struct {
	options Options
	kinds   config.Kinds
	pool    adaptors.Pool

	current atomic.Pointer[generation]

	loading   sync.Mutex // one Load at a time; guards what follows
	listening *listening
	retired   sync.WaitGroup
}

// New returns a Runtime without a configuration.
func New(o Options) *Runtime {
	if o.LogTo == nil {
		o.LogTo = os.Stderr
	}
	if o.Env == nil {
		o.Env = os.LookupEnv
	}
	return &Runtime{options: o, kinds: config.Kinds{Services: o.Services, Adaptors: o.Adaptors}}
}

// Load makes the configuration in data the current one. name is its file, for
// messages. All that can fail fails before anything changes: an error leaves
// what was current as it is. It is config.Errors where the configuration is
// wrong. Bytes that are current already change nothing.
//
// With the first configuration a service that can't start does not fail Load:
// its mount answers 503 while it is tried again. Later any failure does.
func (r *Runtime) Load(ctx context.Context, name string, data []byte) error {
	r.loading.Lock()
	defer r.loading.Unlock()
	old := r.current.Load()
	hash := sha256.Sum256(data)
	if old != nil && old.hash == hash {
		return nil
	}
	conf, err := config.Parse(name, data, r.kinds, config.Lookup{Env: r.options.Env, ReadFile: os.ReadFile})
	if err != nil {
		return err
	}
	next, err := r.build(ctx, conf, old)
	if err != nil {
		return err
	}
	next.hash = hash
	door, err := r.listen(conf)
	if err != nil {
		next.close()
		return err
	}
	r.current.Store(next)
	for _, i := range next.instances {
		i.run()
	}
	r.enter(door, conf)
	if old != nil {
		r.retire(old)
	}
	return nil
}

// Token returns a token that says that its bearer is u, for the time life: what
// the current configuration believes.
func (r *Runtime) Token(u *bus.User, life time.Duration) (string, error) {
	g := r.pin()
	defer g.unpin()
	return g.issuer.Sign(u, life)
}

// retire lets the requests of a replaced generation end, for as long as it
// gives them, and closes what the next one has not taken over.
func (r *Runtime) retire(g *generation) {
	g.letGo()
	r.retired.Go(func() {
		ctx, cancel := context.WithTimeout(context.Background(), g.conf.Server.Drain.Duration())
		defer cancel()
		select {
		case <-g.drained:
		case <-ctx.Done():
		}
		g.close()
	})
}

// Close takes no more connections, lets the requests end, and closes all. The
// requests have the drain time of the configuration, or until ctx ends.
func (r *Runtime) Close(ctx context.Context) error {
	r.loading.Lock()
	defer r.loading.Unlock()
	g := r.current.Load()
	if g == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, g.conf.Server.Drain.Duration())
	defer cancel()
	var err error
	if r.listening != nil {
		err = r.listening.close(ctx)
		r.listening = nil
	}
	r.retire(g)
	r.retired.Wait()
	if errors.Is(err, context.DeadlineExceeded) {
		slog.New(r.handler(g.conf)).Warn("requests were cut off at the end of the drain time")
		err = nil
	}
	return err
}
