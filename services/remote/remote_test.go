package remote_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/services"
	"github.com/seed90475182/restspace/services/remote"
)

// open returns a service at /shop that stands for /orders of another server, which
// answers with calls.
func open(t *testing.T, calls bus.ServiceFunc) bus.Service {
	t.Helper()
	s, err := remote.Kind().New(t.Context(), services.Env{Name: "shop", Base: []string{"shop"}, Bus: calls, Config: &remote.Config{URL: "https://b.example/orders"}})
	require.NoError(t, err)
	return s
}

// request returns one of /shop/7.
func request(method string) *bus.Message {
	m := &bus.Message{Method: method}
	m.URL.Path, m.URL.Base = []string{"shop", "7"}, 1
	return m
}

func TestWhereAnswersLead(t *testing.T) {
	s := open(t, func(_ context.Context, m *bus.Message) (*bus.Message, error) {
		assert.Equal(t, "https://b.example/orders/7", m.URL.String())
		reply := bus.Reply(200, nil)
		for name, value := range map[string]string{"Location": "/orders/8", "Content-Location": "/orders/7?v=1", "Link": `</orders/>; rel="up"`} {
			reply.Header.Set(name, value)
		}
		return reply, nil
	})
	reply, err := s.Serve(t.Context(), request("GET"))
	require.NoError(t, err)
	assert.Equal(t, "/shop/8", reply.Header.Get("Location"))
	assert.Equal(t, "/shop/7?v=1", reply.Header.Get("Content-Location"))
	assert.Equal(t, `</shop/>; rel="up"`, reply.Header.Get("Link"))
}

func TestRequestsThatAreRefusedHere(t *testing.T) {
	s := open(t, func(context.Context, *bus.Message) (*bus.Message, error) {
		assert.Fail(t, "it went on")
		return bus.Reply(200, nil), nil
	})
	_, err := s.Serve(t.Context(), request("QUERY"))
	assert.Equal(t, 405, bus.Classify(err).Status)
	m := request("GET")
	m.URL.Path[1] = "..;"
	_, err = s.Serve(t.Context(), m)
	assert.Equal(t, 400, bus.Classify(err).Status)
	assert.Equal(t, []string{"DELETE", "GET", "PATCH", "POST", "PUT"}, s.(services.Methods).Methods(nil, false))
}

// That a client leaves says nothing of the other server.
func TestClientsThatLeave(t *testing.T) {
	s := open(t, func(context.Context, *bus.Message) (*bus.Message, error) { return nil, context.Canceled })
	_, err := s.Serve(t.Context(), request("GET"))
	assert.Equal(t, context.Canceled, err)
	assert.NoError(t, s.(services.Health).Health())
}

// The log names the server that answered a request, and not those that were called
// on the way.
func TestTheLogNamesWhoAnswers(t *testing.T) {
	s := open(t, func(context.Context, *bus.Message) (*bus.Message, error) { return bus.Reply(200, nil), nil })
	for depth, want := range []string{"b.example", ""} {
		root := bus.NewRoot(t.Context(), 0)
		m := request("GET")
		m.Depth = depth
		_, err := s.Serve(root, m)
		require.NoError(t, err)
		assert.Equal(t, want, root.Seen.Upstream)
		root.End()
	}
}
