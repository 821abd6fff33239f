package remote

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/seed90475182/restspace/bus"
)

// Options of a Caller.
type Options struct {
	// Check refuses addresses: it is asked for each that is to be dialled,
	// after names were looked up. nil: any will do.
	Check func(netip.AddrPort) error

	TLS *tls.Config // of calls over https; nil is Go's default
}

// Limits of what a Caller keeps and waits for.
const (
	dialTimeout  = 10 * time.Second
	idleTimeout  = 90 * time.Second // of a connection between two calls
	maxIdle      = 4096             // connections between two calls
	maxIdleHost  = 1024             // of those, to one host
	maxHeader    = 64 << 10         // bytes of an answer's header
	streamWindow = 5 * time.Minute  // in which something of an answer's body is to come, and a socket to take what it is given
)

// A Caller is the Service that has other servers answer: messages with a
// scheme and a host in their URL. It is safe for concurrent use. Close it.
//
// The header of a message goes out as it is, but for the fields of one
// connection. A field Host stands for the host of the URL. Trace and id of the
// request that ctx belongs to are added. Upgrade asks for an upgrade; the reply
// is then of status 101 and has the connection in its body. A reply's body that
// is long or of unknown length is a stream that has to be closed; it ends with
// ctx.
//
// Errors are an [bus.Error]: of status 502, with the type TypeUnreachable where
// nothing was sent and TypeUpstream where something was, and 504 where the time
// was over. Their details name no address, and begin with "the other server".
type Caller struct {
	dialer net.Dialer
	pool   pool
	open   atomic.Int64 // connections
	heads  sync.Pool    // *[]byte

	transport *http.Transport // for https
	secure    bus.Service     // of it
}

// New returns a Caller.
func New(o Options) *Caller {
	c := &Caller{
		dialer: net.Dialer{Timeout: dialTimeout, Control: control(o.Check)},
		heads:  sync.Pool{New: func() any { return new([]byte) }},
	}
	c.transport = &http.Transport{
		DialContext:            c.dialSecure,
		DisableCompression:     true,
		ForceAttemptHTTP2:      true,
		IdleConnTimeout:        idleTimeout,
		MaxIdleConns:           maxIdle,
		MaxIdleConnsPerHost:    maxIdleHost,
		MaxResponseHeaderBytes: maxHeader,
		TLSHandshakeTimeout:    dialTimeout,
		TLSClientConfig:        o.TLS,
	}
	c.secure = bus.FromTransport(c.transport)
	return c
}

// control asks check for each address before it is connected to.
func control(check func(netip.AddrPort) error) func(string, string, syscall.RawConn) error {
	if check == nil {
		return nil
	}
	return func(_, address string, _ syscall.RawConn) error {
		a, err := netip.ParseAddrPort(address)
		if err == nil {
			err = check(a)
		}
		if err != nil {
			return &refusedError{err}
		}
		return nil
	}
}

// refusedError is the refusal of an address by Check.
type refusedError struct{ error }

// Unwrap returns the reason.
func (e *refusedError) Unwrap() error { return e.error }

// Serve has the server that m's URL names answer m.
func (c *Caller) Serve(ctx context.Context, m *bus.Message) (*bus.Message, error) {
	trace(ctx, m)
	serve := c.plain
	if m.URL.Scheme == "https" {
		serve = c.secure.Serve
	}
	reply, err := serve(ctx, m)
	if err != nil {
		return nil, errors.Join(failure(ctx, err), m.Close())
	}
	return reply, nil
}

// plain calls over HTTP/1.1 without TLS. net/http's client has two goroutines a
// connection and passes each call from one to the other; here the call itself
// writes and reads, at about half the cost.
func (c *Caller) plain(ctx context.Context, m *bus.Message) (*bus.Message, error) {
	scratch := c.heads.Get().(*[]byte)
	defer c.heads.Put(scratch)
	head, err := appendHead((*scratch)[:0], m)
	if err != nil {
		return nil, err
	}
	if cap(head) <= 2*smallBody {
		*scratch = head
	}
	if conn := c.pool.take(m.URL.Host); conn != nil {
		reply, err := c.on(ctx, conn, head, m)
		if err == nil || !again(ctx, err, m) {
			return reply, err
		}
	}
	conn, err := c.dial(ctx, m.URL.Host)
	if err != nil {
		return nil, err
	}
	return c.on(ctx, conn, head, m)
}

// on makes the call on a connection.
func (c *Caller) on(ctx context.Context, conn *conn, head []byte, m *bus.Message) (*bus.Message, error) {
	it := &call{ctx: ctx, conn: conn, pool: &c.pool, sent: m.Body}
	return it.run(head, m)
}

// again reports whether a call that failed with err on a connection that had
// served others may be made once more on a new one: the server may have ended
// the old one just then (RFC 9110 section 9.2.2, RFC 9112 section 9.3.1).
func again(ctx context.Context, err error, m *bus.Message) bool {
	switch {
	case ctx.Err() != nil:
		return false
	case errors.Is(err, errStale):
		return true
	case m.Body.Stream() != nil:
		return false
	}
	var unsent *unsentError
	var silent *silentError
	return errors.As(err, &unsent) || errors.As(err, &silent) && !errors.Is(err, errStalled) && idempotent(m.Method)
}

// idempotent reports whether a request of that method may be sent twice.
func idempotent(method string) bool {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodPut, http.MethodDelete:
		return true
	}
	return false
}

// dial opens a connection to a host, with a port or at the one of HTTP.
func (c *Caller) dial(ctx context.Context, host string) (*conn, error) {
	address := host
	if _, _, err := net.SplitHostPort(host); err != nil {
		address = net.JoinHostPort(strings.Trim(host, "[]"), "80")
	}
	opened, err := c.dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	conn, err := newConn(opened.(*net.TCPConn), host)
	if err != nil {
		return nil, errors.Join(err, opened.Close())
	}
	conn.leave = c.enter()
	return conn, nil
}

// dialSecure connects for TLS.
func (c *Caller) dialSecure(ctx context.Context, network, address string) (net.Conn, error) {
	opened, err := c.dialer.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return &counted{opened, c.enter()}, nil
}

// enter counts one more connection until leave is called, once or more.
func (c *Caller) enter() (leave func()) {
	c.open.Add(1)
	return sync.OnceFunc(func() { c.open.Add(-1) })
}

// counted is a connection that says when it is closed.
type counted struct {
	net.Conn
	leave func()
}

// Close is part of net.Conn.
func (c *counted) Close() error {
	c.leave()
	return c.Conn.Close()
}

// Connections returns how many connections are open now, those that wait for the
// next call included.
func (c *Caller) Connections() int { return int(c.open.Load()) }

// trace adds what lets the other server's log be laid beside ours.
func trace(ctx context.Context, m *bus.Message) {
	root := bus.RootOf(ctx)
	if root == nil {
		return
	}
	if root.ID != "" {
		m.Header.Set("X-Request-Id", root.ID)
	}
	place := bus.TraceOf(ctx)
	if parent := place.Parent(); parent != "" {
		m.Header.Set("Traceparent", parent)
		if place.State != "" {
			m.Header.Set("Tracestate", place.State)
		}
	}
}

// failure says what an error means to the one who called.
func failure(ctx context.Context, err error) error {
	var known *bus.Error
	var refused *refusedError
	var op *net.OpError
	var timeout net.Error
	switch {
	case errors.As(err, &refused):
		return &bus.Error{Status: http.StatusBadGateway, Type: bus.TypeUnreachable, Err: err,
			Detail: "the other server is at an address that is not called from here: where it is to be, list its host in server.allowHosts"}
	case errors.As(err, &known):
		return err
	case over(ctx, err):
		return ctx.Err()
	case insecure(err) != "":
		return &bus.Error{Status: http.StatusBadGateway, Type: bus.TypeUnreachable, Err: err, Detail: "the other server " + insecure(err)}
	case errors.As(err, &op) && op.Op == "dial":
		return &bus.Error{Status: http.StatusBadGateway, Type: bus.TypeUnreachable, Err: err, Detail: "the other server can't be reached"}
	case errors.As(err, &timeout) && timeout.Timeout():
		return &bus.Error{Status: http.StatusGatewayTimeout, Type: bus.TypeTimeout, Err: err, Detail: "the other server did not answer in time"}
	}
	return &bus.Error{Status: http.StatusBadGateway, Type: bus.TypeUpstream, Err: err, Detail: "the other server gave no whole answer"}
}

// insecure says why no connection over TLS was made, "" where that is not the
// reason.
func insecure(err error) string {
	var untrusted *tls.CertificateVerificationError
	var odd tls.RecordHeaderError
	switch {
	case errors.As(err, &untrusted):
		return "shows a certificate that is not trusted"
	case errors.As(err, &odd) && odd.Conn != nil: // which only the first record has
		return "speaks no TLS"
	}
	return ""
}

// over reports whether a call failed with err since ctx has ended. It may have
// ended later: to close the body of a request that is still read ends it.
func over(ctx context.Context, err error) bool {
	ended := ctx.Err()
	return ended != nil && (errors.Is(err, ended) || errors.Is(err, os.ErrDeadlineExceeded))
}

// Close ends the connections that no call has. Calls that go on keep theirs.
func (c *Caller) Close() error {
	c.pool.close()
	c.transport.CloseIdleConnections()
	return nil
}
