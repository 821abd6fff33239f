package remote

import (
	"bufio"
	"errors"
	"net"
	"os"
	"syscall"
	"time"
)

// patience is how long a call waits before it watches whether its context has
// ended: most calls are over by then, and watching costs more than they do.
const patience = 100 * time.Millisecond

// headBuffer holds the header of most answers: what is longer takes a copy more.
const headBuffer = 2 << 10

// conn is a connection to a server, used for one call after the other.
type conn struct {
	*net.TCPConn
	host      string
	window    time.Duration // streamWindow, but in tests
	in        *bufio.Reader
	reused    bool // it has served a call
	idleSince time.Time

	call     *call     // that has the connection
	deadline time.Time // for reads, as it was set last; zero is none
	windowed bool      // it is the end of a window in which something is to come
	moved    bool      // something was read since it was set

	raw     syscall.RawConn
	request []byte // that the next Read writes before it waits
	ask     asking
	step    func(fd uintptr) bool // ask.step with raw's descriptor, bound once
	leave   func()                // is called when it is closed
}

// Close is part of io.Closer.
func (c *conn) Close() error {
	c.leave()
	return c.TCPConn.Close()
}

func newConn(c *net.TCPConn, host string) (*conn, error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return nil, err
	}
	it := &conn{TCPConn: c, host: host, window: streamWindow, raw: raw, leave: func() {}}
	it.step = it.ask.step
	it.in = bufio.NewReaderSize(it, headBuffer)
	return it, nil
}

// begin gives the connection to a call.
func (c *conn) begin(by *call) error {
	c.call, c.windowed = by, false
	now := time.Now()
	if left := c.deadline.Sub(now); left > patience/2 && left <= patience {
		return nil // fires a little too early
	}
	return c.wait(now.Add(patience))
}

// wait sets the deadline of reads; zero is none.
func (c *conn) wait(until time.Time) error {
	c.deadline, c.moved = until, false
	return c.SetReadDeadline(until)
}

// Read is part of io.Reader. It waits as long as the context of its call lasts
// and, once the patience is over, something comes in each window.
func (c *conn) Read(p []byte) (int, error) {
	for {
		n, err := c.readOnce(p)
		if n > 0 {
			c.moved = true
		}
		if n > 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
			return n, err
		}
		if over := c.call.over(); over != nil {
			return 0, over
		}
		if c.windowed && !c.moved {
			return 0, errStalled
		}
		c.windowed = true
		if err := c.wait(time.Now().Add(c.window)); err != nil {
			return 0, err
		}
		c.call.watch()
		if over := c.call.over(); over != nil { // whose deadline may have come before ours
			return 0, over
		}
	}
}

// readOnce writes the request if there is one, and reads.
func (c *conn) readOnce(p []byte) (int, error) {
	if c.request == nil {
		return c.TCPConn.Read(p)
	}
	c.ask = asking{request: c.request, into: p}
	err := c.raw.Read(c.step)
	if !c.ask.asked && err == nil {
		return 0, &unsentError{c.ask.err}
	}
	if !c.ask.asked {
		return 0, err
	}
	c.request = nil
	if left := c.ask.request; err == nil && len(left) > 0 { // more than the kernel takes at once
		c.call.watch()
		if _, err := c.TCPConn.Write(left); err != nil {
			return 0, &unsentError{err}
		}
		return c.TCPConn.Read(p)
	}
	return c.ask.n, errors.Join(err, c.ask.err)
}

var errStalled = errors.New("nothing has come for too long")
