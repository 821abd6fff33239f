package runtime

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"maps"
	"net/http"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/runtime/config"
	"github.com/seed90475182/restspace/runtime/metrics"
	"github.com/seed90475182/restspace/services"
)

// Waits between the tries to start a service that could not.
const (
	firstRetry = time.Second
	lastRetry  = time.Minute
)

// instance is a service with its adaptors: what is carried over to the next
// generation when its configuration has not changed. It is closed when nobody
// has it any more.
type instance struct {
	conf *config.Service
	env  services.Env
	dry  bool // it changes nothing
	pool *adaptors.Pool
	log  *slog.Logger

	metrics *metrics.Metrics
	service atomic.Pointer[started] // nil while it could not start
	failure atomic.Pointer[error]   // why it could not, for the log
	broken  atomic.Pointer[error]   // why its background work has ended
	refs    atomic.Int64
	stop    context.CancelFunc // ends ctx
	ctx     context.Context    // of replies that may not end by themselves, and of working
	ended   chan struct{}      // closed when all is
	work    sync.WaitGroup
	rest    context.CancelFunc // ends working
	working context.Context    // of the background work: until another instance takes its place
	rested  chan struct{}      // closed when the background work has ended
	running sync.Once
	opened  []io.Closer // in the order of opening; the background work's while it runs
}

// started is a service that runs.
type started struct {
	bus.Service               // as its Kind made it
	service       bus.Service // what answers
	before, after bus.Service // pipelines; nil: there is none
	parts         []part      // its adaptors, in the order of their slots
}

// start tries once to open the adaptors and make the service. A panic is an
// error.
func (i *instance) start(ctx context.Context) (err error) {
	defer func() {
		if caught := recover(); caught != nil {
			i.log.Error("panic", "mount", i.conf.Name, "error", caught, "stack", string(debug.Stack()))
			err = fmt.Errorf("service %q: panic: %v", i.conf.Name, caught)
		}
		if err != nil {
			err = errors.Join(err, i.closeOpened())
			i.failure.Store(&err)
		}
	}()
	env := i.env
	env.Adaptors = make(map[string]any, len(i.conf.Adaptors))
	parts := make([]part, 0, len(i.conf.Adaptors))
	for _, key := range slices.Sorted(maps.Keys(i.conf.Adaptors)) {
		chosen := i.conf.Adaptors[key]
		made, err := i.openAdaptor(ctx, chosen)
		if err != nil {
			return fmt.Errorf("service %q: %s %q: %w", i.conf.Name, key, chosen.Kind.Name, err)
		}
		p := part{key, chosen.Kind.Name, made, i.metrics.Adaptor(i.conf.Name, i.conf.Kind.Name, key, chosen.Kind.Name), new(lastCall)}
		env.Adaptors[key] = i.given(&p)
		parts = append(parts, p)
	}
	service, err := i.conf.Kind.New(ctx, env)
	if err != nil {
		return fmt.Errorf("service %q: %w", i.conf.Name, err)
	}
	i.keep(service)
	s := &started{Service: service, service: service, parts: parts}
	if i.dry {
		s.service = &rehearsal{service, &i.conf.Kind}
	}
	if s.before, err = i.pipeline(ctx, i.conf.Around.Before); err != nil {
		return err
	}
	if s.after, err = i.pipeline(ctx, i.conf.Around.After); err != nil {
		return err
	}
	i.service.Store(s)
	return nil
}

func (i *instance) openAdaptor(ctx context.Context, a config.Adaptor) (any, error) {
	made, err := a.Kind.New(ctx, a.Config, adaptors.Env{Name: i.conf.Name, Log: i.env.Log, Pool: i.pool, ReadOnly: i.dry})
	if i.dry && a.Kind.Of == adaptors.StoreInterface && errors.Is(err, fs.ErrNotExist) {
		made, err = emptyStore{}, nil // as the first start would find it
	}
	if err != nil {
		return nil, err
	}
	i.keep(made)
	return made, nil
}

// keep notes what has to be closed.
func (i *instance) keep(made any) {
	if closer, ok := made.(io.Closer); ok {
		i.opened = append(i.opened, closer)
	}
}

func (i *instance) closeOpened() error {
	var err error
	for _, c := range slices.Backward(i.opened) {
		err = errors.Join(err, c.Close())
	}
	i.opened = nil
	return err
}

// healthy reports whether the adaptors of the service are what they were: one of
// which they are not is not carried over to the next configuration.
func (i *instance) healthy() bool {
	s := i.service.Load()
	if s == nil {
		return true // it is tried again already
	}
	return !slices.ContainsFunc(s.parts, func(p part) bool { return p.health() != nil })
}

// follow has i take the place of before, which still works.
func (i *instance) follow(before *instance) {
	was, now := before.service.Load(), i.service.Load()
	if was == nil || now == nil {
		return
	}
	if successor, ok := now.Service.(services.Successor); ok {
		successor.Follows(was.Service)
	}
}

// run begins the background work: of the service, or the tries to start it.
// Only the first call does. A dry run has none.
func (i *instance) run() {
	i.running.Do(func() {
		if i.dry {
			close(i.rested)
			return
		}
		i.work.Go(func() {
			defer close(i.rested)
			if err := i.background(); err != nil && i.working.Err() == nil {
				i.broken.Store(&err)
				i.log.Error("background work ended", "mount", i.conf.Name, "error", err)
			}
		})
	})
}

// background works until another instance takes the place of i, or i is closed.
// A panic is an error.
func (i *instance) background() (err error) {
	defer func() {
		if caught := recover(); caught != nil {
			err = fmt.Errorf("panic: %v\n%s", caught, debug.Stack())
		}
	}()
	if i.service.Load() == nil && !i.retry() {
		return nil
	}
	if runner, ok := i.service.Load().Service.(services.Runner); ok {
		return runner.Run(i.working)
	}
	return nil
}

// retry tries to start the service until it does or is no longer wanted.
func (i *instance) retry() bool {
	for wait := firstRetry; ; wait = min(2*wait, lastRetry) {
		select {
		case <-i.working.Done():
			return false
		case <-time.After(wait):
		}
		err := i.start(i.ctx)
		if err == nil {
			i.log.Info("service started", "mount", i.conf.Name)
			return true
		}
		i.log.Warn("service can't start yet", "mount", i.conf.Name, "error", err, "next_ms", min(2*wait, lastRetry).Milliseconds())
	}
}

// Serve passes m to the service, or says that it can't start.
func (i *instance) Serve(ctx context.Context, m *bus.Message) (*bus.Message, error) {
	if s := i.service.Load(); s != nil {
		return s.serve(ctx, m)
	}
	_ = m.Close()
	var why error
	if failure := i.failure.Load(); failure != nil {
		why = *failure
	}
	return nil, &bus.Error{
		Status: http.StatusServiceUnavailable,
		Type:   bus.TypeUnavailable,
		Err:    why,
		Detail: "this service could not start and is tried again: the log says why",
		Header: bus.Header{{Name: "Retry-After", Value: "5"}},
	}
}

// methods returns the methods of the service at a service path.
func (i *instance) methods(path []string, dir bool) []string {
	if s := i.service.Load(); s != nil {
		if m, ok := s.Service.(services.Methods); ok {
			return m.Methods(path, dir)
		}
	}
	return nil
}

// acceptPatch returns the formats in which the service takes patches.
func (i *instance) acceptPatch() string {
	if s := i.service.Load(); s != nil {
		if p, ok := s.Service.(services.Patches); ok {
			return p.AcceptPatch()
		}
	}
	return ""
}

// retain counts one more who has the instance, and reports false if it is
// closed already. If it is not, release must follow.
func (i *instance) retain() bool {
	for {
		n := i.refs.Load()
		if n == 0 {
			return false
		}
		if i.refs.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

// release counts one less who has the instance. The last one closes it.
func (i *instance) release() {
	if i.refs.Add(-1) > 0 {
		return
	}
	defer close(i.ended)
	i.stop()
	i.work.Wait()
	if err := i.closeOpened(); err != nil {
		i.log.Error("service closed", "mount", i.conf.Name, "error", err)
	}
}
