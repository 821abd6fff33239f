package proxy

import (
	"context"
	"sync/atomic"
	"time"
)

// watch ends a try that takes too long to the first byte of its answer. As
// long as the body of the request moves, that time has not begun.
type watch struct {
	limit  time.Duration
	cancel context.CancelFunc
	timer  *time.Timer
	state  atomic.Int32
}

// States of a watch.
const (
	waiting int32 = iota
	answered
	late
)

// newWatch returns the context of a try, and what watches over it. cancel has
// to be called when the answer has been read.
func newWatch(ctx context.Context, limit time.Duration) (context.Context, *watch) {
	w := &watch{limit: limit}
	ctx, w.cancel = context.WithCancel(ctx)
	w.timer = time.AfterFunc(limit, func() {
		if w.state.CompareAndSwap(waiting, late) {
			w.cancel()
		}
	})
	return ctx, w
}

// moved has the time begin anew.
func (w *watch) moved() {
	if w.state.Load() == waiting {
		w.timer.Reset(w.limit)
	}
}

// answered notes that the try has ended. It returns false if that was too late.
func (w *watch) answered() bool {
	w.timer.Stop()
	return w.state.CompareAndSwap(waiting, answered)
}
