package edge

import (
	"encoding/hex"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/seed90475182/restspace/bus"
)

// handle is one request from its header to its line in the log.
func (s *Server) handle(w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	root := s.root(r)
	x := s.pool.Get().(*exchange)
	defer s.free(x)
	reply, leave := s.reply(x, w, r, root)
	defer leave()
	root.Lift()
	s.stamp(reply, r, root)
	sent, err := s.writer.Write(w, r, reply, nil)
	root.End()
	if err != nil && root.Err() == nil {
		root.Seen.Err = err
	}
	s.log(r, root, entry{start: start, status: reply.Status, sent: sent})
	if err != nil {
		panic(http.ErrAbortHandler) // half an answer is sent: the connection must not look whole
	}
}

// reply has the service answer r. It always returns a reply. leave is called
// when that is written: until then r counts as in flight.
func (s *Server) reply(x *exchange, w http.ResponseWriter, r *http.Request, root *bus.Root) (reply *bus.Message, leave func()) {
	leave = func() {}
	m, err := x.request(w, r, &s.options)
	if err == nil {
		err = s.gate.enter(root)
	}
	if err == nil {
		leave = s.leave
		reply, err = s.service.Serve(root, m)
	}
	if err != nil {
		root.Seen.Err = err
		return bus.Problem(err, root.ID, r.Header.Get("Accept")), leave
	}
	if reply.Status == http.StatusSwitchingProtocols { // may last for days
		leave()
		leave = func() {}
	}
	return reply, leave
}

// free gives the memory of an answered request to the next.
func (s *Server) free(x *exchange) {
	x.message = bus.Message{}
	s.pool.Put(x)
}

// root returns the context of r.
func (s *Server) root(r *http.Request) *bus.Root {
	root := bus.NewRoot(r.Context(), s.options.Limits.Timeout)
	root.Limits = s.options.Inside
	root.Client = s.options.client(r)
	if id := r.Header["X-Request-Id"]; id != nil && validID(id[0]) && s.options.trusts(r) {
		root.ID = id[0]
	} else {
		root.ID = newID()
	}
	if parent := r.Header["Traceparent"]; parent != nil {
		root.Trace, _ = bus.ParseTrace(parent[0], r.Header.Get("Tracestate"))
	}
	return root
}

// stamp adds the fields that every answer has.
func (s *Server) stamp(reply *bus.Message, r *http.Request, root *bus.Root) {
	h := &reply.Header
	h.Set("X-Request-Id", root.ID)
	h.Set("X-Content-Type-Options", "nosniff")
	if root.Trace.ID != "" {
		h.Set("Traceparent", root.Trace.Parent())
	}
	// net/http hides a Content-Length that stood beside a Transfer-Encoding,
	// and what it would take for the next request may have been smuggled in.
	smuggling := r.TransferEncoding != nil && r.ProtoMajor == 1 && !s.options.trusts(r)
	if (smuggling || s.retiring.Load()) && reply.Status != http.StatusSwitchingProtocols {
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
