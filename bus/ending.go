package bus

import "time"

// ending is an Allowance as the parent of the context that its Done makes. That one
// is to end with the error of the Allowance: cancelled by hand it would say
// context.Canceled to all below it, also when the time was over.
type ending Allowance

// never is the Done of what tells its end through AfterFunc alone.
var never = make(chan struct{})

// Deadline is part of context.Context.
func (e *ending) Deadline() (time.Time, bool) { return (*Allowance)(e).Deadline() }

// Done is part of context.Context.
func (e *ending) Done() <-chan struct{} { return never }

// Err is part of context.Context.
func (e *ending) Err() error { return (*Allowance)(e).Err() }

// Value is part of context.Context.
func (e *ending) Value(key any) any { return e.parent.Value(key) }

// AfterFunc is what the context package looks for in a parent that is not its
// own, to be told of its end without a goroutine that waits for it.
func (e *ending) AfterFunc(f func()) (stop func() bool) {
	e.tell = f
	return func() bool { return false }
}
