package bustest

import (
	"bytes"
	"context"
	"slices"
	"unsafe"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/urlpattern"
)

// TB is the part of testing.TB that Frozen needs.
type TB interface {
	Helper()
	Errorf(format string, args ...any)
}

// Frozen holds s to the rules of who owns what. It fails when the bytes of a
// request's body changed under s. And it hands s a request made of memory that
// it overwrites when the reply's body has been closed, as an edge does that
// reuses its buffers: who kept a view of it finds it full of '!'.
func Frozen(t TB, s bus.Service) bus.Service {
	return bus.ServiceFunc(func(ctx context.Context, m *bus.Message) (*bus.Message, error) {
		t.Helper()
		var a arena
		given := a.message(m)
		body, before := a.body(m.Body)
		given.Body = body
		where := m.Method + " " + m.URL.String()
		reply, err := s.Serve(ctx, given)
		if !bytes.Equal(before, a.data) {
			t.Errorf("%s: the bytes of the request's body were changed", where)
		}
		if err != nil || reply.Body == nil {
			if err == nil {
				reply.Header = a.keep(reply.Header)
			}
			a.overwrite()
			return reply, err
		}
		reply.Body.OnClose(a.overwrite)
		return reply, nil
	})
}

// arena is memory that strings and bytes of one request point into.
type arena struct {
	chunks [][]byte
	data   []byte
}

func (a *arena) string(s string) string {
	if s == "" {
		return ""
	}
	chunk := []byte(s)
	a.chunks = append(a.chunks, chunk)
	return unsafe.String(&chunk[0], len(chunk))
}

func (a *arena) message(m *bus.Message) *bus.Message {
	c := *m
	c.Method = a.string(m.Method)
	c.URL = urlpattern.URL{Scheme: m.URL.Scheme, Host: a.string(m.URL.Host), Dir: m.URL.Dir,
		Query: a.string(m.URL.Query), Base: m.URL.Base, Sub: m.URL.Sub}
	for _, segment := range m.URL.Path {
		c.URL.Path = append(c.URL.Path, a.string(segment))
	}
	c.Header = nil
	for name, value := range m.Header.All() {
		c.Header.Add(a.string(name), a.string(value))
	}
	return &c
}

// body returns a copy of b in the arena, and another of its bytes to compare.
func (a *arena) body(b *bus.Body) (given *bus.Body, before []byte) {
	if b == nil || b.Stream() != nil {
		return b, nil
	}
	data, _ := b.Bytes(b.Size())
	a.data = slices.Clone(data)
	return bus.NewBody(a.data, a.string(b.MediaType())), slices.Clone(data)
}

// keep copies fields out of the arena: those of a reply without a body have no
// moment at which they are known to be read.
func (a *arena) keep(h bus.Header) bus.Header {
	var kept bus.Header
	for name, value := range h.All() {
		kept.Add(string([]byte(name)), string([]byte(value)))
	}
	return kept
}

func (a *arena) overwrite() {
	for _, chunk := range append(a.chunks, a.data) {
		for i := range chunk {
			chunk[i] = '!'
		}
	}
}
