package edge

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"sync"
	"time"
)

// listener bounds the number of connections, all in all and of one address. A
// connection that is too many is closed at once.
type listener struct {
	net.Listener
	limits Limits

	mu    sync.Mutex
	all   int
	byIP  map[netip.Addr]int
	ended bool
	empty chan struct{} // closed when no more come and the last connection has left
}

func newListener(l net.Listener, limits Limits) *listener {
	return &listener{Listener: l, limits: limits, byIP: make(map[netip.Addr]int), empty: make(chan struct{})}
}

// Accept waits for the next connection that is not too many.
func (l *listener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				l.end()
			}
			return nil, err
		}
		tcp, ok := c.(*net.TCPConn)
		if !ok {
			return c, nil
		}
		ip := addressOf(tcp.RemoteAddr())
		if l.admit(ip) {
			return &conn{TCPConn: tcp, left: func() { l.leave(ip) }}, nil
		}
		_ = tcp.Close()
	}
}

func (l *listener) admit(ip netip.Addr) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.all >= l.limits.Connections || l.byIP[ip] >= l.limits.ConnectionsPerIP {
		return false
	}
	l.all++
	l.byIP[ip]++
	return true
}

func (l *listener) leave(ip netip.Addr) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all--
	if l.byIP[ip]--; l.byIP[ip] == 0 {
		delete(l.byIP, ip)
	}
	l.checkEmpty()
}

// end notes that the last connection was accepted.
func (l *listener) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ended = true
	l.checkEmpty()
}

// checkEmpty closes empty when it is time. The caller holds mu.
func (l *listener) checkEmpty() {
	if l.ended && l.all == 0 {
		select {
		case <-l.empty:
		default:
			close(l.empty)
		}
	}
}

func addressOf(a net.Addr) netip.Addr {
	if tcp, ok := a.(*net.TCPAddr); ok {
		return tcp.AddrPort().Addr().Unmap()
	}
	return netip.Addr{}
}

// conn is a connection whose writes must move: each has the time that its
// bytes take at the slowest rate allowed, and one window more. A deadline that
// is far enough away is left as it is, since setting one costs more than
// looking at the clock.
type conn struct {
	*net.TCPConn
	read  lazyDeadline
	left  func()
	once  sync.Once
	until time.Time // the write deadline; used by one writer at a time
}

// Read is part of net.Conn.
func (c *conn) Read(p []byte) (int, error) {
	for {
		n, err := c.TCPConn.Read(p)
		if n > 0 || err == nil || !c.read.early(c.TCPConn, err) {
			return n, err
		}
	}
}

// Write is part of net.Conn.
func (c *conn) Write(p []byte) (int, error) {
	if err := c.moving(int64(len(p))); err != nil {
		return 0, err
	}
	return c.TCPConn.Write(p)
}

// ReadFrom keeps sendfile within reach of net/http, which gives it pieces of
// limited size.
func (c *conn) ReadFrom(r io.Reader) (int64, error) {
	n := int64(slowPiece)
	if limited, ok := r.(*io.LimitedReader); ok {
		n = limited.N
	}
	if err := c.moving(n); err != nil {
		return 0, err
	}
	return c.TCPConn.ReadFrom(r)
}

// moving gives n bytes the time that they may take.
func (c *conn) moving(n int64) error {
	now := time.Now()
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
