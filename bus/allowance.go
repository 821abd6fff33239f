package bus

import (
	"context"
	"sync"
	"time"
)

// An Allowance is a context with a time for the first byte of an answer: it
// ends when its parent ends, when the time is over, or with End, and an answer
// that has begun lifts the time. Its timer is made only when somebody waits
// for Done, since most calls are answered before anybody does; a context of
// the standard library costs five allocations for that. Make one with
// [NewAllowance], and End it. Safe for concurrent use.
type Allowance struct {
	parent   context.Context
	timeout  time.Duration
	deadline time.Time

	mu     sync.Mutex
	err    error         // how it ended, once it has
	most   time.Duration // that timeout may be; 0 is no limit
	lifted bool
	timer  *time.Timer

	// Made by the first Done, and not changed after it.
	ctx     context.Context
	tell    func() // ends ctx and all below it with err
	release context.CancelFunc
	unwatch func() bool // of parent
}

// NewAllowance returns a context that has until timeout from now; 0 is no
// limit.
func NewAllowance(parent context.Context, timeout time.Duration) *Allowance {
	a := new(Allowance)
	a.begin(parent, time.Now(), timeout)
	return a
}

func (a *Allowance) begin(parent context.Context, start time.Time, timeout time.Duration) {
	a.parent, a.timeout = parent, timeout
	if timeout > 0 {
		a.deadline = start.Add(timeout)
	}
}

// Deadline is part of context.Context.
func (a *Allowance) Deadline() (time.Time, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	outer, ok := a.parent.Deadline()
	if a.lifted || a.deadline.IsZero() || ok && outer.Before(a.deadline) {
		return outer, ok
	}
	return a.deadline, true
}

// Done is part of context.Context.
func (a *Allowance) Done() <-chan struct{} {
	a.mu.Lock()
	var over error
	if a.ctx == nil {
		a.watch()
		over = a.check()
	}
	a.mu.Unlock()
	if over != nil {
		a.end(over)
	}
	return a.ctx.Done()
}

// watch makes what Done needs. The caller holds mu.
func (a *Allowance) watch() {
	a.ctx, a.release = context.WithCancel((*ending)(a))
	a.unwatch = context.AfterFunc(a.parent, a.expire)
	if !a.lifted && !a.deadline.IsZero() {
		a.timer = time.AfterFunc(time.Until(a.deadline), a.expire)
	}
}

// expire ends a if its parent has ended or its time is over.
func (a *Allowance) expire() {
	if err := a.Err(); err != nil {
		a.end(err)
	}
}

// Err is part of context.Context.
func (a *Allowance) Err() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.check()
}

// check notes how a ended, if it has. The caller holds mu.
func (a *Allowance) check() error {
	if a.err == nil {
		a.err = a.parent.Err()
	}
	if a.err == nil && !a.lifted && !a.deadline.IsZero() && time.Until(a.deadline) <= 0 {
		a.err = context.DeadlineExceeded
	}
	return a.err
}

// Value is part of context.Context.
func (a *Allowance) Value(key any) any {
	a.mu.Lock()
	ctx := a.ctx
	a.mu.Unlock()
	if ctx == nil {
		ctx = a.parent
	}
	return ctx.Value(key)
}

// Allow replaces the time that the request has for the first byte of its
// answer, counted from now; 0 is no limit. The mount that the request is for
// may say so. What has ended stays so, and a context that was made below a
// keeps the deadline that it saw.
func (a *Allowance) Allow(timeout time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.timeout = timeout
	a.bound()
	a.restart()
}

// AtMost has the request never have more time than that for the first byte of
// its answer, whatever Allow says from now on; it begins now. most is above zero.
func (a *Allowance) AtMost(most time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.most = most
	a.bound()
	if later := time.Now().Add(a.timeout); a.deadline.IsZero() || a.deadline.After(later) {
		a.restart()
	}
}

// bound holds the time to what it may be. The caller holds mu.
func (a *Allowance) bound() {
	if a.most > 0 && (a.timeout <= 0 || a.timeout > a.most) {
		a.timeout = a.most
	}
}

// Restart has the time for the first byte of the answer begin anew: the client
// still sends its request.
func (a *Allowance) Restart() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.check() == nil {
		a.restart()
	}
}

// restart sets the deadline anew. The caller holds mu.
func (a *Allowance) restart() {
	a.deadline = time.Time{}
	if a.timer != nil {
		a.timer.Stop()
	}
	if a.timeout <= 0 || a.lifted {
		return
	}
	a.deadline = time.Now().Add(a.timeout)
	if a.ctx != nil {
		a.timer = time.AfterFunc(a.timeout, a.expire)
	}
}

// Lift takes the deadline away: the answer has begun, and from now on it only
// has to keep moving. A context that was made below a with a later deadline of
// its own has lost that one: the context package does not set a timer for it.
// For those who wait already it does not undo the end.
func (a *Allowance) Lift() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.ctx != nil && a.check() != nil { // it has ended for those who wait
		return
	}
	a.lifted = true
	if a.timer != nil {
		a.timer.Stop()
	}
}

// End ends the request for all that still works for it.
func (a *Allowance) End() { a.end(context.Canceled) }

func (a *Allowance) end(why error) {
	a.mu.Lock()
	if a.err == nil {
		a.err = why
	}
	if a.timer != nil {
		a.timer.Stop()
	}
	watched := a.ctx != nil
	a.mu.Unlock()
	if watched {
		a.unwatch()
		a.tell()
		a.release()
	}
}
