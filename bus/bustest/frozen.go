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
// reuses its buffers: who kept a view of it finds it full of '!'. Memory of a
// request that ends in an error stays, since nothing says when that was read.
func Frozen(t TB, s bus.Service) bus.Service {
	return bus.ServiceFunc(func(ctx context.Context, m *bus.Message) (*bus.Message, error) {
		t.Helper()
		var a arena
		given := a.message(m)
		body, before := a.body(m.Body)
		given.Body = body
		where := m.Method + " " + m.URL.String()
		check := func() {
			t.Helper()
			if !bytes.Equal(before, a.data) {
				t.Errorf("%s: the bytes of the request's body were changed", where)
			}
		}
		reply, err := s.Serve(ctx, given)
		switch {
		case err != nil:
			check()
		case reply == nil:
			t.Errorf("%s: neither a reply nor an error", where)
		case reply.Body == nil:
			check()
			reply.Header = clone(reply.Header)
			a.overwrite()
		default:
			reply.Body.OnClose(func() { check(); a.overwrite() })
		}
		return reply, err
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
	given = bus.NewBody(a.data, a.string(b.MediaType()))
	given.OnClose(func() { _ = b.Close() })
	return given, slices.Clone(data)
}

func (a *arena) overwrite() {
	for _, chunk := range append(a.chunks, a.data) {
		for i := range chunk {
			chunk[i] = '!'
		}
	}
}
