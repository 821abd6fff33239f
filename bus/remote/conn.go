package remote

import (
	"bufio"
	"errors"
	"net"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// patience is how long a call waits before it watches whether its context has
// ended: most calls are over by then, and watching costs more than they do.
const patience = 100 * time.Millisecond

// conn is a connection to a server, used for one call after the other.
type conn struct {
	*net.TCPConn
	host      string
	in        *bufio.Reader
	reused    bool // it has served a call
	idleSince time.Time

	call     *call     // that has the connection
	deadline time.Time // for reads, as it was set last; zero is none
	windowed bool      // it is the end of a window in which something is to come
	moved    bool      // something was read since it was set

	raw  syscall.RawConn
	poll [1]unix.PollFd
	peek func(fd uintptr) // bound once
}

func newConn(c *net.TCPConn, host string) (*conn, error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return nil, err
	}
	it := &conn{TCPConn: c, host: host, raw: raw}
	it.in = bufio.NewReaderSize(it, 4<<10)
	it.peek = func(fd uintptr) {
		it.poll[0] = unix.PollFd{Fd: int32(fd), Events: unix.POLLIN}
		_, _ = unix.Poll(it.poll[:], 0)
	}
	return it, nil
}

// quiet reports whether nothing has come on a connection that no call has: its
// end, or bytes that nobody asked for and the next call would take for its
// answer.
func (c *conn) quiet() bool {
	return c.in.Buffered() == 0 && c.raw.Control(c.peek) == nil && c.poll[0].Revents == 0
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
		n, err := c.TCPConn.Read(p)
		if n > 0 {
			c.moved = true
		}
		if n > 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
			return n, err
		}
		if ended := c.call.ctx.Err(); ended != nil {
			return 0, ended
		}
		if c.windowed && !c.moved {
			return 0, errStalled
		}
		c.windowed = true
		if err := c.wait(time.Now().Add(streamWindow)); err != nil {
			return 0, err
		}
		c.call.watch()
		if ended := c.call.ctx.Err(); ended != nil { // whose deadline may have come before ours
			return 0, ended
		}
	}
}

var errStalled = errors.New("nothing has come for too long")
