package bustest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/bus/bustest"
	"github.com/seed90475182/restspace/urlpattern"
)

// complaints is a TB that collects what it is told.
type complaints []string

func (*complaints) Helper() {}

func (c *complaints) Errorf(format string, args ...any) {
	*c = append(*c, fmt.Sprintf(format, args...))
}

func request() *bus.Message {
	return &bus.Message{
		Method: "PUT",
		URL:    urlpattern.URL{Path: []string{"a", "b c"}, Dir: true, Query: "q=1", Base: 1},
		Header: bus.Header{{Name: "X-A", Value: "1"}},
		Body:   bus.NewBody([]byte("hello"), "text/plain"),
		User:   &bus.User{Email: "a@b.c"},
		Depth:  2,
	}
}

func TestEcho(t *testing.T) {
	m := request()
	body := m.Body
	reply, err := bustest.Echo().Serve(t.Context(), m)
	require.NoError(t, err)
	assert.Equal(t, 200, reply.Status)
	assert.Same(t, body, reply.Body)
}

func TestRecorder(t *testing.T) {
	var recorder bustest.Recorder
	no := errors.New("no")
	service := recorder.Wrap(bus.ServiceFunc(func(_ context.Context, m *bus.Message) (*bus.Message, error) {
		switch m.Method {
		case "FAIL":
			return nil, no
		case "NEITHER":
			return nil, nil
		}
		m.Header.Set("X-A", "changed")
		return bus.Reply(204, nil), nil
	}))
	_, err := service.Serve(t.Context(), request())
	require.NoError(t, err)
	_, err = service.Serve(t.Context(), &bus.Message{Method: "FAIL", Body: bus.NewStream(io.NopCloser(strings.NewReader("x")), 1, "")})
	require.ErrorIs(t, err, no)
	_, _ = service.Serve(t.Context(), &bus.Message{Method: "NEITHER"})
	calls := recorder.Calls()
	require.Len(t, calls, 3)
	assert.Equal(t, bustest.Call{Method: "PUT", URL: "/a/b%20c/?q=1", Header: request().Header, Body: []byte("hello"),
		User: &bus.User{Email: "a@b.c"}, Depth: 2, Status: 204}, calls[0])
	assert.Equal(t, bustest.Call{Method: "FAIL", URL: "/", Err: no}, calls[1], "a stream is left alone")
	calls[0].Method = "changed"
	assert.Equal(t, "PUT", recorder.Calls()[0].Method)
}

// What a Recorder noted outlives the memory of the request.
func TestRecorderKeepsCopies(t *testing.T) {
	var recorder bustest.Recorder
	reply, err := bustest.Frozen(t, recorder.Wrap(bustest.Echo())).Serve(t.Context(), request())
	require.NoError(t, err)
	require.NoError(t, reply.Close())
	call := recorder.Calls()[0]
	assert.Equal(t, "PUT", call.Method)
	assert.Equal(t, request().Header, call.Header)
	assert.Equal(t, "hello", string(call.Body))
}

func TestFrozenPassesTheRequestOn(t *testing.T) {
	want := request()
	reply, err := bustest.Frozen(t, bus.ServiceFunc(func(_ context.Context, m *bus.Message) (*bus.Message, error) {
		data, err := m.Body.Bytes(9)
		assert.NoError(t, err)
		assert.Equal(t, "hello", string(data))
		assert.Equal(t, want.Body.MediaType(), m.Body.MediaType())
		assert.Equal(t, want.URL, m.URL)
		assert.Equal(t, want.Header, m.Header)
		assert.Equal(t, want.Method, m.Method)
		assert.Equal(t, want.User, m.User)
		assert.Equal(t, want.Depth, m.Depth)
		return bustest.Echo().Serve(t.Context(), m)
	})).Serve(t.Context(), request())
	require.NoError(t, err)
	data, err := reply.Body.Bytes(9)
	require.NoError(t, err)
	assert.Equal(t, "hello", string(data), "until the reply is closed")
	require.NoError(t, reply.Close())
	assert.Equal(t, "!!!!!", string(data))
}

func TestFrozenPassesStreamsAndClosesOn(t *testing.T) {
	closed := 0
	for _, body := range []*bus.Body{bus.NewStream(io.NopCloser(strings.NewReader("x")), 1, ""), bus.NewBody([]byte("x"), "")} {
		body.OnClose(func() { closed++ })
		reply, err := bustest.Frozen(t, bustest.Echo()).Serve(t.Context(), &bus.Message{Method: "PUT", Body: body})
		require.NoError(t, err)
		require.NoError(t, reply.Close())
	}
	assert.Equal(t, 2, closed)
}

func TestFrozenCatchesAChanger(t *testing.T) {
	change := func(m *bus.Message) {
		data, _ := m.Body.Bytes(9)
		data[0] = 'j'
	}
	replies := map[string]func(m *bus.Message) (*bus.Message, error){
		"reply":     func(m *bus.Message) (*bus.Message, error) { change(m); return bus.Reply(204, nil), nil },
		"same body": func(m *bus.Message) (*bus.Message, error) { change(m); return bus.Reply(200, m.Body), nil },
		"error":     func(m *bus.Message) (*bus.Message, error) { change(m); return nil, io.EOF },
		"afterwards": func(m *bus.Message) (*bus.Message, error) {
			body := bus.NewBody([]byte("x"), "")
			body.OnClose(func() { change(m) })
			return bus.Reply(200, body), nil
		},
	}
	for name, reply := range replies {
		var c complaints
		got, err := bustest.Frozen(&c, bus.ServiceFunc(func(_ context.Context, m *bus.Message) (*bus.Message, error) {
			return reply(m)
		})).Serve(t.Context(), request())
		if err == nil {
			require.NoError(t, got.Close())
		}
		assert.Equal(t, complaints{"PUT /a/b%20c/?q=1: the bytes of the request's body were changed"}, c, name)
	}
}

func TestFrozenCatchesAKeeper(t *testing.T) {
	for name, body := range map[string]*bus.Body{"no body": nil, "body": bus.NewBody([]byte("x"), "")} {
		var kept []string
		var data []byte
		reply, err := bustest.Frozen(t, bus.ServiceFunc(func(_ context.Context, m *bus.Message) (*bus.Message, error) {
			data, _ = m.Body.Bytes(9)
			kept = []string{m.Method, m.URL.Path[0], m.URL.Query, m.Header[0].Name, m.Header[0].Value, m.Body.MediaType()}
			reply := bus.Reply(200, body)
			reply.Header = m.Header
			return reply, nil
		})).Serve(t.Context(), request())
		require.NoError(t, err)
		assert.Equal(t, bus.Header{{Name: "X-A", Value: "1"}}, reply.Header, "a reply is whole until it is closed")
		require.NoError(t, reply.Close())
		for _, text := range append(kept, string(data)) {
			assert.Empty(t, strings.Trim(text, "!"), name)
			assert.NotEmpty(t, text)
		}
	}
}

// An error may hold a piece of the request: nothing says when it was read.
func TestFrozenLeavesErrorsWhole(t *testing.T) {
	_, err := bustest.Frozen(t, bus.ServiceFunc(func(_ context.Context, m *bus.Message) (*bus.Message, error) {
		return nil, &bus.Error{Status: 404, Detail: m.URL.Path[1]}
	})).Serve(t.Context(), request())
	assert.EqualError(t, err, "b c")
}

func TestFrozenCatchesNeither(t *testing.T) {
	var c complaints
	_, _ = bustest.Frozen(&c, bus.ServiceFunc(func(context.Context, *bus.Message) (*bus.Message, error) {
		return nil, nil
	})).Serve(t.Context(), request())
	assert.Equal(t, complaints{"PUT /a/b%20c/?q=1: neither a reply nor an error"}, c)
}
