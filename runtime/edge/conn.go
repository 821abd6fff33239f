package edge

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// conn is a connection whose writes must move: each piece has the time that
// its bytes take at the slowest rate allowed, and one window more. Nobody looks
// at the clock for that, since most writes do not wait: a deadline that fires
// is set once more for what is left of the piece, and ends the connection when
// it fires again.
type conn struct {
	*net.TCPConn
	read     lazyDeadline
	armed    bool // a write deadline is set; used by one writer at a time
	upgraded atomic.Bool
	left     func()
	once     sync.Once
}

// writePiece is what is written under one deadline.
const writePiece = 8 * slowPiece

// Read is part of net.Conn.
func (c *conn) Read(p []byte) (int, error) {
	for {
		if c.upgraded.Load() {
			if err := c.read.slide(c.TCPConn, time.Now()); err != nil {
				return 0, err
			}
			return c.TCPConn.Read(p)
		}
		n, err := c.TCPConn.Read(p)
		if n > 0 || err == nil || !c.read.early(c.TCPConn, err) {
			return n, err
		}
	}
}

// WriteTo copies through Read, which the one of net.TCPConn would not.
func (c *conn) WriteTo(w io.Writer) (int64, error) {
	return io.Copy(w, struct{ io.Reader }{c})
}

// Write is part of net.Conn.
func (c *conn) Write(p []byte) (n int, err error) {
	for n < len(p) && err == nil {
		var m int
		m, err = c.writeAll(p[n:min(n+writePiece, len(p))])
		n += m
	}
	return n, err
}

// ReadFrom keeps sendfile within reach of net/http, which gives it files in
// pieces of known size. Each piece has a deadline of its own, and none is tried
// again: what was read of the file when one fires may not have been written.
func (c *conn) ReadFrom(r io.Reader) (n int64, err error) {
	limited, ok := r.(*io.LimitedReader)
	if !ok {
		return io.Copy(struct{ io.Writer }{c}, r)
	}
	for limited.N > 0 {
		piece := io.LimitedReader{R: limited.R, N: min(writePiece, limited.N)}
		size := piece.N
		if err := c.arm(size); err != nil {
			return n, err
		}
		m, err := c.TCPConn.ReadFrom(&piece)
		n += m
		limited.N -= m
		if err != nil || m < size {
			return n, err
		}
	}
	return n, nil
}

// arm gives n bytes the time that they may take.
func (c *conn) arm(n int64) error {
	c.armed = true
	return c.TCPConn.SetWriteDeadline(time.Now().Add(timeFor(n, slowWindow)))
}

// timeFor returns the time that n bytes may take.
func timeFor(n int64, window time.Duration) time.Duration {
	return window * time.Duration(1+n/slowPiece)
}

// writeAll writes p within the time that it may take.
func (c *conn) writeAll(p []byte) (n int, err error) {
	if c.upgraded.Load() { // what moves out keeps it open
		if err := c.read.slide(c.TCPConn, time.Now()); err != nil {
			return 0, err
		}
	}
	for again := !c.armed; ; again = true {
		if again {
			if err := c.arm(int64(len(p) - n)); err != nil {
				return n, err
			}
		}
		m, err := c.TCPConn.Write(p[n:])
		n += m
		if again || !errors.Is(err, os.ErrDeadlineExceeded) {
			return n, err
		}
	}
}

// SetReadDeadline is part of net.Conn.
func (c *conn) SetReadDeadline(t time.Time) error { return c.read.move(c.TCPConn, t) }

// SetWriteDeadline is part of net.Conn. None is what Write takes care of.
func (c *conn) SetWriteDeadline(t time.Time) error {
	if t.IsZero() {
		return nil
	}
	c.armed = false
	return c.TCPConn.SetWriteDeadline(t)
}

// SetDeadline is part of net.Conn.
func (c *conn) SetDeadline(t time.Time) error {
	return errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}

// Close is part of net.Conn.
func (c *conn) Close() error {
	c.once.Do(c.left)
	return c.TCPConn.Close()
}

type connKey struct{}

// withConn lets upgrade find the connection of a request.
func withConn(ctx context.Context, c net.Conn) context.Context {
	if secured, ok := c.(*tls.Conn); ok {
		c = secured.NetConn()
	}
	return context.WithValue(ctx, connKey{}, c)
}

// connOf returns the connection of a request, nil where it is no TCP.
func connOf(r *http.Request) *conn {
	c, _ := r.Context().Value(connKey{}).(*conn)
	return c
}

// upgrade notes that the connection of r leaves HTTP behind. It is closed when
// the server shuts down, or when nothing moves for a time.
func (s *Server) upgrade(r *http.Request) {
	c := connOf(r)
	if l := s.listener.Load(); c != nil && l != nil {
		c.upgraded.Store(true)
		l.noteUpgraded(c)
	}
}
