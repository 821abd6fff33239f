package bus_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/bus"
)

// shout answers each line of an upgraded connection; greeting says how the
// handler announces the switch.
func shout(greet func(w http.ResponseWriter) (net.Conn, *bufio.ReadWriter, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, buffered, err := greet(w)
		if err != nil {
			panic(err)
		}
		defer conn.Close()
		for {
			line, err := buffered.ReadString('\n')
			if err != nil || line == "bye\n" {
				return
			}
			_, _ = buffered.WriteString("> " + line)
			_ = buffered.Flush()
		}
	})
}

// byStatus announces the switch with WriteHeader, as coder/websocket does.
func byStatus(w http.ResponseWriter) (net.Conn, *bufio.ReadWriter, error) {
	w.Header().Set("Connection", "Upgrade")
	w.Header().Set("Upgrade", "shout")
	w.WriteHeader(http.StatusSwitchingProtocols)
	return http.NewResponseController(w).Hijack()
}

// byHand writes the head to the connection, as httputil.ReverseProxy does.
func byHand(w http.ResponseWriter) (net.Conn, *bufio.ReadWriter, error) {
	conn, buffered, err := http.NewResponseController(w).Hijack()
	if err == nil {
		_, _ = buffered.WriteString("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: shout\r\n\r\n")
		err = buffered.Flush()
	}
	return conn, buffered, err
}

func proxyTo(transport http.RoundTripper, target string) http.Handler {
	to, _ := url.Parse(target)
	return &httputil.ReverseProxy{Transport: transport, Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to) }}
}

func TestUpgrade(t *testing.T) {
	direct := serve(t, shout(byHand))
	own := &http.Transport{}
	t.Cleanup(own.CloseIdleConnections)
	remote := bus.ServiceFunc(func(ctx context.Context, m *bus.Message) (*bus.Message, error) {
		m.URL.Scheme, m.URL.Host = "http", direct.Listener.Addr().String()
		return bus.FromTransport(own).Serve(ctx, m)
	})
	for name, h := range map[string]http.Handler{
		"another server":                 bus.Handler(remote),
		"by status":                      bus.Handler(bus.FromHandler(shout(byStatus))),
		"by hand":                        bus.Handler(bus.FromHandler(shout(byHand))),
		"a proxy to a service":           proxyTo(bus.Transport(bus.FromHandler(shout(byStatus))), "http://bus"),
		"a proxy to a service, by hand":  proxyTo(bus.Transport(bus.FromHandler(shout(byHand))), "http://bus"),
		"a proxy that is a service":      bus.Handler(bus.FromHandler(proxyTo(own, direct.URL))),
		"services and proxies all mixed": bus.Handler(bus.FromHandler(proxyTo(bus.Transport(bus.FromHandler(shout(byStatus))), "http://bus"))),
	} {
		for _, who := range []string{"client", "service"} {
			t.Run(name+"/"+who+" ends", func(t *testing.T) {
				server := serve(t, h)
				conn, from := dial(t, server, "")
				_, err := io.WriteString(conn, "one\n")
				require.NoError(t, err)
				line, err := from.ReadString('\n')
				require.NoError(t, err)
				assert.Equal(t, "> one\n", line)
				if who == "service" {
					_, err = io.WriteString(conn, "bye\n")
					require.NoError(t, err)
					_, err = from.ReadByte()
					assert.Equal(t, io.EOF, err)
				}
				require.NoError(t, conn.Close())
			})
		}
	}
}

// What a client sends together with its head is not lost.
func TestUpgradeOfAnEagerClient(t *testing.T) {
	for name, greet := range map[string]func(http.ResponseWriter) (net.Conn, *bufio.ReadWriter, error){"by status": byStatus, "by hand": byHand} {
		conn, from := dial(t, serve(t, bus.Handler(bus.FromHandler(shout(greet)))), "zero\n")
		line, err := from.ReadString('\n')
		require.NoError(t, err)
		assert.Equal(t, "> zero\n", line, name)
		require.NoError(t, conn.Close())
	}
}

// What is long comes whole, in both directions at once.
func TestUpgradeMovesMuch(t *testing.T) {
	conn, from := dial(t, serve(t, bus.Handler(bus.FromHandler(shout(byStatus)))), "")
	line := strings.Repeat("x", 1<<20) + "\n"
	go func() { _, _ = io.WriteString(conn, line+line+"bye\n") }()
	back, err := io.ReadAll(from)
	require.NoError(t, err)
	assert.True(t, string(back) == "> "+line+"> "+line, "%d bytes came back", len(back))
	require.NoError(t, conn.Close())
}

// dial upgrades a connection to server, and sends more together with its head.
func dial(t *testing.T, server *httptest.Server, more string) (net.Conn, *bufio.Reader) {
	t.Helper()
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	require.NoError(t, err)
	_, err = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, Upgrade\r\nUpgrade: shout\r\n\r\n"+more)
	require.NoError(t, err)
	from := bufio.NewReader(conn)
	answer, err := http.ReadResponse(from, nil)
	require.NoError(t, err)
	require.Equal(t, 101, answer.StatusCode)
	assert.Equal(t, "Upgrade", answer.Header.Get("Connection"))
	assert.Equal(t, "shout", answer.Header.Get("Upgrade"))
	return conn, from
}

func TestHijackedReplyThatIsNoUpgrade(t *testing.T) {
	reply, err := ask(t, func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := w.(http.Hijacker).Hijack()
		assert.NoError(t, err)
		defer conn.Close()
		_, _ = io.WriteString(conn, "HTTP/1.1 403 Forbidden\r\nContent-Type: text/x\r\nContent-Length: 2\r\nX-A: 1\r\n\r\nno")
	})
	require.NoError(t, err)
	assert.Equal(t, 403, reply.Status)
	assert.Equal(t, "text/x", reply.Body.MediaType())
	assert.Equal(t, bus.Header{{Name: "X-A", Value: "1"}}, reply.Header)
	assert.Equal(t, "no", readAll(t, reply))
}

func TestHijackedConnectionWithoutAReply(t *testing.T) {
	_, err := ask(t, func(w http.ResponseWriter, _ *http.Request) {
		conn, _, _ := w.(http.Hijacker).Hijack()
		_ = conn.Close()
	})
	assert.ErrorContains(t, err, "hijacked")

	ctx, cancel := context.WithCancel(t.Context())
	_, err = bus.FromHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		conn, _, _ := w.(http.Hijacker).Hijack()
		cancel()
		_, _ = conn.Read(make([]byte, 1))
	})).Serve(ctx, &bus.Message{Method: "GET"})
	assert.ErrorIs(t, err, context.Canceled)
}

func TestHijackRefuses(t *testing.T) {
	reply, err := ask(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "begun")
		_, _, err := w.(http.Hijacker).Hijack()
		assert.ErrorContains(t, err, "too late")
	})
	require.NoError(t, err)
	assert.Equal(t, "begun", readAll(t, reply))

	reply, err = ask(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _, err := byStatus(w)
		assert.NoError(t, err)
		_, _, err = w.(http.Hijacker).Hijack()
		assert.ErrorIs(t, err, http.ErrHijacked)
		_, err = w.Write(make([]byte, 1<<17))
		assert.ErrorIs(t, err, http.ErrHijacked)
		w.(http.Flusher).Flush()
	})
	require.NoError(t, err)
	assert.Equal(t, 101, reply.Status)
	require.NoError(t, reply.Close())
}

func TestUpgradeWithoutAConnection(t *testing.T) {
	for _, body := range []func() *bus.Body{
		func() *bus.Body { return nil },
		func() *bus.Body { return bus.NewBody([]byte("x"), "") },
	} {
		server := serve(t, bus.Handler(replying(101, body())))
		_, err := server.Client().Get(server.URL)
		assert.Error(t, err)
		answer, err := clientOf(replying(101, body())).Get("http://x/")
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
	}
}
