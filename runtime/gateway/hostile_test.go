package gateway

import (
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// raw starts an upstream that does with each connection, when a request has
// begun to come, what h does. It returns how many there were.
func raw(t *testing.T, h func(net.Conn)) (url string, connections *atomic.Int64) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	connections = new(atomic.Int64)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				_, _ = conn.Read(make([]byte, 4096))
				connections.Add(1)
				h(conn)
			}()
		}
	}()
	t.Cleanup(func() { _ = l.Close(); <-done })
	return "http://" + l.Addr().String(), connections
}

func says(text string) func(net.Conn) {
	return func(c net.Conn) { _, _ = io.WriteString(c, text) }
}

func TestUpstreamsThatFail(t *testing.T) {
	for name, row := range map[string]struct {
		upstream func(net.Conn)
		status   int
		problem  string
		tries    int64
	}{
		"never answers":          {func(c net.Conn) { _, _ = io.Copy(io.Discard, c) }, 504, "urn:restspace:problem:timeout", 3},
		"hangs up":               {func(net.Conn) {}, 502, "urn:restspace:problem:upstream-failed", 3},
		"hangs up in the header": {says("HTTP/1.1 200 OK\r\nContent-Le"), 502, "urn:restspace:problem:upstream-failed", 3},
		"speaks another tongue":  {says("220 mail.example ESMTP\r\n"), 502, "urn:restspace:problem:upstream-failed", 3},
		"has no end of fields": {func(c net.Conn) {
			says("HTTP/1.1 200 OK\r\n" + strings.Repeat("X-A: "+strings.Repeat("a", 1000)+"\r\n", 100))(c)
		}, 502, "urn:restspace:problem:upstream-failed", 3},
		"has two lengths":  {says("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 5\r\n\r\nhello"), 502, "urn:restspace:problem:upstream-failed", 3},
		"upgrades unasked": {says("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nhello"), 502, "urn:restspace:problem:upstream-failed", 3},
	} {
		t.Run(name, func(t *testing.T) {
			url, tries := raw(t, row.upstream)
			s := start(t, url, "timeout", "200ms")
			answer, text := s.do(t, "GET", "/m/7", nil)
			assert.Equal(t, row.status, answer.StatusCode)
			assert.Contains(t, text, row.problem)
			assert.Contains(t, text, `\"orders\"`)
			assert.NotContains(t, text, "127.0.0.1")
			assert.Equal(t, row.tries, tries.Load())
			answer, _ = s.do(t, "POST", "/m/7", strings.NewReader("hello"))
			assert.Equal(t, row.status, answer.StatusCode)
			assert.Equal(t, row.tries+1, tries.Load(), "what may have been done is not done again")
		})
	}
}

func TestTheLogHasTheAddress(t *testing.T) {
	s := start(t, "http://127.0.0.1:1")
	answer, text := s.do(t, "GET", "/m/7", nil)
	assert.Equal(t, 502, answer.StatusCode)
	assert.Contains(t, text, "urn:restspace:problem:upstream-unreachable")
	assert.NotContains(t, text, "127.0.0.1")
	assert.Contains(t, s.log.String(), "127.0.0.1:1")
}

func TestAnswersThatBreakOff(t *testing.T) {
	for name, text := range map[string]string{
		"of known length": "HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n" + strings.Repeat("x", 100_000),
		"in chunks":       "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
		"bad chunks":      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			url, tries := raw(t, says(text))
			s := start(t, url)
			answer, err := s.client.Get(s.url + "/m/7")
			if err == nil {
				_, err = io.ReadAll(answer.Body)
				_ = answer.Body.Close()
			}
			assert.Error(t, err, "half an answer does not look like a whole one")
			assert.Equal(t, int64(1), tries.Load())
		})
	}
}

func TestTheClientLeavesAStream(t *testing.T) {
	left := make(chan struct{})
	s := start(t, upstream(t, func(w http.ResponseWriter, _ *http.Request) {
		defer close(left)
		piece := make([]byte, 64<<10)
		for range 10 << 30 / len(piece) {
			if _, err := w.Write(piece); err != nil {
				return
			}
		}
		t.Error("all of it was taken")
	}))
	answer, err := s.client.Get(s.url + "/m/endless")
	require.NoError(t, err)
	_, err = io.ReadFull(answer.Body, make([]byte, 1<<20))
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	happens(t, "the upstream sees that nobody reads", left)
}

func TestTheClientLeavesBeforeTheAnswer(t *testing.T) {
	asked, left := make(chan struct{}), make(chan struct{})
	s := start(t, upstream(t, func(_ http.ResponseWriter, r *http.Request) {
		close(asked)
		<-r.Context().Done()
		close(left)
	}))
	conn, err := net.Dial("tcp", s.Addr())
	require.NoError(t, err)
	_, err = io.WriteString(conn, "GET /m/7 HTTP/1.1\r\nHost: localhost\r\n\r\n")
	require.NoError(t, err)
	happens(t, "the upstream is asked", asked)
	require.NoError(t, conn.Close())
	happens(t, "the upstream sees that nobody waits", left)
}

// An upstream may answer before it has read the request, which its client goes
// on sending.
func TestAnswersBeforeTheRequest(t *testing.T) {
	s := start(t, upstream(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Connection", "close")
		w.WriteHeader(403)
		_, _ = io.WriteString(w, "no")
	}))
	for range 20 {
		conn, err := net.Dial("tcp", s.Addr())
		require.NoError(t, err)
		require.NoError(t, conn.SetDeadline(time.Now().Add(patience)))
		_, err = io.WriteString(conn, "PUT /m/7 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10000000\r\n\r\nbegins")
		require.NoError(t, err)
		answer := make([]byte, len("HTTP/1.1 403"))
		_, err = io.ReadFull(conn, answer)
		require.NoError(t, err)
		assert.Equal(t, "HTTP/1.1 403", string(answer))
		require.NoError(t, conn.Close())
	}
}

// A body that its client does not send to the end is its fault.
func TestTheRequestBreaksOff(t *testing.T) {
	left := make(chan struct{})
	s := start(t, upstream(t, func(_ http.ResponseWriter, r *http.Request) {
		_, err := io.Copy(io.Discard, r.Body)
		if assert.Error(t, err, "half a body does not look like a whole one") {
			close(left)
		}
	}))
	conn, err := net.Dial("tcp", s.Addr())
	require.NoError(t, err)
	_, err = io.WriteString(conn, "PUT /m/7 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10000000\r\n\r\n"+strings.Repeat("x", 1<<20))
	require.NoError(t, err)
	require.NoError(t, conn.Close())
	happens(t, "the upstream sees the end", left)
}

// What was not begun can be sent elsewhere, whatever it is.
func TestALongRequestGoesElsewhere(t *testing.T) {
	s := start(t, "", "upstreams", []string{"http://127.0.0.1:1", upstream(t, func(w http.ResponseWriter, r *http.Request) {
		n, _ := io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, strconv.FormatInt(n, 10))
	})}, "breaker", map[string]any{"failures": 100})
	for range 4 { // the first choice of half of them
		answer, text := s.do(t, "POST", "/m/7", io.LimitReader(zeros{}, 1<<20))
		assert.Equal(t, 200, answer.StatusCode)
		assert.Equal(t, "1048576", text)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }
