package remote

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"sync/atomic"
	"time"

	"github.com/seed90475182/restspace/bus"
)

// What goes in one piece.
const (
	smallBody   = 8 << 10  // of a request: written at once, before the answer is read
	smallAnswer = 16 << 10 // read at once
)

// call is a request and its answer on one connection. It lives no longer than
// the context that it holds.
type call struct {
	ctx  context.Context
	conn *conn
	pool *pool

	unwatch func() bool   // nil while nobody watches ctx
	sent    *bus.Body     // of the request, closed at the end
	written chan struct{} // closed when the body was written aside; nil if it was not
	broken  error         // of the body that was written aside
	ended   bool
	left    atomic.Bool // by who reads the answer
}

// watch has the end of ctx end what the call waits for.
func (c *call) watch() {
	if c.unwatch == nil {
		conn := c.conn.TCPConn
		c.unwatch = context.AfterFunc(c.ctx, func() { _ = conn.SetDeadline(past()) })
	}
}

// over returns why the call is not to wait any more, nil if it is.
func (c *call) over() error {
	if c.left.Load() {
		return errClosed
	}
	return c.ctx.Err()
}

// leave wakes who reads the answer. Where that one has just come to its end,
// another call may have the connection: it waits on.
func (c *call) leave() {
	c.left.Store(true)
	_ = c.conn.SetReadDeadline(past())
}

// run sends m, of which head is the head, and returns the reply. Where it fails
// the connection is closed, and the body of m is not.
func (c *call) run(head []byte, m *bus.Message) (reply *bus.Message, err error) {
	if err = c.conn.begin(c); err == nil {
		err = c.send(head, m.Body)
	}
	var a *answer
	if err == nil {
		a, err = c.receive(m.Method)
	}
	if err == nil {
		reply, err = c.reply(a, m)
	}
	if err == nil {
		return reply, nil
	}
	select {
	case <-c.written:
		if c.broken != nil {
			err = c.broken
		}
	default: // what it says later comes of the cut
	}
	c.cut()
	return nil, err
}

// send has the first read write the request. One whose body may not be taken at
// once is written aside, since the answer may come before all of it is.
func (c *call) send(head []byte, body *bus.Body) error {
	if body.Stream() != nil || body.Size() > smallBody {
		if !c.conn.quiet() {
			return &unsentError{errStale}
		}
		c.watch()
		c.written = make(chan struct{})
		go func(head []byte) {
			c.broken = c.writeAside(head, body)
			close(c.written)
			if c.broken != nil {
				_ = c.conn.Close()
			}
		}(bytes.Clone(head))
		return nil
	}
	data, err := body.Bytes(smallBody)
	c.conn.request = append(head, data...)
	return err
}

// unsentError is the failure to write the whole request: its server can't have
// acted on it.
type unsentError struct{ error }

// Unwrap returns the reason.
func (e *unsentError) Unwrap() error { return e.error }

// writeAside writes a request whose body is long, or a stream. The error is one
// of the body: the connection is to be cut then, since the server must not take it
// for whole. When the server takes no more, its answer may say why.
func (c *call) writeAside(head []byte, body *bus.Body) error {
	to := bufio.NewWriterSize(c.conn.TCPConn, smallBody)
	if _, err := to.Write(head); err != nil {
		return nil
	}
	var err error
	switch {
	case body.Stream() == nil:
		var data []byte
		data, err = body.Bytes(body.Size())
		_, _ = to.Write(data)
	case body.Size() >= 0:
		err = copyBody(to, to, body)
	default:
		chunks := httputil.NewChunkedWriter(to)
		if err = copyBody(chunks, to, body); err == nil {
			_ = chunks.Close()
			writeTrailer(to, body.Trailer())
		}
	}
	if err != nil {
		return err
	}
	_ = to.Flush()
	return nil
}

// copyBody writes the stream of body as it comes. The error is one of the
// body, not of what it is written to.
func copyBody(w io.Writer, flush *bufio.Writer, body *bus.Body) error {
	if flush.Flush() != nil { // the head alone may be enough for an answer
		return nil
	}
	from, buffer := body.Reader(), make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		if n > 0 {
			if _, failed := w.Write(buffer[:n]); failed != nil {
				return nil
			}
			if flush.Flush() != nil {
				return nil
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func writeTrailer(to io.Writer, trailer bus.Header) {
	for _, f := range trailer {
		if !bus.OfConnection(f.Name) && bus.IsToken(f.Name) && bus.IsFieldValue(f.Value) {
			_, _ = io.WriteString(to, f.Name+": "+f.Value+"\r\n")
		}
	}
	_, _ = io.WriteString(to, "\r\n")
}

// receive reads the head of the answer, and passes over interim ones (RFC 9110
// section 15.2).
func (c *call) receive(method string) (*answer, error) {
	for range maxInterim {
		head, err := c.conn.readHead()
		if err != nil {
			return nil, err
		}
		a, err := parseAnswer(head, method)
		if err != nil || a.status/100 != 1 || a.status == http.StatusSwitchingProtocols {
			return a, err
		}
	}
	return nil, fmt.Errorf("more than %d interim answers", maxInterim)
}

// reply makes the reply to m of an answer, of which the head was read.
func (c *call) reply(a *answer, m *bus.Message) (*bus.Message, error) {
	reply := &bus.Message{Status: a.status, Header: a.header}
	switch {
	case a.status == http.StatusSwitchingProtocols:
		return reply, c.upgrade(reply, m)
	case a.size == 0:
		if bus.BodyAllowed(a.status) {
			reply.Body = bus.NewBody(nil, a.mediaType)
		}
		c.end(!a.last)
	case a.size > 0 && a.size <= smallAnswer:
		data := make([]byte, a.size)
		if _, err := io.ReadFull(c.conn.in, data); err != nil {
			return nil, err
		}
		reply.Body = bus.NewBody(data, a.mediaType)
		c.end(!a.last)
	default:
		s := newStream(c, a)
		reply.Body = bus.NewStream(s, a.size, a.mediaType)
		reply.Body.SetTrailer(s.Trailer)
	}
	return reply, nil
}

// upgrade has reply carry the connection.
func (c *call) upgrade(reply, m *bus.Message) error {
	switch {
	case upgradeOf(m) == "":
		return errors.New("an upgrade that nobody asked for")
	case c.written != nil: // the rest of it would be part of the other protocol
		return errors.New("an upgrade in the middle of a request")
	}
	if err := c.conn.wait(time.Time{}); err != nil {
		return err
	}
	c.watch()
	early, _ := c.conn.in.Peek(c.conn.in.Buffered())
	from := io.Reader(c.conn.TCPConn)
	if len(early) > 0 {
		from = io.MultiReader(bytes.NewReader(early), from)
	}
	reply.Header.Set("Connection", "Upgrade")
	reply.Body = bus.NewStream(&upgraded{Reader: from, call: c}, -1, "")
	return nil
}

// end gives the connection back, if it is to be kept and can be, and ends what
// still sends the request. Only the first call does anything.
func (c *call) end(keep bool) {
	if c.ended {
		return
	}
	c.ended = true
	keep = keep && c.conn.in.Buffered() == 0 // not what is part of no answer
	if c.unwatch != nil && !c.unwatch() {
		keep = false
	}
	select {
	case <-c.written:
		keep = keep && c.broken == nil
	default:
		keep = keep && c.written == nil
	}
	if keep {
		c.conn.reused = true
		c.pool.put(c.conn)
	} else {
		_ = c.conn.Close()
	}
	_ = c.sent.Close()
	if c.written != nil {
		<-c.written
	}
}

// cut ends a call that has failed. A body that could be sent again stays open.
func (c *call) cut() {
	c.ended = true
	if c.unwatch != nil {
		c.unwatch()
	}
	_ = c.conn.Close()
	if c.written == nil {
		return
	}
	if c.sent.Stream() != nil {
		_ = c.sent.Close()
	}
	<-c.written
}

// past is a deadline that has passed.
func past() time.Time { return time.Unix(1, 0) }
