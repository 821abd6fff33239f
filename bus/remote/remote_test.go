package remote_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/bus/remote"
	"github.com/seed90475182/restspace/urlpattern"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// upstream is another server and a Caller that knows its certificate.
type upstream struct {
	*httptest.Server
	*remote.Caller
}

// both runs test with a server that is called over HTTP, and one over HTTPS
// with HTTP/2.
func both(t *testing.T, handler http.HandlerFunc, test func(t *testing.T, up upstream)) {
	t.Helper()
	for _, scheme := range []string{"http", "https"} {
		t.Run(scheme, func(t *testing.T) { test(t, serve(t, scheme, handler)) })
	}
}

func serve(t *testing.T, scheme string, handler http.HandlerFunc) upstream {
	t.Helper()
	server := httptest.NewUnstartedServer(handler)
	var o remote.Options
	if scheme == "https" {
		server.EnableHTTP2 = true
		server.StartTLS()
		pool := x509.NewCertPool()
		pool.AddCert(server.Certificate())
		o.TLS = &tls.Config{RootCAs: pool}
	} else {
		server.Start()
	}
	up := upstream{server, remote.New(o)}
	t.Cleanup(func() {
		assert.NoError(t, up.Caller.Close())
		server.Close()
	})
	return up
}

func (up upstream) message(t *testing.T, method, path string, body *bus.Body) *bus.Message {
	t.Helper()
	u, err := urlpattern.ParseURL(up.URL + path)
	require.NoError(t, err)
	return &bus.Message{Method: method, URL: u, Body: body}
}

// ask calls, and returns the reply with its whole body.
func (up upstream) ask(t *testing.T, m *bus.Message) (*bus.Message, string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	reply, err := up.Serve(ctx, m)
	require.NoError(t, err)
	data, err := reply.Body.Bytes(64 << 20)
	require.NoError(t, err)
	require.NoError(t, reply.Close())
	return reply, string(data)
}

func TestWhatIsSent(t *testing.T) {
	both(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		r.Header.Del("Accept-Encoding")
		fmt.Fprintf(w, "%s %s %s %d %v %q", r.Method, r.RequestURI, r.Host, r.ContentLength, r.TransferEncoding, body)
		for _, name := range []string{"X-One", "User-Agent", "Content-Type", "X-Request-Id", "Traceparent", "Tracestate", "Te", "Keep-Alive", "Authorization", "Cookie"} {
			if values := r.Header.Values(name); len(values) > 0 {
				fmt.Fprintf(w, "\n%s: %q", name, values)
			}
		}
	}, func(t *testing.T, up upstream) {
		m := up.message(t, "PUT", "/a%2Fb/c/?x=1&y=%20", bus.NewBody([]byte("hello"), "text/plain"))
		m.Header = bus.Header{{Name: "X-One", Value: "1"}, {Name: "x-one", Value: "2"}, {Name: "Host", Value: "shop.example"}, {Name: "keep-alive", Value: "x"}, {Name: "TE", Value: "gzip"}}
		root := bus.NewRoot(t.Context(), time.Minute)
		defer root.End()
		root.ID = "the-id"
		root.Trace, _ = bus.ParseTrace("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "a=b")
		reply, err := up.Serve(root, m)
		require.NoError(t, err)
		text, err := reply.Body.Bytes(1 << 20)
		require.NoError(t, err)
		require.NoError(t, reply.Close())
		assert.Equal(t, strings.Join([]string{
			`PUT /a%2Fb/c/?x=1&y=%20 shop.example 5 [] "hello"`,
			`X-One: ["1" "2"]`, `Content-Type: ["text/plain"]`, `X-Request-Id: ["the-id"]`,
			`Traceparent: ["00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"]`, `Tracestate: ["a=b"]`,
		}, "\n"), string(text))

		_, got := up.ask(t, up.message(t, "GET", "", nil))
		assert.Contains(t, got, "GET / ")
		_, got = up.ask(t, up.message(t, "POST", "/", nil))
		assert.Contains(t, got, ` 0 [] ""`)
		if strings.HasPrefix(up.URL, "http:") {
			_, got = up.ask(t, up.message(t, "POST", "/", bus.NewStream(io.NopCloser(strings.NewReader("streamed")), -1, "")))
			assert.Contains(t, got, ` -1 [chunked] "streamed"`)
		}
		_, got = up.ask(t, up.message(t, "POST", "/", bus.NewStream(io.NopCloser(strings.NewReader("streamed")), 8, "")))
		assert.Contains(t, got, ` 8 [] "streamed"`)
	})
}

func TestWhatComesBack(t *testing.T) {
	big := strings.Repeat("0123456789", 100_000)
	both(t, func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h["Set-Cookie"] = []string{"a=1", "b=2"}
		h.Set("Content-Type", "text/x")
		switch r.URL.Path {
		case "/small":
			h.Set("Content-Length", "5")
			_, _ = io.WriteString(w, "small")
		case "/big":
			h.Set("Content-Length", fmt.Sprint(len(big)))
			_, _ = io.WriteString(w, big)
		case "/unknown":
			w.(http.Flusher).Flush()
			_, _ = io.WriteString(w, big)
		case "/none":
			w.WriteHeader(http.StatusNoContent)
		case "/empty":
			h.Set("Content-Length", "0")
		case "/gone":
			http.Error(w, "gone", http.StatusGone)
		case "/moved":
			http.Redirect(w, r, "/small", http.StatusFound)
		case "/early":
			w.WriteHeader(http.StatusEarlyHints)
			_, _ = io.WriteString(w, "late")
		}
	}, func(t *testing.T, up upstream) {
		for _, row := range []struct {
			method, path string
			status       int
			size         int64
			text         string
		}{
			{"GET", "/small", 200, 5, "small"},
			{"GET", "/big", 200, 1_000_000, big},
			{"GET", "/unknown", 200, -1, big},
			{"GET", "/none", 204, 0, ""},
			{"GET", "/empty", 200, 0, ""},
			{"GET", "/gone", 410, 5, "gone\n"},
			{"GET", "/moved", 302, 0, ""},
			{"GET", "/early", 200, 4, "late"},
			{"HEAD", "/big", 200, 0, ""},
		} {
			m := up.message(t, row.method, row.path, nil)
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			reply, err := up.Serve(ctx, m)
			require.NoError(t, err, row.path)
			assert.Equal(t, row.status, reply.Status, row.path)
			assert.Equal(t, row.size, reply.Body.Size(), row.path)
			if row.status == 200 {
				assert.Equal(t, "text/x", reply.Body.MediaType(), row.path)
			}
			data, err := reply.Body.Bytes(2_000_000)
			require.NoError(t, err, row.path)
			assert.True(t, row.text == string(data), "%s: %d bytes", row.path, len(data))
			require.NoError(t, reply.Close())
			cancel()
			var cookies []string
			for value := range reply.Header.Values("set-cookie") {
				cookies = append(cookies, value)
			}
			assert.Equal(t, []string{"a=1", "b=2"}, cookies)
			assert.False(t, reply.Header.Has("Content-Length") || reply.Header.Has("Connection") || reply.Header.Has("Content-Type"), row.path)
		}
	})
}

func TestTrailersGoBothWays(t *testing.T) {
	both(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Trailer", "X-Sum")
		_, _ = io.WriteString(w, strings.Repeat("x", 100_000))
		w.Header().Set("X-Sum", r.Trailer.Get("X-Sent"))
	}, func(t *testing.T, up upstream) {
		body := bus.NewStream(io.NopCloser(strings.NewReader("data")), -1, "")
		body.SetTrailer(func() bus.Header { return bus.Header{{Name: "X-Sent", Value: "42"}} })
		reply, _ := up.ask(t, up.message(t, "POST", "/", body))
		var sum string
		for _, f := range reply.Body.Trailer() {
			if strings.EqualFold(f.Name, "x-sum") {
				sum = f.Value
			}
		}
		assert.Equal(t, "42", sum)
	})
}

func TestConnectionsAreUsedAgain(t *testing.T) {
	both(t, func(w http.ResponseWriter, r *http.Request) { fmt.Fprintf(w, "%s", r.RemoteAddr) }, func(t *testing.T, up upstream) {
		_, first := up.ask(t, up.message(t, "GET", "/", nil))
		for range 10 {
			_, next := up.ask(t, up.message(t, "POST", "/", bus.NewBody([]byte("x"), "")))
			assert.Equal(t, first, next)
		}
	})
}

func TestConnectionsAreCounted(t *testing.T) {
	both(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/upgrade" {
			c, _, err := http.NewResponseController(w).Hijack()
			if err == nil {
				_ = c.Close()
			}
		}
	}, func(t *testing.T, up upstream) {
		assert.Zero(t, up.Connections())
		for range 3 {
			up.ask(t, up.message(t, "GET", "/", nil))
			assert.Equal(t, 1, up.Connections())
		}
		if up.URL[:5] == "http:" { // HTTP/2 has no connection to take
			_, err := up.Serve(t.Context(), up.message(t, "POST", "/upgrade", nil))
			require.Error(t, err)
			assert.Zero(t, up.Connections(), "the other server has ended it")
			up.ask(t, up.message(t, "GET", "/", nil))
		}
		require.NoError(t, up.Caller.Close())
		assert.Eventually(t, func() bool { return up.Connections() == 0 }, 10*time.Second, time.Millisecond)
	})
}

func TestStreamsMoveAtOnce(t *testing.T) {
	both(t, func(w http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(w).EnableFullDuplex()
		w.(http.Flusher).Flush()
		in := bufio.NewReader(r.Body)
		for {
			line, err := in.ReadString('\n')
			if err != nil {
				return
			}
			_, _ = io.WriteString(w, "got "+line)
			w.(http.Flusher).Flush()
		}
	}, func(t *testing.T, up upstream) {
		from, to := io.Pipe()
		reply, err := up.Serve(t.Context(), up.message(t, "POST", "/", bus.NewStream(from, -1, "")))
		require.NoError(t, err)
		in := bufio.NewReader(reply.Body.Reader())
		for i := range 5 {
			_, err := fmt.Fprintln(to, i)
			require.NoError(t, err)
			line, err := in.ReadString('\n')
			require.NoError(t, err)
			assert.Equal(t, fmt.Sprintf("got %d\n", i), line)
		}
		require.NoError(t, to.Close())
		_, err = in.ReadByte()
		assert.Equal(t, io.EOF, err)
		require.NoError(t, reply.Close())
	})
}

func TestTheEndOfTheContextEndsTheCall(t *testing.T) {
	for _, phase := range []string{"head", "body", "sending"} {
		t.Run(phase, func(t *testing.T) {
			both(t, func(w http.ResponseWriter, r *http.Request) {
				if phase == "body" {
					_, _ = io.WriteString(w, "x")
					w.(http.Flusher).Flush()
				}
				if phase == "sending" {
					_, _ = io.Copy(io.Discard, r.Body)
				}
				<-r.Context().Done()
			}, func(t *testing.T, up upstream) {
				ctx, cancel := context.WithCancel(t.Context())
				var body *bus.Body
				if phase == "sending" {
					from, to := io.Pipe()
					defer to.Close()
					body = bus.NewStream(from, -1, "")
				}
				time.AfterFunc(250*time.Millisecond, cancel)
				reply, err := up.Serve(ctx, up.message(t, "POST", "/", body))
				if phase == "body" {
					require.NoError(t, err)
					_, err = io.ReadAll(reply.Body.Reader())
					require.NoError(t, reply.Close())
				}
				assert.ErrorIs(t, err, context.Canceled)
			})
		})
	}
}

func TestADeadlineIsATimeout(t *testing.T) {
	both(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, func(t *testing.T, up upstream) {
		root := bus.NewRoot(t.Context(), 150*time.Millisecond)
		defer root.End()
		_, err := up.Serve(root, up.message(t, "GET", "/", nil))
		assert.Equal(t, 504, bus.Classify(err).Status, "%v", err)
	})
}

func TestABrokenBodyIsNotSentAsWhole(t *testing.T) {
	both(t, func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err == nil {
			_, _ = io.WriteString(w, "took it for whole")
		}
	}, func(t *testing.T, up upstream) {
		broken := errors.New("the disk is gone")
		for _, size := range []int64{-1, 100} {
			body := bus.NewStream(io.NopCloser(io.MultiReader(strings.NewReader("half"), failing{broken})), size, "")
			_, err := up.Serve(t.Context(), up.message(t, "PUT", "/", body))
			assert.ErrorIs(t, err, broken)
		}
		_, err := up.Serve(t.Context(), up.message(t, "PUT", "/", bus.NewStream(io.NopCloser(strings.NewReader("short")), 100, "")))
		assert.Error(t, err)
	})
}

type failing struct{ error }

func (f failing) Read([]byte) (int, error) { return 0, f.error }

func TestAnEarlyAnswerEndsTheSending(t *testing.T) {
	both(t, func(w http.ResponseWriter, _ *http.Request) {
		_ = http.NewResponseController(w).EnableFullDuplex() // or net/http waits for the body
		http.Error(w, "no", http.StatusForbidden)
	}, func(t *testing.T, up upstream) {
		from, to := io.Pipe()
		defer to.Close()
		reply, text := up.ask(t, up.message(t, "PUT", "/", bus.NewStream(from, -1, "")))
		assert.Equal(t, 403, reply.Status)
		assert.Equal(t, "no\n", text)
		_, err := to.Write([]byte("x"))
		assert.Error(t, err, "nobody reads any more")
	})
}

func TestUpgrade(t *testing.T) {
	up := serve(t, "http", func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, "echo", r.Header.Get("Upgrade"))
		c, rw, err := w.(http.Hijacker).Hijack()
		if !assert.NoError(t, err) {
			return
		}
		defer c.Close()
		_, _ = io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\nX-Y: 1\r\n\r\nhello ")
		_, _ = io.Copy(c, rw)
	})
	m := up.message(t, "GET", "/", nil)
	m.Header = bus.Header{{Name: "Connection", Value: "Upgrade"}, {Name: "Upgrade", Value: "echo"}}
	reply, err := up.Serve(t.Context(), m)
	require.NoError(t, err)
	assert.Equal(t, 101, reply.Status)
	assert.Equal(t, "echo", reply.Header.Get("Upgrade"))
	assert.Equal(t, "1", reply.Header.Get("X-Y"))
	conn := reply.Body.Stream().(io.ReadWriteCloser)
	_, err = io.WriteString(conn, "there")
	require.NoError(t, err)
	got := make([]byte, len("hello there"))
	_, err = io.ReadFull(conn, got)
	require.NoError(t, err)
	assert.Equal(t, "hello there", string(got))
	require.NoError(t, reply.Close())
}

// counts are the connections that a server has had, and has ended.
type counts struct{ begun, ended atomic.Int64 }

// raw serves text as the answer to each request, whatever it is, and counts.
func raw(t *testing.T, answers ...string) (up upstream, connections *counts) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	connections = new(counts)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			n := int(connections.begun.Add(1)) - 1
			in := bufio.NewReader(c)
			if r, err := http.ReadRequest(in); err == nil {
				_, _ = io.Copy(io.Discard, r.Body) // an end with something unread would be a reset
				_, _ = io.WriteString(c, answers[min(n, len(answers)-1)])
			}
			_ = c.Close()
			connections.ended.Add(1)
		}
	}()
	caller := remote.New(remote.Options{})
	t.Cleanup(func() {
		assert.NoError(t, caller.Close())
		_ = l.Close()
		<-ended
	})
	return upstream{&httptest.Server{URL: "http://" + l.Addr().String()}, caller}, connections
}

func TestAnswersThatCanBeReadInTwoWaysAreRefused(t *testing.T) {
	for name, answer := range map[string]string{
		"not HTTP":           "SSH-2.0-OpenSSH\r\n\r\n",
		"HTTP/2":             "HTTP/2.0 200 OK\r\n\r\n",
		"status":             "HTTP/1.1 20 OK\r\n\r\n",
		"signed status":      "HTTP/1.1 +20 OK\r\n\r\n",
		"both framings":      "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"two lengths":        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
		"list of lengths":    "HTTP/1.1 200 OK\r\nContent-Length: 1, 1\r\n\r\nx",
		"signed length":      "HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\nx",
		"negative length":    "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nx",
		"huge length":        "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\nx",
		"empty length":       "HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\nx",
		"unknown coding":     "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
		"two codings":        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"space before colon": "HTTP/1.1 200 OK\r\nX : 1\r\n\r\n",
		"folded":             "HTTP/1.1 200 OK\r\nX: 1\r\n  2\r\n\r\n",
		"bare CR":            "HTTP/1.1 200 OK\r\nX: 1\r2\r\n\r\n",
		"NUL":                "HTTP/1.1 200 OK\r\nX: \x00\r\n\r\n",
		"two kinds of lines": "HTTP/1.1 200 OK\nContent-Length: 0\n\nHTTP/1.1 200 OK\r\n\r\n",
		"no colon":           "HTTP/1.1 200 OK\r\nX\r\n\r\n",
		"many interim":       strings.Repeat("HTTP/1.1 100 Continue\r\n\r\n", 20) + "HTTP/1.1 200 OK\r\n\r\n",
		"upgrade":            "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n",
		"long header":        "HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 100_000) + "\r\n\r\n",
		"many fields":        "HTTP/1.1 200 OK\r\n" + strings.Repeat("X: 1\r\n", 300) + "\r\n",
		"half a header":      "HTTP/1.1 200 OK\r\nX: 1\r\n",
		"half a small body":  "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
		"nothing":            "",
	} {
		t.Run(name, func(t *testing.T) {
			up, connections := raw(t, answer)
			reply, err := up.Serve(t.Context(), up.message(t, "GET", "/", nil))
			if !assert.Error(t, err) {
				require.NoError(t, reply.Close())
				return
			}
			known := bus.Classify(err)
			assert.Equal(t, 502, known.Status, "%v", err)
			assert.Equal(t, bus.TypeUpstream, known.Type)
			assert.NotContains(t, known.Detail, "127.0.0.1")
			assert.EqualValues(t, 1, connections.begun.Load(), "it is not asked again")
		})
	}
}

func TestOddAnswersThatAreClear(t *testing.T) {
	long := strings.Repeat("x", 10_000)
	for name, row := range map[string]struct{ answer, text string }{
		"to the end":          {"HTTP/1.1 200 OK\r\n\r\nto the end", "to the end"},
		"HTTP/1.0":            {"HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nold", "old"},
		"no reason":           {"HTTP/1.1 200\r\nContent-Length: 3\r\n\r\nold", "old"},
		"bare LF":             {"HTTP/1.1 200 OK\nContent-Length: 3\n\nold", "old"},
		"long field":          {"HTTP/1.1 200 OK\r\nX: " + long + "\r\nContent-Length: 3\r\n\r\nold", "old"},
		"chunks":              {"HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n3;x=y\r\nold\r\n0\r\n\r\n", "old"},
		"chunks and trailers": {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nold\r\n0\r\nX: 1\r\n\r\n", "old"},
		"interim":             {"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nold", "old"},
	} {
		t.Run(name, func(t *testing.T) {
			up, _ := raw(t, row.answer)
			_, text := up.ask(t, up.message(t, "GET", "/", nil))
			assert.Equal(t, row.text, text)
		})
	}
}

func TestHalfABodyIsAnError(t *testing.T) {
	for name, answer := range map[string]string{
		"length":  "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\nhalf",
		"chunks":  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\nhalf",
		"no end":  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
		"no last": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n0\r\n",
		"size":    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-4\r\nhalf\r\n0\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			up, _ := raw(t, answer)
			reply, err := up.Serve(t.Context(), up.message(t, "GET", "/", nil))
			require.NoError(t, err)
			_, err = io.ReadAll(reply.Body.Reader())
			assert.Equal(t, 502, bus.Classify(err).Status, "%v", err)
			require.NoError(t, reply.Close())
		})
	}
}

// TestDeadIdleConnections has servers that end or abuse a connection that no
// call has.
func TestDeadIdleConnections(t *testing.T) {
	const whole = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
	for name, first := range map[string]string{
		"ended":       whole,
		"unsolicited": whole + "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged",
	} {
		t.Run(name, func(t *testing.T) {
			up, connections := raw(t, first, whole)
			for i := range 3 {
				_, text := up.ask(t, up.message(t, "POST", "/", bus.NewBody([]byte("x"), "")))
				assert.Equal(t, "ok", text)
				require.Eventually(t, func() bool { return connections.ended.Load() == int64(i+1) }, 5*time.Second, time.Millisecond)
			}
			assert.EqualValues(t, 3, connections.begun.Load())
		})
	}
}

func TestWhatCanBeSentAgain(t *testing.T) {
	for _, row := range []struct {
		method string
		again  bool
	}{{"GET", true}, {"PUT", true}, {"DELETE", true}, {"POST", false}, {"PATCH", false}} {
		t.Run(row.method, func(t *testing.T) {
			var calls atomic.Int64
			up := serve(t, "http", func(w http.ResponseWriter, _ *http.Request) {
				if calls.Add(1) == 2 { // on the connection of the first call, with no word
					c, _, _ := w.(http.Hijacker).Hijack()
					_ = c.Close()
				}
			})
			up.ask(t, up.message(t, row.method, "/", nil))
			reply, err := up.Serve(t.Context(), up.message(t, row.method, "/", nil))
			if row.again {
				require.NoError(t, err)
				require.NoError(t, reply.Close())
				assert.EqualValues(t, 3, calls.Load())
				return
			}
			assert.Equal(t, bus.TypeUpstream, bus.Classify(err).Type)
			assert.EqualValues(t, 2, calls.Load())
		})
	}
}

func TestAddressesAreCheckedWhenTheyAreDialled(t *testing.T) {
	both(t, func(http.ResponseWriter, *http.Request) {}, func(t *testing.T, up upstream) {
		guarded := remote.New(remote.Options{Check: func(a netip.AddrPort) error { return remote.Public(a.Addr()) }})
		defer guarded.Close()
		for _, host := range []string{"127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]"} {
			m := up.message(t, "GET", "/", nil)
			m.URL.Host = host + m.URL.Host[strings.LastIndexByte(m.URL.Host, ':'):]
			_, err := guarded.Serve(t.Context(), m)
			known := bus.Classify(err)
			assert.Equal(t, 502, known.Status, host)
			assert.Equal(t, bus.TypeUnreachable, known.Type)
			assert.Contains(t, known.Detail, "allowHosts", host)
		}
	})
}

func TestNobodyThere(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, l.Close())
	caller := remote.New(remote.Options{})
	defer caller.Close()
	for _, scheme := range []string{"http", "https"} {
		up := upstream{&httptest.Server{URL: scheme + "://" + l.Addr().String()}, caller}
		_, err := caller.Serve(t.Context(), up.message(t, "GET", "/", nil))
		known := bus.Classify(err)
		assert.Equal(t, 502, known.Status)
		assert.Equal(t, bus.TypeUnreachable, known.Type)
		assert.NotContains(t, known.Detail, "127.0.0.1")
		assert.ErrorContains(t, err, "127.0.0.1", "the log has the address")
	}
}

func TestHeadersCanNotBeInjected(t *testing.T) {
	up := serve(t, "http", func(http.ResponseWriter, *http.Request) { t.Error("it was sent") })
	for _, change := range []func(m *bus.Message){
		func(m *bus.Message) { m.Header.Add("X", "1\r\nY: 2") },
		func(m *bus.Message) { m.Header.Add("X\r\nY", "1") },
		func(m *bus.Message) { m.Header.Add("", "1") },
		func(m *bus.Message) { m.Header.Add("Host", "a\nb") },
		func(m *bus.Message) { m.Method = "GET / HTTP/1.1\r\nX:" },
		func(m *bus.Message) { m.Method = "" },
		func(m *bus.Message) { m.Body = bus.NewBody([]byte("x"), "text/x\r\nY: 2") },
		func(m *bus.Message) {
			m.Header = bus.Header{{Name: "Connection", Value: "Upgrade"}, {Name: "Upgrade", Value: "a\r\nb"}}
		},
	} {
		m := up.message(t, "GET", "/", nil)
		change(m)
		_, err := up.Serve(t.Context(), m)
		assert.Equal(t, 400, bus.Classify(err).Status, "%v", err)
	}
	m := up.message(t, "GET", "/", nil)
	m.URL.Path, m.URL.Dir = []string{"a b\r\n", "c/d"}, false
	m.URL.Query = "x=\r\n y"
	ok := serve(t, "http", func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.RequestURI) })
	m.URL.Host = strings.TrimPrefix(ok.URL, "http://")
	_, text := ok.ask(t, m)
	assert.Equal(t, "/a%20b%0D%0A/c%2Fd?x=%0D%0A%20y", text)
}

func TestLargeBodiesBothWays(t *testing.T) {
	data := bytes.Repeat([]byte("0123456789abcdef"), 1<<16)
	both(t, func(w http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(w).EnableFullDuplex()
		_, _ = io.Copy(w, r.Body)
	}, func(t *testing.T, up upstream) {
		for _, body := range []*bus.Body{bus.NewBody(data, ""), bus.NewStream(io.NopCloser(bytes.NewReader(data)), int64(len(data)), ""), bus.NewStream(io.NopCloser(bytes.NewReader(data)), -1, "")} {
			_, text := up.ask(t, up.message(t, "POST", "/", body))
			assert.True(t, string(data) == text, "%d bytes", len(text))
		}
	})
}
