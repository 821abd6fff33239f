package bus

import (
	"context"
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
	Host   string // that the client asked for, with its port if it named one; "" is this process
	Secure bool   // the client's connection is TLS
	Table  *Table // the mounts as this request sees them to its end
	Limits Limits
	Seen   Seen

	// ForeignCookie says that a page of another origin has a browser send the
	// request, with cookies that are not the page's, and that it may change
	// something.
	ForeignCookie bool

	parent   context.Context
	timeout  time.Duration
	deadline time.Time

	calls    atomic.Int64
	buffered atomic.Int64

	mu     sync.Mutex
	err    error // how it ended, once it has
	lifted bool
	timer  *time.Timer

	// Made by the first Done, and not changed after it.
	ctx     context.Context
	tell    func() // ends ctx and all below it with err
	release context.CancelFunc
	unwatch func() bool // of parent
}

// Seen is what was found out about a request on its way, for its line in the
// log. It is written before the reply is returned, by the goroutine that has
// the message.
type Seen struct {
	Mount, User string
	Token       string // why a token was not believed
	Err         error  // what Problem made a reply of
}

// NewRoot returns the context of a request that has until timeout from now for
// the first byte of its answer; 0 is no limit.
func NewRoot(parent context.Context, timeout time.Duration) *Root {
	return NewRootAt(parent, time.Now(), timeout)
}

// NewRootAt is NewRoot for a request that began at start.
func NewRootAt(parent context.Context, start time.Time, timeout time.Duration) *Root {
	r := &Root{parent: parent, timeout: timeout}
	if timeout > 0 {
		r.deadline = start.Add(timeout)
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
	outer, ok := r.parent.Deadline()
	if r.lifted || r.deadline.IsZero() || ok && outer.Before(r.deadline) {
		return outer, ok
	}
	return r.deadline, true
}

// Done is part of context.Context.
func (r *Root) Done() <-chan struct{} {
	r.mu.Lock()
	var over error
	if r.ctx == nil {
		r.watch()
		over = r.check()
	}
	r.mu.Unlock()
	if over != nil {
		r.end(over)
	}
	return r.ctx.Done()
}

// watch makes what Done needs. The caller holds mu.
func (r *Root) watch() {
	r.ctx, r.release = context.WithCancel((*ending)(r))
	r.unwatch = context.AfterFunc(r.parent, r.expire)
	if !r.lifted && !r.deadline.IsZero() {
		r.timer = time.AfterFunc(time.Until(r.deadline), r.expire)
	}
}

// expire ends r if its parent has ended or its time is over.
func (r *Root) expire() {
	if err := r.Err(); err != nil {
		r.end(err)
	}
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
// answer, counted from now; 0 is no limit. The mount that the request is for
// may say so. What has ended stays so, and a context that was made below r
// keeps the deadline that it saw.
func (r *Root) Allow(timeout time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.timeout = timeout
	r.restart()
}

// Restart has the time for the first byte of the answer begin anew: the client
// still sends its request.
func (r *Root) Restart() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.check() == nil {
		r.restart()
	}
}

// restart sets the deadline anew. The caller holds mu.
func (r *Root) restart() {
	r.deadline = time.Time{}
	if r.timer != nil {
		r.timer.Stop()
	}
	if r.timeout <= 0 || r.lifted {
		return
	}
	r.deadline = time.Now().Add(r.timeout)
	if r.ctx != nil {
		r.timer = time.AfterFunc(r.timeout, r.expire)
	}
}

// Lift takes the deadline away: the answer has begun, and from now on it only
// has to keep moving. A context that was made below r with a later deadline of
// its own has lost that one: the context package does not set a timer for it.
// For those who wait already it does not undo the end.
func (r *Root) Lift() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ctx != nil && r.check() != nil { // it has ended for those who wait
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
	if r.err == nil {
		r.err = why
	}
	if r.timer != nil {
		r.timer.Stop()
	}
	watched := r.ctx != nil
	r.mu.Unlock()
	if watched {
		r.unwatch()
		r.tell()
		r.release()
	}
}
