package bus

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// A Root is a request from outside together with all calls that it leads to.
// It is the context of them all: it ends when its parent ends, when its time
// is over, or with End. Its timer is made only when somebody waits for Done,
// since most requests are answered before anybody does. Safe for concurrent
// use, but for the exported fields, which are set before the first call.
type Root struct {
	ID     string // of the request, as X-Request-Id shows it
	Trace  Trace
	Client string // address that the request came from, without its port; "" is this process
	Table  *Table // the mounts as this request sees them to its end
	Limits Limits
	Seen   Seen

	parent   context.Context
	deadline time.Time

	calls    atomic.Int64
	buffered atomic.Int64

	mu     sync.Mutex
	ctx    context.Context // made by the first Done
	cancel context.CancelCauseFunc
	timer  *time.Timer
	err    error // how it ended, once it has
	lifted bool
}

// Seen is what was found out about a request on its way, for its line in the
// log. It is written before the reply is returned, by the goroutine that has
// the message.
type Seen struct {
	Mount, User string
	Token       string // why a token was not believed
	Err         error  // what Problem made a reply of
}

// Limits bound what one request from outside may cause inside. Zero is no
// limit.
type Limits struct {
	Depth    int   // calls above a call
	Calls    int64 // calls in all
	Buffered int64 // bytes of streams that are held in memory at one time
}

// NewRoot returns the context of a request that has until timeout from now for
// the first byte of its answer; 0 is no limit.
func NewRoot(parent context.Context, timeout time.Duration) *Root {
	r := &Root{parent: parent}
	if timeout > 0 {
		r.deadline = time.Now().Add(timeout)
	}
	return r
}

type rootKey struct{}

// RootOf returns the Root that ctx descends from, or nil.
func RootOf(ctx context.Context) *Root {
	if r, ok := ctx.(*Root); ok {
		return r
	}
	r, _ := ctx.Value(rootKey{}).(*Root)
	return r
}

// Deadline is part of context.Context.
func (r *Root) Deadline() (time.Time, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.lifted || r.deadline.IsZero() {
		return r.parent.Deadline()
	}
	return r.deadline, true
}

// Done is part of context.Context.
func (r *Root) Done() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ctx == nil {
		r.ctx, r.cancel = context.WithCancelCause(r.parent)
		switch {
		case r.check() != nil:
			r.cancel(r.err)
		case !r.lifted && !r.deadline.IsZero():
			r.timer = time.AfterFunc(time.Until(r.deadline), func() { r.end(context.DeadlineExceeded) })
		}
	}
	return r.ctx.Done()
}

// Err is part of context.Context.
func (r *Root) Err() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.check()
}

// check notes how r ended, if it has. The caller holds mu.
func (r *Root) check() error {
	if r.err == nil {
		r.err = r.parent.Err()
	}
	if r.err == nil && !r.lifted && !r.deadline.IsZero() && !time.Now().Before(r.deadline) {
		r.err = context.DeadlineExceeded
	}
	return r.err
}

// Value is part of context.Context.
func (r *Root) Value(key any) any {
	if _, ok := key.(rootKey); ok {
		return r
	}
	r.mu.Lock()
	ctx := r.ctx
	r.mu.Unlock()
	if ctx == nil {
		ctx = r.parent
	}
	return ctx.Value(key)
}

// Allow replaces the time that the request has for the first byte of its
// answer, counted from now: the mount that it is for may say so. It is called
// before anybody waits for r.
func (r *Root) Allow(timeout time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.deadline = time.Now().Add(timeout)
}

// Lift takes the deadline away: the answer has begun, and from now on it only
// has to keep moving.
func (r *Root) Lift() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.check() != nil {
		return
	}
	r.lifted = true
	if r.timer != nil {
		r.timer.Stop()
	}
}

// End ends the request for all that still works for it.
func (r *Root) End() { r.end(context.Canceled) }

func (r *Root) end(why error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err == nil {
		r.err = why
	}
	if r.timer != nil {
		r.timer.Stop()
	}
	if r.cancel != nil {
		r.cancel(r.err)
	}
}

// Enter counts a call inside, depth calls below the request, and refuses the
// one that is too many: 508 for depth, 429 for their number.
func (r *Root) Enter(depth int) error {
	if r.Limits.Depth > 0 && depth > r.Limits.Depth {
		return &Error{Status: http.StatusLoopDetected, Type: TypeDepth,
			Detail: fmt.Sprintf("services called one another more than %d levels deep: look for one that calls itself", r.Limits.Depth)}
	}
	if n := r.calls.Add(1); r.Limits.Calls > 0 && n > r.Limits.Calls {
		return &Error{Status: http.StatusTooManyRequests, Type: TypeBudget,
			Detail: fmt.Sprintf("the request led to more than %d calls", r.Limits.Calls)}
	}
	return nil
}

// Hold counts n bytes that are held in memory for the request; a negative n
// gives them back. Too many are a 413.
func (r *Root) Hold(n int64) error {
	if held := r.buffered.Add(n); n > 0 && r.Limits.Buffered > 0 && held > r.Limits.Buffered {
		r.buffered.Add(-n)
		return &Error{Status: http.StatusRequestEntityTooLarge, Type: TypeBudget,
			Detail: fmt.Sprintf("the request holds more than %d bytes in memory", r.Limits.Buffered)}
	}
	return nil
}
