package edge

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// conn is a connection whose writes must move: each piece has the time that
// its bytes take at the slowest rate allowed, and one window more. A deadline
// that is far enough away is left as it is, since setting one costs more than
// looking at the clock.
type conn struct {
	*net.TCPConn
	read     lazyDeadline
	until    time.Time // the write deadline; used by one writer at a time
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
	for {
		piece := p[n:min(n+writePiece, len(p))]
		if err := c.moving(len(piece)); err != nil {
			return n, err
		}
		m, err := c.TCPConn.Write(piece)
		n += m
		if err != nil || n == len(p) {
			return n, err
		}
	}
}

// ReadFrom keeps sendfile within reach of net/http, which gives it files in
// pieces of known size.
func (c *conn) ReadFrom(r io.Reader) (n int64, err error) {
	limited, ok := r.(*io.LimitedReader)
	if !ok {
		return io.Copy(struct{ io.Writer }{c}, r)
	}
	for limited.N > 0 {
		piece := io.LimitedReader{R: limited.R, N: min(writePiece, limited.N)}
		size := piece.N
		if err := c.moving(int(size)); err != nil {
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

// moving gives n bytes the time that they may take. What moves out of an
// upgraded connection keeps it open.
func (c *conn) moving(n int) error {
	now := time.Now()
	if c.upgraded.Load() {
		if err := c.TCPConn.SetReadDeadline(now.Add(maxIdle)); err != nil {
			return err
		}
	}
	takes := slowWindow * time.Duration(1+n/slowPiece)
	if c.until.Sub(now) >= takes {
		return nil
	}
	c.until = now.Add(takes + slowWindow)
	return c.TCPConn.SetWriteDeadline(c.until)
}

// SetReadDeadline is part of net.Conn.
func (c *conn) SetReadDeadline(t time.Time) error { return c.read.move(c.TCPConn, t) }

// SetWriteDeadline is part of net.Conn.
func (c *conn) SetWriteDeadline(t time.Time) error {
	c.until = t
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
