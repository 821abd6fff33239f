package edge

import (
	"errors"
	"net"
	"os"
	"sync"
	"time"
)

// lazyDeadline is the read deadline of a connection. net/http moves it five
// times a request, and each move costs a timer of the poller. So the poller's
// deadline is left alone where it fires too early: Read sets it anew then, and
// goes on. The zero value is no deadline.
type lazyDeadline struct {
	mu     sync.Mutex
	wanted time.Time // what was asked for last; zero is none
	set    time.Time // what the poller has: not after wanted
}

// guard is how far away the poller's deadline is set where none is wanted:
// nearer than those that will be.
const guard = 2 * time.Second

// isPast reports whether t is net/http's way to wake a reader at once: a
// moment long ago.
func isPast(t time.Time) bool { return !t.IsZero() && t.Unix() < 1e9 }

// move notes a new deadline, and sets it if the poller's would fire too late.
func (d *lazyDeadline) move(c *net.TCPConn, t time.Time) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.wanted = t
	if isPast(d.set) && t.IsZero() {
		t = time.Now().Add(guard)
	} else if !d.set.IsZero() && (t.IsZero() || !t.Before(d.set)) {
		return nil
	}
	d.set = t
	return c.SetReadDeadline(t)
}

// early reports whether err comes of a deadline that is not the one wanted,
// and sets that.
func (d *lazyDeadline) early(c *net.TCPConn, err error) bool {
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		return false
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.wanted.IsZero() && !d.wanted.After(time.Now()) {
		return false
	}
	d.set = d.wanted
	return c.SetReadDeadline(d.set) == nil
}
