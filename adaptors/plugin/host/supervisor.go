package host

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed90475182/restspace/adaptors/plugin/wire"
	"github.com/seed90475182/restspace/bus"
)

const (
	defaultTimeout = 10 * time.Second

	maxRestarts   = 5 // within restartWindow: then it is left alone for the rest of it
	restartWindow = time.Minute
	firstPause    = 100 * time.Millisecond // between a restart that failed and the next, doubled each time
	lastPause     = 30 * time.Second
)

// supervisor keeps a program running. It starts it again when it ends, at
// most maxRestarts times in a restartWindow. Close ends it.
type supervisor struct {
	*settings
	log  *slog.Logger
	ctx  context.Context // until Close
	stop context.CancelFunc
	work sync.WaitGroup

	restarts atomic.Int64

	mu    sync.Mutex // guards state
	state state
}

// state is what calls find.
type state struct {
	process *process      // nil while there is none; it may have ended
	changed chan struct{} // closed when another state takes its place; nil where nobody starts a process soon
	why     error         // there is none
	next    time.Time     // when the next start is, where it is not soon
}

// supervise starts a program, and opens its adaptor.
func supervise(ctx context.Context, s *settings, log *slog.Logger) (*supervisor, error) {
	v := &supervisor{settings: s, log: log.With("plugin", s.Path)}
	p, err := start(ctx, s, v.log, wire.PluginClient.Open)
	if err != nil {
		return nil, fmt.Errorf("plugin %s: %w", s.Path, err)
	}
	v.ctx, v.stop = context.WithCancel(context.WithoutCancel(ctx))
	v.set(state{process: p, changed: make(chan struct{})})
	v.work.Go(func() { v.run(p) })
	return v, nil
}

// Close ends the program, and waits until it has ended.
func (v *supervisor) Close() error {
	v.stop()
	v.work.Wait()
	return nil
}

var errClosed = errors.New("the plugin is closed")

// run looks after one process after the other.
func (v *supervisor) run(p *process) {
	defer v.set(state{why: errClosed})
	var starts []time.Time // of the restarts in the window, the oldest first
	for p != nil {
		select {
		case <-p.run.ended:
		case <-v.ctx.Done():
		}
		if v.ctx.Err() != nil {
			p.end()
			return
		}
		why := errors.New(p.run.state())
		v.log.Error("the plugin ended", "error", why)
		p.end()
		if p = v.restart(&starts, why); p != nil {
			v.restarts.Add(1)
			v.set(state{process: p, changed: make(chan struct{})})
			v.log.Info("the plugin was started again", "pid", p.run.pid())
		}
	}
}

// restart starts a process anew until it succeeds; it returns nil when v is
// closed.
func (v *supervisor) restart(starts *[]time.Time, why error) *process {
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		if wait := untilNext(starts); wait > 0 {
			v.log.Error("the plugin is left alone for a while", "restarts", maxRestarts, "next_ms", wait.Milliseconds())
			if !v.rest(wait, fmt.Errorf("started %d times again in %s, and then: %w", maxRestarts, restartWindow, why)) {
				return nil
			}
		}
		v.set(state{changed: make(chan struct{}), why: why})
		*starts = append(*starts, time.Now())
		p, err := start(v.ctx, v.settings, v.log, wire.PluginClient.Open)
		if err == nil {
			return p
		}
		if v.ctx.Err() != nil {
			return nil
		}
		why = err
		v.log.Error("the plugin can't be started again", "error", err)
		if !v.rest(pause, why) {
			return nil
		}
	}
}

// untilNext returns how long no process may be started.
func untilNext(starts *[]time.Time) time.Duration {
	for len(*starts) > 0 && time.Since((*starts)[0]) > restartWindow {
		*starts = (*starts)[1:]
	}
	if len(*starts) < maxRestarts {
		return 0
	}
	return restartWindow - time.Since((*starts)[0])
}

// rest lets time pass in which there is no process. It reports false when v is
// closed.
func (v *supervisor) rest(d time.Duration, why error) bool {
	v.set(state{why: why, next: time.Now().Add(d)})
	select {
	case <-v.ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

// set makes s the state, and wakes who waits for it.
func (v *supervisor) set(s state) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.state.changed != nil {
		close(v.state.changed)
	}
	v.state = s
}

func (v *supervisor) now() state {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.state
}

// running returns the process, waiting for one that is being started.
func (v *supervisor) running(ctx context.Context) (*process, error) {
	for {
		s := v.now()
		switch {
		case s.process != nil && !s.process.run.hasEnded():
			return s.process, nil
		case s.changed == nil:
			return nil, v.down(s)
		}
		select {
		case <-s.changed:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// down is the error of a call while there is no process.
func (v *supervisor) down(s state) error {
	seconds := max(1, int(time.Until(s.next).Seconds()+0.999))
	return &bus.Error{Status: http.StatusServiceUnavailable, Type: bus.TypeUnavailable,
		Err:    fmt.Errorf("plugin %s: %w", v.Path, s.why),
		Detail: "the program that this service needs is not running: try again later",
		Header: bus.Header{{Name: "Retry-After", Value: strconv.Itoa(seconds)}}}
}

// Restarts returns how often the program was started again.
func (v *supervisor) Restarts() int64 { return v.restarts.Load() }

// Health returns why the program can't be relied on; nil is well. One whose file
// is another one by now is not: that is started for the next configuration.
func (v *supervisor) Health() error {
	s := v.now()
	switch {
	case s.process == nil:
		return fmt.Errorf("plugin %s: %w", v.Path, s.why)
	case s.process.run.hasEnded():
		return fmt.Errorf("plugin %s: %s", v.Path, s.process.run.state())
	}
	if info, err := os.Lstat(v.Path); err == nil && identify(info) != s.process.program {
		return fmt.Errorf("plugin %s: the program was replaced while it ran", v.Path)
	}
	problem, err := v.health(s.process)
	switch {
	case err != nil:
		return fmt.Errorf("plugin %s: it does not say whether it works: %w", v.Path, err)
	case problem != "":
		return fmt.Errorf("plugin %s: %s", v.Path, problem)
	}
	return nil
}
