package edge

import (
	"context"
	"encoding/hex"
	"errors"
	"math/rand/v2"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/seed90475182/restspace/bus"
)

// PeerField has the token of another server of the installation. What it says is
// in bus.Root.Peer: no service sees the field.
const PeerField = "X-Restspace-Peer-Token"

// handle is one request from its header to its line in the log.
func (s *Server) handle(w http.ResponseWriter, r *http.Request) {
	e := entry{start: time.Now()}
	root := s.root(r, e.start)
	defer root.End()
	x := s.pool.Get().(*exchange)
	defer s.free(x)
	err := s.answer(x, w, r, root, &e)
	if err != nil && root.Seen.Err == nil {
		root.Seen.Err = err
	}
	e.received, e.took = x.body.size(), time.Since(e.start)
	s.log(r, root, e)
	outcome := bus.Outcome{Method: r.Method, Status: e.status, Received: e.received, Sent: e.sent, Took: e.took, Err: root.Seen.Err}
	if c := root.Seen.Counter; c != nil {
		c.Count(outcome)
	}
	if root.Span != nil {
		s.options.Tracer.End(root, r.URL.EscapedPath(), outcome)
	}
	if err != nil {
		panic(http.ErrAbortHandler) // half an answer is sent: the connection must not look whole
	}
}

// answer has the service answer r and writes its reply. The error is that the
// reply has not gone out whole.
func (s *Server) answer(x *exchange, w http.ResponseWriter, r *http.Request, root *bus.Root, e *entry) (err error) {
	var entered bool
	defer func() {
		if caught := recover(); caught != nil {
			err = &bus.PanicError{Value: caught, Stack: debug.Stack()}
		}
		if entered {
			s.leave(r)
		}
	}()
	m, err := x.request(w, r, root, &s.options)
	if err == nil {
		err = s.enter(r, root, e.start)
		entered = err == nil
	}
	var reply *bus.Message
	if entered {
		reply, err = s.service.Serve(root, m)
	}
	if err == nil && reply.Status == http.StatusSwitchingProtocols && (r.ProtoMajor == 2 || x.body.unread()) {
		err = errors.Join(errNoUpgrade, reply.Close())
	}
	if err != nil {
		root.Seen.Err = err
		reply = bus.Problem(err, root.ID, r.Header.Get("Accept"))
	}
	e.status = reply.Status
	root.Lift()
	s.stamp(reply, r, root)
	if reply.Status == http.StatusSwitchingProtocols { // may last for days
		s.leave(r)
		entered = false
		s.upgrade(r)
	}
	e.sent, err = s.write(x, w, r, reply, root)
	return err
}

// errNoUpgrade says what a service has done.
var errNoUpgrade = errors.New("a reply of status 101 over HTTP/2, where no stream can leave HTTP, or before the end of the request")

// write writes the reply. What a service has not read of the body is not
// waited for: it may never come.
func (s *Server) write(x *exchange, w http.ResponseWriter, r *http.Request, reply *bus.Message, root *bus.Root) (int64, error) {
	if r.ProtoMajor == 2 {
		paced := &streamWriter{
			ResponseWriter: w, control: http.NewResponseController(w),
			window: s.options.window, pauses: reply.Body.Stream() != nil,
		}
		if paced.pauses {
			defer paced.allow(0)
		}
		w = paced
	} else if x.body.unread() {
		if reply.Body.Stream() == nil {
			reply.Header.Set("Connection", "close")
		} else if err := x.body.control.EnableFullDuplex(); err != nil { // the reply may be read from the request
			return 0, err
		} else if r.Header.Get("Expect") != "" { // or else its client waits for a word before the status
			w.WriteHeader(http.StatusContinue)
		}
		defer x.body.abandon()
	}
	size := reply.Body.Size()
	if c := connOf(r); c != nil && reply.Body.Stream() != nil && (size < 0 || size > writePiece) && r.ProtoMajor == 1 {
		defer context.AfterFunc(root, func() { _ = c.Close() })() // who ends the request ends a write that waits
	}
	if size >= 0 || reply.Status == http.StatusSwitchingProtocols {
		return s.writer.Write(w, r, reply, nil)
	}
	idle := time.AfterFunc(maxIdle, root.End)
	defer idle.Stop()
	return s.writer.Write(w, r, reply, func() { idle.Reset(maxIdle) })
}

// free gives the memory of an answered request to the next.
func (s *Server) free(x *exchange) {
	_ = x.body.Close()
	x.message, x.body = bus.Message{}, nil
	s.pool.Put(x)
}

// root returns the context of r.
func (s *Server) root(r *http.Request, start time.Time) *bus.Root {
	root := bus.NewRootAt(r.Context(), start, s.options.Limits.Timeout)
	root.Limits, root.Seen.Counter = s.options.Inside, s.options.Counter
	root.Client = s.options.client(r)
	root.Host, root.Secure = s.options.origin(r)
	root.ID = newID()
	if id := r.Header["X-Request-Id"]; id != nil && validID(id[0]) {
		root.Peer.ID = id[0]
		if s.options.trusts(r) {
			root.ID = id[0]
		}
	}
	if token := r.Header[PeerField]; token != nil {
		root.Peer.Token = token[0]
	}
	if parent := r.Header["Traceparent"]; parent != nil {
		root.Trace, _ = bus.ParseTrace(parent[0], strings.Join(r.Header["Tracestate"], ","))
	}
	if t := s.options.Tracer; t != nil && root.Peer.Token == "" { // or it is asked when the token is believed
		t.Begin(root, start, s.options.trusts(r))
	}
	return root
}

// stamp adds the fields that every answer has.
func (s *Server) stamp(reply *bus.Message, r *http.Request, root *bus.Root) {
	h := &reply.Header
	h.Set("X-Request-Id", root.ID)
	h.Set("X-Content-Type-Options", "nosniff")
	if s.hsts != "" && r.TLS != nil {
		h.Set("Strict-Transport-Security", s.hsts)
	}
	if root.Trace.ID != "" {
		h.Set("Traceparent", root.Trace.Parent())
	}
	// net/http hides a Content-Length that stood beside a Transfer-Encoding,
	// and what it would take for the next request may have been smuggled in.
	smuggling := r.TransferEncoding != nil && r.ProtoMajor == 1 && !s.options.trusts(r)
	if (smuggling || s.leaving.Load()) && reply.Status != http.StatusSwitchingProtocols {
		h.Set("Connection", "close")
	}
}

// newID returns an id for a request: also good as the id of a trace.
func newID() string {
	var raw [16]byte
	var text [32]byte
	a, b := rand.Uint64(), rand.Uint64()
	for i := range 8 {
		raw[i], raw[8+i] = byte(a>>(8*i)), byte(b>>(8*i))
	}
	hex.Encode(text[:], raw[:])
	return string(text[:])
}

// validID reports whether an id from outside can stand in a log and a header.
func validID(id string) bool {
	if id == "" || len(id) > 128 {
		return false
	}
	for _, c := range []byte(id) {
		if c <= ' ' || c >= 0x7f || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}
