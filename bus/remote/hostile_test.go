package remote_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/bus"
)

// What a file has grown by would be the next request on the connection.
func TestAFileThatHasGrown(t *testing.T) {
	const more = "GET /forged HTTP/1.1\r\nHost: x\r\n\r\n"
	both(t, func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, "/asked", r.URL.Path)
		data, _ := io.ReadAll(r.Body)
		_, _ = io.WriteString(w, r.URL.Path+" "+string(data))
	}, func(t *testing.T, up upstream) {
		name := filepath.Join(t.TempDir(), "log")
		require.NoError(t, os.WriteFile(name, []byte("five."+more), 0o600))
		for range 3 {
			file, err := os.Open(name)
			require.NoError(t, err)
			_, text := up.ask(t, up.message(t, "POST", "/asked", bus.NewStream(file, 5, "")))
			assert.Equal(t, "/asked five.", text)
		}
	})
}

// A file that is shorter than it was is no whole body.
func TestAFileThatHasShrunk(t *testing.T) {
	both(t, func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) }, func(t *testing.T, up upstream) {
		name := filepath.Join(t.TempDir(), "log")
		require.NoError(t, os.WriteFile(name, []byte("five"), 0o600))
		file, err := os.Open(name)
		require.NoError(t, err)
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		_, err = up.Serve(ctx, up.message(t, "POST", "/", bus.NewStream(file, 50, "")))
		assert.Error(t, err)
		assert.NoError(t, ctx.Err(), "nobody waits for what never comes")
	})
}

// The body of one call is what another call sends, and gives up before its end.
func TestAnAnswerThatIsSentOn(t *testing.T) {
	source := serve(t, "http", func(w http.ResponseWriter, _ *http.Request) {
		for range 20 {
			_, _ = io.WriteString(w, strings.Repeat("x", 1000))
			_ = http.NewResponseController(w).Flush()
		}
	})
	both(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.ReadFull(r.Body, make([]byte, 1000))
		http.Error(w, "no", http.StatusForbidden)
	}, func(t *testing.T, up upstream) {
		for range 200 {
			reply, err := source.Serve(t.Context(), source.message(t, "GET", "/", nil))
			require.NoError(t, err)
			up.ask(t, up.message(t, "PUT", "/", reply.Body))
			require.NoError(t, reply.Close())
		}
	})
}

// A server that changes the protocol while the request is still sent would get
// what follows of it as the new one.
func TestAnUpgradeBeforeTheEndOfTheRequest(t *testing.T) {
	up, _ := raw(t, "HTTP/1.1 200 OK\r\n\r\n")
	_ = up
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		in := bufio.NewReader(c)
		if _, err := http.ReadRequest(in); err == nil {
			_, _ = io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
			_, _ = io.Copy(io.Discard, in)
		}
	}()
	up.URL = "http://" + l.Addr().String()
	from, to := io.Pipe()
	defer to.Close()
	m := up.message(t, "GET", "/", bus.NewStream(from, -1, ""))
	m.Header = bus.Header{{Name: "Connection", Value: "Upgrade"}, {Name: "Upgrade", Value: "websocket"}}
	reply, err := up.Serve(t.Context(), m)
	if !assert.Error(t, err) {
		require.NoError(t, reply.Close())
	}
}

// A server that reads nothing holds a call no longer than its context.
func TestAServerThatDoesNotRead(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	up, _ := raw(t, "")
	up.URL = "http://" + l.Addr().String()
	m := up.message(t, "GET", "/", nil)
	m.Header.Add("X", strings.Repeat("x", 32<<20))
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	ended := make(chan error, 1)
	go func() { _, err := up.Serve(ctx, m); ended <- err }()
	select {
	case err := <-ended:
		assert.ErrorIs(t, err, context.DeadlineExceeded)
	case <-time.After(10 * time.Second):
		t.Fatal("the call goes on")
	}
}

// Upgrade is for one connection: only the reply that changes the protocol has
// it.
func TestAnOfferToUpgradeStaysHere(t *testing.T) {
	both(t, func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor == 1 {
			w.Header().Set("Connection", "Upgrade")
			w.Header().Set("Upgrade", "h2,h2c")
		}
	}, func(t *testing.T, up upstream) {
		m := up.message(t, "GET", "/", nil)
		if m.URL.Scheme == "https" {
			m.Header = bus.Header{{Name: "Connection", Value: "Upgrade"}, {Name: "Upgrade", Value: "websocket"}} // over HTTP/1.1
		}
		reply, _ := up.ask(t, m)
		assert.Empty(t, reply.Header.Get("Connection"))
		assert.Empty(t, reply.Header.Get("Upgrade"))
	})
}

// RFC 9112 section 6.1: such an answer is taken for faulty, and its connection
// is not used again.
func TestChunksOfHTTP10(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	up, _ := raw(t, "")
	up.URL = "http://" + l.Addr().String()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				in := bufio.NewReader(c)
				for n := 0; ; n++ {
					if _, err := http.ReadRequest(in); err != nil {
						return
					}
					_, _ = io.WriteString(c, "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n"+string(rune('0'+n))+"\r\n0\r\n\r\n")
				}
			}()
		}
	}()
	for range 2 {
		_, text := up.ask(t, up.message(t, "GET", "/", nil))
		assert.Equal(t, "0", text)
	}
}
