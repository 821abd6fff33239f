package gateway

import (
	"bytes"
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/services"
	"github.com/seed90475182/restspace/services/proxy"
)

// sockets is an upstream whose sockets talk does the talking on. Like most, it
// takes them only from pages of the host that it is asked for.
func sockets(t *testing.T, talk func(context.Context, *websocket.Conn)) string {
	return upstream(t, func(w http.ResponseWriter, r *http.Request) {
		conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{"chat"}})
		if err != nil {
			return // it has answered
		}
		conn.SetReadLimit(4 << 20)
		talk(context.Background(), conn)
		_ = conn.CloseNow()
	})
}

func echo(ctx context.Context, c *websocket.Conn) {
	for {
		kind, message, err := c.Read(ctx)
		if err != nil || c.Write(ctx, kind, message) != nil {
			return
		}
	}
}

// dial opens a socket as a page of the server's own would.
func (s *server) dial(t *testing.T, path string) (*websocket.Conn, *http.Response, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	conn, answer, err := websocket.Dial(ctx, s.url+path, &websocket.DialOptions{
		HTTPClient: s.client, Subprotocols: []string{"chat"}, HTTPHeader: http.Header{"Origin": {s.url}},
	})
	if err == nil {
		conn.SetReadLimit(4 << 20)
		t.Cleanup(func() { _ = conn.CloseNow() })
	}
	return conn, answer, err
}

func TestSocketsEcho(t *testing.T) {
	s := start(t, sockets(t, echo), "preserveHost", true)
	conn, answer, err := s.dial(t, "/m/chat")
	require.NoError(t, err)
	assert.Equal(t, "chat", conn.Subprotocol())
	assert.Equal(t, "orders", answer.Header.Get("X-Restspace-Service"))
	for _, message := range []string{"hello", "", strings.Repeat("x", 1<<20)} {
		require.NoError(t, conn.Write(t.Context(), websocket.MessageText, []byte(message)))
		kind, back, err := conn.Read(t.Context())
		require.NoError(t, err)
		assert.Equal(t, websocket.MessageText, kind)
		assert.Equal(t, message, string(back))
	}
	assert.NoError(t, conn.Close(websocket.StatusNormalClosure, "bye"), "the upstream answers the close")
}

func TestSocketsOfOtherOrigins(t *testing.T) {
	s := start(t, sockets(t, echo))
	_, answer, err := s.dial(t, "/m/chat")
	require.Error(t, err)
	assert.Equal(t, 403, answer.StatusCode, "without preserveHost the host is another")
	assert.Equal(t, "orders", answer.Header.Get("X-Restspace-Service"))
}

func TestCodesOfClosing(t *testing.T) {
	codes := make(chan websocket.StatusCode, 1)
	s := start(t, sockets(t, func(ctx context.Context, c *websocket.Conn) {
		_, message, err := c.Read(ctx)
		if err != nil {
			codes <- websocket.CloseStatus(err)
			return
		}
		_ = c.Close(4007, string(message))
	}), "preserveHost", true)
	conn, _, err := s.dial(t, "/m/chat")
	require.NoError(t, err)
	require.NoError(t, conn.Write(t.Context(), websocket.MessageText, []byte("as you wish")))
	_, _, err = conn.Read(t.Context())
	assert.Equal(t, websocket.StatusCode(4007), websocket.CloseStatus(err), "of the upstream")
	assert.ErrorContains(t, err, "as you wish")

	conn, _, err = s.dial(t, "/m/chat")
	require.NoError(t, err)
	require.NoError(t, conn.Close(4008, "enough"))
	assert.Equal(t, websocket.StatusCode(4008), <-codes, "of the client")
}

func TestTheUpstreamOfASocketDies(t *testing.T) {
	s := start(t, sockets(t, func(ctx context.Context, c *websocket.Conn) {
		_, _, _ = c.Read(ctx)
		_ = c.CloseNow()
	}), "preserveHost", true)
	conn, _, err := s.dial(t, "/m/chat")
	require.NoError(t, err)
	require.NoError(t, conn.Write(t.Context(), websocket.MessageText, []byte("die")))
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	_, _, err = conn.Read(ctx)
	require.Error(t, err)
	assert.NoError(t, ctx.Err(), "the client sees it")
	assert.Equal(t, websocket.StatusCode(-1), websocket.CloseStatus(err))
}

func TestTheClientOfASocketDies(t *testing.T) {
	left := make(chan struct{})
	s := start(t, sockets(t, func(ctx context.Context, c *websocket.Conn) {
		_, _, _ = c.Read(ctx)
		close(left)
	}), "preserveHost", true)
	conn, _, err := s.dial(t, "/m/chat")
	require.NoError(t, err)
	require.NoError(t, conn.CloseNow())
	happens(t, "the upstream sees it", left)
}

// A socket lives as long as its mount, whatever else is configured anew.
func TestSocketsAndReloads(t *testing.T) {
	url := sockets(t, echo)
	s := start(t, url, "preserveHost", true)
	conn, _, err := s.dial(t, "/m/chat")
	require.NoError(t, err)
	same := config(t, url, "preserveHost", true)
	require.NoError(t, s.Load(t.Context(), "services.json", bytes.Replace(same, []byte(`"200ms"`), []byte(`"201ms"`), 1)))
	time.Sleep(500 * time.Millisecond) // longer than requests of the old one may take
	require.NoError(t, conn.Write(t.Context(), websocket.MessageText, []byte("still here?")))
	_, back, err := conn.Read(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "still here?", string(back))

	require.NoError(t, s.Load(t.Context(), "services.json", config(t, url, "preserveHost", true, "retries", 1)))
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	_, _, err = conn.Read(ctx)
	require.Error(t, err)
	assert.NoError(t, ctx.Err(), "it ends with its mount")
}

// A handler that takes sockets from pages of its own host alone knows its host.
func TestSocketsOfAHandler(t *testing.T) {
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if conn, err := websocket.Accept(w, r, nil); err == nil {
			echo(context.Background(), conn)
			_ = conn.CloseNow()
		}
	})
	kind := services.Define(services.Kind{Name: "proxy", Config: proxy.Kind().Config}, func(context.Context, services.Env, proxy.Config, services.None) (bus.Service, error) {
		return bus.FromHandler(handler), nil
	})
	s := startKind(t, kind, "http://127.0.0.1:1")
	conn, _, err := s.dial(t, "/m/chat")
	require.NoError(t, err)
	require.NoError(t, conn.Write(t.Context(), websocket.MessageText, []byte("hello")))
	_, back, err := conn.Read(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "hello", string(back))
	s.url = strings.Replace(s.url, "127.0.0.1", "localhost", 1)
	origin := http.Header{"Origin": {"http://" + s.Addr()}}
	_, answer, err := websocket.Dial(t.Context(), s.url+"/m/chat", &websocket.DialOptions{HTTPClient: s.client, HTTPHeader: origin})
	require.Error(t, err)
	assert.Equal(t, 403, answer.StatusCode, "a page of another host")
}
