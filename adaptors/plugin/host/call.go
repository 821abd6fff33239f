package host

import (
	"context"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/seed90475182/restspace/adaptors/plugin/wire"
	"github.com/seed90475182/restspace/bus"
)

// call makes a call that is answered by one message.
func call[R any](ctx context.Context, v *supervisor, do func(context.Context, *process) (R, error)) (reply R, err error) {
	p, err := v.running(ctx)
	if err != nil {
		return reply, err
	}
	w := v.watch(ctx, p)
	defer w.close()
	err = w.during(func() (err error) {
		reply, err = do(w.ctx, p)
		return err
	})
	return reply, err
}

// watch ends a call in which a program is silent for too long.
type watch struct {
	v      *supervisor
	p      *process
	caller context.Context
	ctx    context.Context // of the call
	cancel context.CancelFunc
	timer  *time.Timer // nil before the first during
	silent atomic.Bool
}

// watch begins one; close ends it, and the call.
func (v *supervisor) watch(ctx context.Context, p *process) *watch {
	w := &watch{v: v, p: p, caller: ctx}
	w.ctx, w.cancel = context.WithCancel(ctx)
	return w
}

func (w *watch) close() {
	if w.timer != nil {
		w.timer.Stop()
	}
	w.cancel()
}

// during does what waits for the program, and says what its error means. It does
// nothing for a caller who is gone: what was cancelled before it was sent must
// not get there first.
func (w *watch) during(do func() error) error {
	if err := w.caller.Err(); err != nil {
		return err
	}
	if w.timer == nil {
		w.timer = time.AfterFunc(w.v.Timeout, w.expire)
	} else {
		w.timer.Reset(w.v.Timeout)
	}
	err := do()
	w.timer.Stop()
	switch {
	case err == nil:
		return nil
	case w.caller.Err() != nil:
		return w.caller.Err()
	case w.silent.Load():
		w.v.suspect(w.p)
		return &bus.Error{Status: http.StatusGatewayTimeout, Type: bus.TypeTimeout, Err: fmt.Errorf("plugin %s: silent for %s", w.v.Path, w.v.Timeout),
			Detail: "the program that keeps the documents did not answer in time"}
	case status.Code(err) == codes.Unavailable:
		w.v.suspect(w.p)
	}
	return fmt.Errorf("plugin %s: %w", w.v.Path, wire.Error(w.caller, err))
}

// expire ends the call: the time is over.
func (w *watch) expire() {
	w.silent.Store(true)
	w.cancel()
}

// healthTimeout is how long the answer to Health may take.
const healthTimeout = 2 * time.Second

// health asks a process whether it works. One that has nothing to say to that
// does.
func (v *supervisor) health(p *process) (problem string, err error) {
	ctx, cancel := context.WithTimeout(v.ctx, healthTimeout)
	defer cancel()
	reply, err := p.plugin.Health(ctx, &wire.HealthRequest{}, grpc.WaitForReady(true))
	if status.Code(err) == codes.Unimplemented {
		return "", nil
	}
	return wire.Text(reply.GetProblem()), err
}

// suspect asks a process that was silent, or could not be reached, whether it is
// there at all, and ends it by force if it does not say so: it is started again
// then.
func (v *supervisor) suspect(p *process) {
	if !p.asked.CompareAndSwap(false, true) {
		return
	}
	v.work.Go(func() {
		defer p.asked.Store(false)
		if _, err := v.health(p); status.Code(err) == codes.DeadlineExceeded {
			v.log.Error("the plugin hangs: it is ended by force")
			_ = p.run.Kill(v.ctx)
		}
	})
}
