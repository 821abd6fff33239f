package remote

import (
	"errors"
	"io"

	"golang.org/x/sys/unix"
)

// asking writes a request and reads what comes first of the answer, in one wait
// for the connection to be readable. Its first step finds out whether the
// connection is quiet: what has come on it already is its end, or an answer
// that nobody asked for and this request would be given. To look first, then
// write, then read in vain, then wait would be one system call more.
type asking struct {
	request []byte // what is left to be written
	into    []byte
	asked   bool // some of the request may have been sent
	n       int  // bytes that were read
	err     error
}

// errStale is the error for a connection on which something has come between
// two calls.
var errStale = errors.New("the connection was not quiet between two calls")

// step is for syscall.RawConn.Read, which calls it again when there is
// something to read as long as it returns false.
func (a *asking) step(fd uintptr) (done bool) {
	n, err := ignoringEINTR(unix.Read, fd, a.into)
	switch {
	case a.asked && err == unix.EAGAIN:
		return false
	case a.asked:
		a.n, a.err = max(n, 0), err
		if n == 0 && err == nil {
			a.err = io.EOF
		}
		return true
	case err != unix.EAGAIN:
		a.err = errStale
		return true
	}
	n, err = ignoringEINTR(unix.Write, fd, a.request)
	switch {
	case err == unix.EAGAIN:
		n = 0
	case err != nil:
		a.err = err
		return true
	}
	a.asked, a.request = true, a.request[n:]
	return len(a.request) > 0
}

func ignoringEINTR(call func(int, []byte) (int, error), fd uintptr, p []byte) (int, error) {
	for {
		n, err := call(int(fd), p)
		if err != unix.EINTR {
			return n, err
		}
	}
}

// quiet reports whether nothing has come on a connection that no call has.
func (c *conn) quiet() bool {
	polled := []unix.PollFd{{Events: unix.POLLIN}}
	err := c.raw.Control(func(fd uintptr) {
		polled[0].Fd = int32(fd)
		_, _ = unix.Poll(polled, 0)
	})
	return err == nil && polled[0].Revents == 0
}
