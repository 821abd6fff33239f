package edge

import (
	"context"
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
const writePiece = 4 * slowPiece

// Read is part of net.Conn.
func (c *conn) Read(p []byte) (int, error) {
	for {
		if c.upgraded.Load() {
			if err := c.TCPConn.SetReadDeadline(time.Now().Add(maxIdle)); err != nil {
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
		piece := p[n:min(n+writePiece, len(p))]
		var m int64
		m, err = c.moving(int64(len(piece)), func(done int64) (int64, error) {
			m, err := c.TCPConn.Write(piece[done:])
			return int64(m), err
		})
		n += int(m)
	}
	return n, err
}

// ReadFrom keeps sendfile within reach of net/http, which gives it files in
// pieces of known size.
func (c *conn) ReadFrom(r io.Reader) (n int64, err error) {
	limited, ok := r.(*io.LimitedReader)
	if !ok {
		return io.Copy(struct{ io.Writer }{c}, r)
	}
	for limited.N > 0 && err == nil {
		size := min(writePiece, limited.N)
		var m int64
		m, err = c.moving(size, func(done int64) (int64, error) {
			return c.TCPConn.ReadFrom(&io.LimitedReader{R: limited.R, N: size - done})
		})
		n += m
		limited.N -= m
		if m < size {
			break // the reader has ended
		}
	}
	return n, err
}

// moving has write write n bytes, the first done of which are written, within
// the time that they may take. What moves out of an upgraded connection keeps
// it open.
func (c *conn) moving(n int64, write func(done int64) (int64, error)) (done int64, err error) {
	if c.upgraded.Load() {
		if err := c.TCPConn.SetReadDeadline(time.Now().Add(maxIdle)); err != nil {
			return 0, err
		}
	}
	for again := !c.armed; ; again = true {
		if again {
			takes := slowWindow * time.Duration(1+(n-done)/slowPiece)
			if err := c.TCPConn.SetWriteDeadline(time.Now().Add(takes)); err != nil {
				return done, err
			}
			c.armed = true
		}
		m, err := write(done)
		done += m
		if again || !errors.Is(err, os.ErrDeadlineExceeded) {
			return done, err
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
	return context.WithValue(ctx, connKey{}, c)
}

// upgrade notes that the connection of r leaves HTTP behind. It is closed when
// the server shuts down, or when nothing moves for a time.
func (s *Server) upgrade(r *http.Request) {
	c, ok := r.Context().Value(connKey{}).(*conn)
	if l := s.listener.Load(); ok && l != nil {
		c.upgraded.Store(true)
		l.noteUpgraded(c)
	}
}
