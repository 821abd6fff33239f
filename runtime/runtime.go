package runtime

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/runtime/coding"
	"github.com/seed90475182/restspace/runtime/config"
	"github.com/seed90475182/restspace/runtime/edge"
	"github.com/seed90475182/restspace/runtime/hashing"
	"github.com/seed90475182/restspace/runtime/identity"
	"github.com/seed90475182/restspace/runtime/metrics"
	"github.com/seed90475182/restspace/runtime/traces"
	"github.com/seed90475182/restspace/services"
	"github.com/seed90475182/restspace/services/account"
	"github.com/seed90475182/restspace/urlpattern"
)

// Options of a Runtime.
type Options struct {
	Services  services.Registry
	Adaptors  adaptors.Registry
	LogTo     io.Writer                   // os.Stderr if nil
	LogFormat string                      // "json" or "text", where the configuration does not say: json if it is empty
	Env       func(string) (string, bool) // for {"$env"}: os.LookupEnv if nil
	Listen    bool                        // serve the network; false answers Serve only
	Address   string                      // what to listen on in the place of server.listen
	Source    Source                      // what Reload reads; nil if there is only Load
	Version   string                      // of the program, for its metrics
	Once      bool                        // for one request: of a service that can't start only its own reply tells

	// Reads is for requests that sign nobody in: where auth.keyFile is missing, it
	// is not made.
	Reads bool

	// Calls is asked before each call of another server: its error is the answer,
	// and nothing is sent. nil has all called.
	Calls func(url urlpattern.URL) error

	// Keys sign tokens in the place of those in auth.keyFile, which is not
	// touched; nil: those.
	Keys *identity.Keys

	// Hashing returns a command that runs [hashing.Serve]: passwords are hashed
	// there. nil: in this process, beside the requests of others.
	Hashing func() *exec.Cmd

	// DryRun has nothing changed: what would is answered with 204, and told to
	// the record of the request (see package record). There is no background
	// work.
	DryRun bool
}

// A Runtime serves one configuration after the other. It is a bus.Service for
// requests from outside. Make one with [New], give it a configuration with
// Load, and Close it. Safe for concurrent use.
type Runtime struct {
	options Options
	kinds   config.Kinds
	pool    adaptors.Pool
	remote  outgoing
	coder   *coding.Coder
	hashing *hashing.Process // nil: passwords are hashed here
	hasher  *account.Hasher
	metrics *metrics.Metrics
	traces  traces.Traces
	edge    atomic.Pointer[edge.Server] // that clients have; nil where the network is not served

	current atomic.Pointer[generation]
	log     liveLog

	loading   sync.Mutex // one Load at a time; guards what follows
	closed    bool
	listening *listening
	files     []string // of the last configuration that was read
	secrets   []string // of all configurations
	retired   sync.WaitGroup

	life, cutoff context.Context    // until Close begins, and until what it waits for has no more time
	end, cut     context.CancelFunc // of these
	leaving      atomic.Bool        // Close waits until balancers have noticed
}

// New returns a Runtime without a configuration.
func New(o Options) *Runtime {
	if o.LogTo == nil {
		o.LogTo = os.Stderr
	}
	if o.Env == nil {
		o.Env = os.LookupEnv
	}
	r := &Runtime{
		options: o,
		kinds:   config.Kinds{Services: o.Services, Adaptors: o.Adaptors},
		coder:   coding.New(),
		remote:  newOutgoing(o.Calls),
		log:     liveLog{current: new(atomic.Pointer[slog.Handler])},
	}
	r.metrics = metrics.New(o.Version, r.facts)
	r.hasher = account.NewHasher(account.InProcess(account.AtOnce()))
	if o.Hashing != nil {
		r.hashing = hashing.New(o.Hashing, slog.New(r.log))
		r.hasher = account.NewHasher(r.hashing)
	}
	r.life, r.end = context.WithCancel(context.Background())
	r.cutoff, r.cut = context.WithCancel(context.Background())
	return r
}

var (
	errClosed    = errors.New("runtime: it is closed")
	errNotLoaded = &bus.Error{Status: http.StatusServiceUnavailable, Type: bus.TypeUnavailable, Detail: "no configuration is loaded"}
)

// Load makes the configuration in data the current one. name is its file, for
// messages. All that can fail fails before anything changes: an error leaves
// what was current as it is, and so does a ctx that has ended by then. It is
// config.Errors where the configuration is wrong. Bytes that are current already change nothing, but for services whose
// stores have failed or moved: these are opened anew.
//
// With the first configuration a service that can't start does not fail Load:
// its mount answers 503 while it is tried again. Later any failure does.
func (r *Runtime) Load(ctx context.Context, name string, data []byte) error {
	r.loading.Lock()
	defer r.loading.Unlock()
	_, err := r.load(ctx, name, data, true)
	return err
}

// load is Load for who holds loading. Without again, stores that have failed are
// left to fail.
func (r *Runtime) load(ctx context.Context, name string, data []byte, again bool) (changed bool, err error) {
	what := r.reading(name, data)
	next, err := r.prepare(ctx, what, again)
	r.files = what.files
	if err != nil {
		r.refused()
		return false, err
	}
	if err := ctx.Err(); err != nil && r.current.Load() != nil {
		r.discard(next)
		return false, err
	}
	return r.swap(next, name), nil
}

// Again is Load of what is current, with the files and variables that it is made
// of as they are now. opens says whether stores that have failed are opened
// anew. changed says whether another configuration is current now.
func (r *Runtime) Again(ctx context.Context, opens bool) (changed bool, err error) {
	r.loading.Lock()
	defer r.loading.Unlock()
	g := r.current.Load()
	if g == nil {
		return false, errNotLoaded
	}
	return r.load(ctx, g.name, g.data, opens)
}

// prepared is a configuration that only has to be made the current one. The
// zero value is the current one.
type prepared struct {
	*generation
	door   *listening
	traces collecting
}

// prepare does all of Load that can fail. Who holds loading swaps or discards
// the result.
func (r *Runtime) prepare(ctx context.Context, what *reading, again bool) (prepared, error) {
	if r.closed {
		return prepared{}, errClosed
	}
	conf, err := what.parse(r.kinds)
	if err != nil {
		return prepared{}, err
	}
	old, hash := r.current.Load(), what.hash()
	if old != nil && old.hash == hash && (!again || old.healthy()) {
		return prepared{}, nil
	}
	if old == nil {
		r.logAs(conf)
	}
	door, err := r.listen(conf) // first: another server that has the address has the stores, too
	if err != nil {
		return prepared{}, &buildError{err, hide(conf.Secrets, err.Error())}
	}
	traces, err := r.collect(conf)
	var next *generation
	if err == nil {
		next, err = r.build(ctx, conf, old)
	}
	if err != nil {
		traces.abandon()
		r.shut(door)
		return prepared{}, &buildError{err, hide(conf.Secrets, err.Error())}
	}
	next.hash, next.version, next.name, next.data = hash, versionOf(what.data), what.name, what.data
	return prepared{next, door, traces}, nil
}

// buildError is why a configuration that is right in itself can't be served.
type buildError struct {
	error
	text string // without secrets
}

// Error is part of error.
func (e *buildError) Error() string { return e.text }

// Unwrap lets errors.Is see what happened.
func (e *buildError) Unwrap() error { return e.error }

// swap makes next the current configuration, and says whether it was not
// before. by is who wants it.
func (r *Runtime) swap(next prepared, by string) (changed bool) {
	if next.generation == nil {
		r.metrics.Kept()
		return false
	}
	old := r.current.Load()
	if old != nil {
		next.follow(old)
	}
	r.current.Store(next.generation)
	r.served()
	r.logAs(next.conf)
	r.use(next.traces)
	if old != nil {
		rest(old.without(next.generation))
	}
	for _, i := range next.instances {
		i.run()
	}
	r.enter(next.door, next.conf)
	if old != nil {
		r.audit(by, old.version, next.version)
		r.retire(old, next.generation)
	}
	return true
}

// discard gives up what was prepared.
func (r *Runtime) discard(next prepared) {
	if next.generation == nil {
		return
	}
	next.close()
	next.traces.abandon()
	r.shut(next.door)
}

// shut gives up a listening that was prepared.
func (r *Runtime) shut(l *listening) {
	if l != nil && l != r.listening {
		l.abandon()
	}
}

// Config returns the current configuration, nil before the first and after the
// end.
func (r *Runtime) Config() *config.Config {
	if g := r.current.Load(); g != nil {
		return g.conf
	}
	return nil
}

// Version tells the content of the current configuration from any other, as the log
// and the ETag of what administrators GET do; "" before the first Load.
func (r *Runtime) Version() string {
	if g := r.current.Load(); g != nil {
		return g.version
	}
	return ""
}

// Log returns what goes on as the current configuration says, whichever that is.
// It is used after the first one was loaded.
func (r *Runtime) Log() *slog.Logger { return slog.New(r.log) }

// Files returns the files beside its own that the last configuration which was
// to be current is made of, or would be if they were there: where one changes,
// it may be another, or have no errors any more.
func (r *Runtime) Files() []string {
	r.loading.Lock()
	defer r.loading.Unlock()
	return slices.Clone(r.files)
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
// gives them, and closes what next, which may be nil, has not taken over. So
// long may the connections last that have left HTTP behind.
func (r *Runtime) retire(g, next *generation) {
	g.letGo()
	dropped := g.without(next)
	r.retired.Go(func() {
		ctx, cancel := context.WithTimeout(r.cutoff, g.conf.Server.Drain.Duration())
		defer cancel()
		select {
		case <-g.drained:
		case <-ctx.Done():
		}
		g.close()
		for _, i := range dropped {
			select {
			case <-i.ended:
			case <-ctx.Done():
			case <-r.life.Done():
			}
			i.stop()
		}
	})
}

// Close takes no more connections, after the shutdown delay of the configuration or
// when ctx ends, lets the requests end, and closes all. The requests have the drain
// time of the configuration, or until ctx ends; connections that have left HTTP behind
// end with the last of them. It may be called more than once.
func (r *Runtime) Close(ctx context.Context) error {
	r.leave(ctx)
	r.end()
	r.loading.Lock()
	defer r.loading.Unlock()
	defer r.cut()
	g := r.current.Load()
	if r.closed || g == nil {
		r.closed = true
		return nil
	}
	r.closed = true
	ctx, cancel := context.WithTimeout(ctx, g.conf.Server.Drain.Duration())
	defer cancel()
	context.AfterFunc(ctx, r.cut)
	var err error
	if r.listening != nil {
		err = r.listening.close(ctx)
	}
	g.restAll(ctx)
	r.current.Store(nil)
	r.retire(g, nil)
	r.use(collecting{changes: true}) // the last spans have ended
	r.retired.Wait()
	if r.hashing != nil {
		r.hashing.Close()
	}
	err = errors.Join(err, r.remote.close())
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		slog.New(r.log).Warn("requests were cut off at the end of the drain time")
		err = nil
	}
	return err
}
