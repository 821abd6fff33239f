package edge

import (
	"errors"
	"maps"
	"net"
	"net/netip"
	"slices"
	"sync"
)

// listener bounds the number of connections, all in all and of one address. A
// connection that is too many is closed at once.
type listener struct {
	net.Listener
	limits Limits
	drop   func(limit string, from netip.Addr) // is told of each connection that is too many

	byIP *tally

	mu    sync.Mutex
	all   int
	open  map[*conn]bool // those that were upgraded
	ended bool
	empty chan struct{} // closed when no more come and the last connection has left
}

func newListener(l net.Listener, limits Limits) *listener {
	return &listener{Listener: l, limits: limits, byIP: newTally(limits.ConnectionsPerIP), open: make(map[*conn]bool), empty: make(chan struct{})}
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
		limit := l.admit(ip)
		if limit == "" {
			c := &conn{TCPConn: tcp, read: lazyDeadline{ahead: aheadOf(l.limits)}}
			c.left = func() { l.leave(c, ip) }
			return c, nil
		}
		_ = tcp.Close()
		l.drop(limit, ip)
	}
}

// Close is part of net.Listener. Once more it does nothing: the server closes what
// net/http closes, too.
func (l *listener) Close() error {
	err := l.Listener.Close()
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// admit returns the limit that a connection would break, "" if it is counted now.
func (l *listener) admit(ip netip.Addr) (limit string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.all >= l.limits.Connections:
		return "connections"
	case !l.byIP.enter(ip):
		return "connectionsPerIP"
	}
	l.all++
	return ""
}

// count returns how many connections there are.
func (l *listener) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all
}

func (l *listener) leave(c *conn, ip netip.Addr) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.open, c)
	l.all--
	l.byIP.leave(ip)
	l.checkEmpty()
}

func (l *listener) noteUpgraded(c *conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open[c] = true
}

// closeUpgraded ends the connections that HTTP knows no more of.
func (l *listener) closeUpgraded() {
	l.mu.Lock()
	open := slices.Collect(maps.Keys(l.open))
	l.mu.Unlock()
	for _, c := range open {
		_ = c.Close()
	}
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
