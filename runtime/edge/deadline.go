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
// goes on.
type lazyDeadline struct {
	ahead time.Duration // how much too early a new one is set, so that those that follow need not be

	mu     sync.Mutex
	wanted time.Time // what was asked for last; zero is none
	set    time.Time // what the poller has: not after wanted
}

// aheadOf returns how much too early deadlines are set where that of an idle
// connection is the farthest, and that of a header follows it.
func aheadOf(limits Limits) time.Duration {
	return max(0, limits.IdleTimeout-limits.HeaderTimeout/2)
}

// isPast reports whether t is net/http's way to wake a reader at once: a
// moment long ago.
func isPast(t time.Time) bool { return !t.IsZero() && t.Unix() < 1e9 }

// move notes a new deadline, and sets it if the poller's would fire too late.
func (d *lazyDeadline) move(c *net.TCPConn, t time.Time) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.wanted = t
	switch {
	case isPast(t):
		d.set = t
	case t.IsZero() || !d.set.IsZero() && !isPast(d.set) && !t.Before(d.set):
		return nil // fires too early, or has fired: early mends it
	default:
		d.set = t.Add(-d.ahead)
	}
	return c.SetReadDeadline(d.set)
}

// slideStep is how much earlier than maxIdle the deadline of an upgraded
// connection may be, so that it is not moved with each message.
const slideStep = 10 * time.Second

// slide sets the deadline of an upgraded connection where something moves. A
// reader that is to be woken at once still is: net/http has one when it gives
// the connection away, and waits for its end.
func (d *lazyDeadline) slide(c *net.TCPConn, now time.Time) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	left := d.set.Sub(now)
	if isPast(d.wanted) || left <= maxIdle && left > maxIdle-slideStep {
		return nil
	}
	d.set = now.Add(maxIdle)
	return c.SetReadDeadline(d.set)
}

// early reports whether err comes of a deadline that is not the one wanted,
// and sets that.
func (d *lazyDeadline) early(c *net.TCPConn, err error) bool {
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		return false
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if isPast(d.wanted) || !d.wanted.IsZero() && !d.wanted.After(time.Now()) {
		return false
	}
	d.set = d.wanted
	return c.SetReadDeadline(d.set) == nil
}
