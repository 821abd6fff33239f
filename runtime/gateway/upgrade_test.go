package gateway

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// say writes text on a connection of its own, and returns the answer to it.
func (s *server) say(t *testing.T, text string) (*http.Response, net.Conn) {
	t.Helper()
	conn, err := net.Dial("tcp", s.Addr())
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	require.NoError(t, conn.SetDeadline(time.Now().Add(patience)))
	_, err = io.WriteString(conn, text)
	require.NoError(t, err)
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err)
	return answer, conn
}

const switching = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"

// Over h2c a client could ask the upstream for what is not below the mount.
func TestOnlySocketsLeaveHTTP(t *testing.T) {
	up := upstream(t, func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%q %q", r.Header["Connection"], r.Header["Upgrade"])
	})
	s := start(t, up)
	for _, protocol := range []string{"h2c", "HTTP/2.0", "TLS/1.3", "websocket, h2c"} {
		answer, _ := s.say(t, "GET /m/7 HTTP/1.1\r\nHost: "+s.Addr()+"\r\nConnection: Upgrade\r\nUpgrade: "+protocol+"\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n\r\n")
		text, err := io.ReadAll(answer.Body)
		require.NoError(t, err)
		assert.Equal(t, "[] []", string(text), protocol)
	}
	answer, _ := s.say(t, "GET /m/7 HTTP/1.1\r\nHost: "+s.Addr()+"\r\nConnection: Upgrade\r\nUpgrade: WebSocket\r\n\r\n")
	text, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	assert.Equal(t, `["Upgrade"] ["WebSocket"]`, string(text))
}

// The rest of a body can't be told from what is said over the socket.
func TestASocketBeforeTheEndOfTheRequest(t *testing.T) {
	url, _ := raw(t, func(c net.Conn) {
		says(switching)(c)
		_, _ = io.Copy(io.Discard, c)
	})
	s := start(t, url, "breaker", map[string]any{"failures": 100})
	for range 20 {
		answer, conn := s.say(t, "GET /m/7 HTTP/1.1\r\nHost: "+s.Addr()+"\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
			"Content-Length: 10000000\r\n\r\n"+strings.Repeat("x", 1_000_000))
		assert.Equal(t, 502, answer.StatusCode)
		_, _ = io.WriteString(conn, strings.Repeat("x", 1_000_000))
		require.NoError(t, conn.Close())
	}
}

// What a client can't send as a field it can't send after the body either.
func TestForgedTrailers(t *testing.T) {
	up := upstream(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		fmt.Fprint(w, r.Trailer)
	})
	s := start(t, up)
	answer, _ := s.say(t, "POST /m/7 HTTP/1.1\r\nHost: "+s.Addr()+"\r\nTransfer-Encoding: chunked\r\n"+
		"Trailer: X-Sum, X-Restspace-User, X-Forwarded-For\r\n\r\n"+
		"10001\r\n"+strings.Repeat("x", 0x10001)+"\r\n0\r\nX-Sum: 1\r\nX-Restspace-User: root\r\nX-Forwarded-For: 127.0.0.1\r\n\r\n")
	text, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	assert.Equal(t, "map[X-Sum:[1]]", string(text))
}
