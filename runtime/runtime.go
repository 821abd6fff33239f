package runtime

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
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
	Source   Source                      // what Reload reads; nil if there is only Load
}

// A Source is where a configuration is kept, such as a file. It is safe for
// concurrent use.
type Source interface {
	// Name is how messages call it.
	Name() string

	// Read returns the content. Where there is none the error is
	// fs.ErrNotExist.
	Read(ctx context.Context) ([]byte, error)
}

// A Runtime serves one configuration after the other. It is a bus.Service for
// requests from outside. Make one with [New], give it a configuration with
// Load, and Close it. Safe for concurrent use.
type Runtime struct {
	options Options
	kinds   config.Kinds
	pool    adaptors.Pool
	remote  outgoing

	current atomic.Pointer[generation]
	log     liveLog

	loading   sync.Mutex // one Load at a time; guards what follows
	closed    bool
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
	return &Runtime{
		options: o,
		kinds:   config.Kinds{Services: o.Services, Adaptors: o.Adaptors},
		remote:  newOutgoing(),
		log:     liveLog{current: new(atomic.Pointer[slog.Handler])},
	}
}

var (
	errClosed    = errors.New("runtime: it is closed")
	errNotLoaded = &bus.Error{Status: http.StatusServiceUnavailable, Type: bus.TypeUnavailable, Detail: "no configuration is loaded"}
)

// Load makes the configuration in data the current one. name is its file, for
// messages. All that can fail fails before anything changes: an error leaves
// what was current as it is. It is config.Errors where the configuration is
// wrong. Bytes that are current already change nothing, but for services whose
// stores have failed or moved: these are opened anew.
//
// With the first configuration a service that can't start does not fail Load:
// its mount answers 503 while it is tried again. Later any failure does.
func (r *Runtime) Load(ctx context.Context, name string, data []byte) error {
	r.loading.Lock()
	defer r.loading.Unlock()
	_, err := r.load(ctx, name, data)
	return err
}

// Reload is Load of what the Source holds now. version is that of the content
// that was read, "" if none was: an error of the same version is the same
// error. changed says whether another configuration is current now.
func (r *Runtime) Reload(ctx context.Context) (version string, changed bool, err error) {
	r.loading.Lock()
	defer r.loading.Unlock()
	data, err := r.options.Source.Read(ctx)
	if err != nil {
		return "", false, err
	}
	changed, err = r.load(ctx, r.options.Source.Name(), data)
	return versionOf(data), changed, err
}

// load is Load for who holds loading.
func (r *Runtime) load(ctx context.Context, name string, data []byte) (changed bool, err error) {
	if r.closed {
		return false, errClosed
	}
	conf, err := config.Parse(name, data, r.kinds, config.Lookup{Env: r.options.Env, ReadFile: os.ReadFile})
	if err != nil {
		return false, err
	}
	old, hash := r.current.Load(), hashOf(data, conf)
	if old != nil && old.hash == hash && old.healthy() {
		return false, nil
	}
	if old == nil {
		r.logAs(conf)
	}
	next, err := r.build(ctx, conf, old)
	if err != nil {
		return false, err
	}
	next.hash = hash
	door, err := r.listen(conf)
	if err != nil {
		next.close()
		return false, err
	}
	r.current.Store(next)
	r.logAs(conf)
	for _, i := range next.instances {
		i.run()
	}
	r.enter(door, conf)
	if old != nil {
		r.retire(context.Background(), old)
	}
	return true, nil
}

// hashOf tells configurations apart: by their bytes, the values that came from
// outside the file, and the certificate.
func hashOf(data []byte, conf *config.Config) [32]byte {
	h := sha256.New()
	_, _ = h.Write(data)
	for _, secret := range conf.Secrets {
		_, _ = fmt.Fprintf(h, "%d:%s", len(secret), secret)
	}
	if conf.Certificate != nil { // which goes with one key only
		for _, part := range conf.Certificate.Certificate {
			_, _ = h.Write(part)
		}
	}
	return [32]byte(h.Sum(nil))
}

// versionOf tells contents of a Source apart.
func versionOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:16])
}

// Config returns the current configuration, nil before the first and after the
// end.
func (r *Runtime) Config() *config.Config {
	if g := r.current.Load(); g != nil {
		return g.conf
	}
	return nil
}

// Token returns a token that says that its bearer is u, for the time life: what
// the current configuration believes.
func (r *Runtime) Token(u *bus.User, life time.Duration) (string, error) {
	g := r.pin()
	if g == nil {
		return "", errNotLoaded
	}
	defer g.unpin()
	return g.issuer.Sign(u, life)
}

// retire lets the requests of a replaced generation end, for as long as it
// gives them and ctx lasts, and closes what the next one has not taken over.
func (r *Runtime) retire(ctx context.Context, g *generation) {
	g.letGo()
	r.retired.Go(func() {
		ctx, cancel := context.WithTimeout(ctx, g.conf.Server.Drain.Duration())
		defer cancel()
		select {
		case <-g.drained:
		case <-ctx.Done():
		}
		g.close()
	})
}

// Close takes no more connections, lets the requests end, and closes all. The
// requests have the drain time of the configuration, or until ctx ends. It may
// be called more than once.
func (r *Runtime) Close(ctx context.Context) error {
	r.loading.Lock()
	defer r.loading.Unlock()
	g := r.current.Load()
	if r.closed || g == nil {
		r.closed = true
		return nil
	}
	r.closed = true
	ctx, cancel := context.WithTimeout(ctx, g.conf.Server.Drain.Duration())
	defer cancel()
	var err error
	if r.listening != nil {
		err = r.listening.close(ctx)
	}
	r.current.Store(nil)
	r.retire(ctx, g)
	r.retired.Wait()
	err = errors.Join(err, r.remote.close())
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		slog.New(r.log).Warn("requests were cut off at the end of the drain time")
		err = nil
	}
	return err
}
