package bustest

import (
	"context"
	"slices"
	"strings"
	"sync"

	"github.com/seed90475182/restspace/bus"
)

// Echo returns each request as its own reply, with status 200 and the very
// body that came.
func Echo() bus.Service {
	return bus.ServiceFunc(func(_ context.Context, m *bus.Message) (*bus.Message, error) {
		m.Status = 200
		return m, nil
	})
}

// A Call is what a Recorder saw: the request, and the status or the error of
// its reply. It is a copy: the memory of the request may be used again.
type Call struct {
	Method, URL string
	Header      bus.Header
	Body        []byte // of a body of bytes; streams are left alone
	User        *bus.User
	Depth       int
	Status      int
	Err         error
}

// A Recorder notes the calls that pass it. It is safe for concurrent use.
type Recorder struct {
	mu    sync.Mutex
	calls []Call
}

// Wrap returns s with its calls noted.
func (r *Recorder) Wrap(s bus.Service) bus.Service {
	return bus.ServiceFunc(func(ctx context.Context, m *bus.Message) (*bus.Message, error) {
		call := Call{Method: strings.Clone(m.Method), URL: strings.Clone(m.URL.String()), Header: clone(m.Header), User: m.User, Depth: m.Depth}
		if m.Body != nil && m.Body.Stream() == nil {
			data, _ := m.Body.Bytes(m.Body.Size())
			call.Body = slices.Clone(data)
		}
		reply, err := s.Serve(ctx, m)
		if call.Err = err; err == nil && reply != nil {
			call.Status = reply.Status
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.calls = append(r.calls, call)
		return reply, err
	})
}

// Calls returns what was noted, in the order of the replies.
func (r *Recorder) Calls() []Call {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.calls)
}

// clone returns fields of the same text in memory of their own.
func clone(h bus.Header) bus.Header {
	var copied bus.Header
	for name, value := range h.All() {
		copied.Add(strings.Clone(name), strings.Clone(value))
	}
	return copied
}
