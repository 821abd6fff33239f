package bus_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/urlpattern"
)

// ask has h answer a GET as a Service.
func ask(t *testing.T, h http.HandlerFunc) (*bus.Message, error) {
	t.Helper()
	return bus.FromHandler(h).Serve(t.Context(), &bus.Message{Method: "GET"})
}

func readAll(t *testing.T, m *bus.Message) string {
	t.Helper()
	data, err := m.Body.Bytes(1 << 30)
	require.NoError(t, err)
	require.NoError(t, m.Close())
	return string(data)
}

func TestFromHandlerTellsOfTheClient(t *testing.T) {
	for _, row := range []struct {
		client, host  string
		secure        bool
		asked         string // of another server
		address, name string
	}{
		{"192.0.2.7", "shop.example:8443", true, "", "192.0.2.7:0", "shop.example:8443"},
		{"2001:db8::7", "shop.example", false, "", "[2001:db8::7]:0", "shop.example"},
		{"192.0.2.7", "shop.example", false, "other.example", "192.0.2.7:0", "other.example"},
		{"", "", false, "", "", ""},
	} {
		root := bus.NewRoot(t.Context(), 0)
		root.Client, root.Host, root.Secure = row.client, row.host, row.secure
		_, err := bus.FromHandler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			assert.Equal(t, row.address, r.RemoteAddr)
			assert.Equal(t, row.name, r.Host)
			assert.Equal(t, row.secure, r.TLS != nil)
		})).Serve(root, &bus.Message{Method: "GET", URL: urlpattern.URL{Host: row.asked}})
		require.NoError(t, err)
		root.End()
	}
}

func TestFromHandlerAsksTheHandler(t *testing.T) {
	closed := false
	body := bus.NewBody([]byte("hello"), "text/plain")
	body.OnClose(func() { closed = true })
	reply, err := bus.FromHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, "PUT", r.Method)
		assert.Equal(t, "/a%2Fb/c%20d/?q=%20", r.RequestURI)
		assert.Equal(t, "/a/b/c d/", r.URL.Path)
		assert.Equal(t, "/a%2Fb/c%20d/", r.URL.EscapedPath())
		assert.Equal(t, "q=%20", r.URL.RawQuery)
		assert.Equal(t, http.Header{"X-A": {"1", "2"}, "Content-Type": {"text/plain"}}, r.Header)
		assert.Equal(t, int64(5), r.ContentLength)
		data, err := io.ReadAll(r.Body)
		assert.NoError(t, err)
		assert.Equal(t, "hello", string(data))
		w.Header()["X-B"] = []string{"1", "2"}
		w.Header().Set("Connection", "X-Hop")
		w.Header().Set("X-Hop", "1")
		w.Header().Set("Content-Type", "text/x")
		w.WriteHeader(103)
		w.WriteHeader(201)
		w.WriteHeader(500)
		w.Header().Set("X-Late", "1")
		_, err = io.WriteString(w, "done")
		assert.NoError(t, err)
	})).Serve(t.Context(), &bus.Message{Method: "PUT", Body: body, Header: bus.Header{{Name: "x-a", Value: "1"}, {Name: "X-A", Value: "2"}},
		URL: urlpattern.URL{Path: []string{"a/b", "c d"}, Dir: true, Query: "q=%20"}})
	require.NoError(t, err)
	assert.True(t, closed, "the handler's server closes what came")
	assert.Equal(t, 201, reply.Status)
	assert.Equal(t, bus.Header{{Name: "X-B", Value: "1"}, {Name: "X-B", Value: "2"}}, reply.Header)
	assert.Equal(t, "text/x", reply.Body.MediaType())
	assert.Nil(t, reply.Body.Stream())
	assert.Equal(t, "done", readAll(t, reply))
}

func TestFromHandlerBytesOrStream(t *testing.T) {
	for _, size := range []int{0, 1, 64<<10 - 1, 64 << 10, 64<<10 + 1, 1 << 20} {
		for _, piece := range []int{1000, 1 << 21} {
			want := bytes.Repeat([]byte("x"), size)
			reply, err := ask(t, func(w http.ResponseWriter, _ *http.Request) {
				for rest := want; len(rest) > 0; {
					n, err := w.Write(rest[:min(piece, len(rest))])
					assert.NoError(t, err)
					rest = rest[n:]
				}
			})
			require.NoError(t, err)
			assert.Equal(t, 200, reply.Status)
			assert.Equal(t, size > 64<<10, reply.Body.Stream() != nil, "%d bytes", size)
			assert.Equal(t, string(want), readAll(t, reply))
		}
	}
}

func TestFromHandlerGuessesATypeAsAServerDoes(t *testing.T) {
	tests := []struct {
		name    string
		handler http.HandlerFunc
	}{
		{"none named", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>") }},
		{"after the status", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(404); _, _ = io.WriteString(w, "text") }},
		{"named", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "a/b")
			_, _ = io.WriteString(w, "<html>")
		}},
		{"declined", func(w http.ResponseWriter, _ *http.Request) {
			w.Header()["Content-Type"] = nil
			_, _ = io.WriteString(w, "<html>")
		}},
		{"encoded", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "x")
			_, _ = io.WriteString(w, "<html>")
		}},
		{"long", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 1<<17)) }},
		{"nothing written", func(http.ResponseWriter, *http.Request) {}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			answer, err := serve(t, test.handler).Client().Get(serve(t, test.handler).URL)
			require.NoError(t, err)
			require.NoError(t, answer.Body.Close())
			reply, err := ask(t, test.handler)
			require.NoError(t, err)
			assert.Equal(t, answer.Header.Get("Content-Type"), reply.Body.MediaType())
			require.NoError(t, reply.Close())
		})
	}
}

// What a handler declares is what its reader is promised.
func TestFromHandlerDeclaredSize(t *testing.T) {
	for _, length := range []string{"100000", "10"} {
		reply, err := ask(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", length)
			_, _ = io.WriteString(w, "half")
			if length != "10" {
				_, _ = w.Write(make([]byte, 70000))
			}
		})
		require.NoError(t, err)
		_, err = io.ReadAll(reply.Body.Reader())
		assert.ErrorIs(t, err, io.ErrUnexpectedEOF)
		require.NoError(t, reply.Close())
	}
	reply, err := ask(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "-7")
		w.(http.Flusher).Flush()
	})
	require.NoError(t, err)
	assert.Equal(t, int64(-1), reply.Body.Size())
	require.NoError(t, reply.Close())
}

func TestFromHandlerAnswersHEAD(t *testing.T) {
	files := http.FileServerFS(filesOf("hello"))
	server := serve(t, bus.Handler(bus.FromHandler(files)))
	answer, err := server.Client().Head(server.URL + "/f.txt")
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	assert.Equal(t, int64(5), answer.ContentLength)
	assert.Equal(t, "text/plain; charset=utf-8", answer.Header.Get("Content-Type"))
}

func TestFromHandlerWritesNoBodyWhereThereIsNone(t *testing.T) {
	for _, status := range []int{204, 304} {
		reply, err := ask(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, err := io.WriteString(w, "body")
			assert.ErrorIs(t, err, http.ErrBodyNotAllowed)
		})
		require.NoError(t, err)
		assert.Equal(t, status, reply.Status)
		assert.Empty(t, readAll(t, reply))
	}
}

func TestFromHandlerStreams(t *testing.T) {
	server := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		require.NoError(t, http.NewResponseController(w).EnableFullDuplex())
		bus.Handler(bus.FromHandler(http.HandlerFunc(copyBack))).ServeHTTP(w, r)
	}))
	pingPong(t, server.Client(), server.URL)
}

// copyBack writes what it reads at once.
func copyBack(w http.ResponseWriter, r *http.Request) {
	flush := http.NewResponseController(w).Flush
	_ = flush()
	w.Header().Set("X-Late", "while others read what was sent")
	buffer := make([]byte, 100)
	for {
		n, err := r.Body.Read(buffer)
		_, _ = w.Write(buffer[:n])
		_ = flush()
		if err != nil {
			return
		}
	}
}

func TestFromHandlerThatPanics(t *testing.T) {
	_, err := ask(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "a little")
		panic("early")
	})
	var caught *bus.PanicError
	require.ErrorAs(t, err, &caught)
	assert.Equal(t, "early", caught.Value)

	reply, err := ask(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "a little")
		w.(http.Flusher).Flush()
		panic("late")
	})
	require.NoError(t, err)
	data, err := io.ReadAll(reply.Body.Reader())
	assert.Equal(t, "a little", string(data))
	require.ErrorAs(t, err, &caught)
	assert.Equal(t, "late", caught.Value)
	require.NoError(t, reply.Close())

	_, err = ask(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	assert.ErrorIs(t, err, context.Canceled)

	server := serve(t, bus.Handler(bus.FromHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write(make([]byte, 1<<17))
		panic("late")
	}))))
	answer, err := server.Client().Get(server.URL)
	require.NoError(t, err)
	_, err = io.Copy(io.Discard, answer.Body)
	assert.Error(t, err, "half an answer does not look whole")
	require.NoError(t, answer.Body.Close())
}

// A reply that nobody reads to its end keeps no goroutine (goleak looks).
func TestFromHandlerAbandoned(t *testing.T) {
	ended := make(chan error, 1)
	write := func(w http.ResponseWriter, r *http.Request) {
		for {
			if _, err := w.Write(make([]byte, 1<<16)); err != nil {
				ended <- r.Context().Err()
				return
			}
		}
	}
	reply, err := ask(t, write)
	require.NoError(t, err)
	_, err = io.ReadFull(reply.Body.Reader(), make([]byte, 100))
	require.NoError(t, err)
	require.NoError(t, reply.Close())
	select {
	case <-ended:
	default:
		t.Error("Close did not wait for the handler")
	}

	reply, err = ask(t, func(w http.ResponseWriter, r *http.Request) {
		w.(http.Flusher).Flush()
		<-r.Context().Done()
		ended <- r.Context().Err()
	})
	require.NoError(t, err)
	require.NoError(t, reply.Close())
	assert.ErrorIs(t, <-ended, context.Canceled, "Close ends the context")
}

func TestFromHandlerWhenTimeIsOver(t *testing.T) {
	for name, h := range map[string]http.HandlerFunc{
		"waits for it": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"begins to write then": func(w http.ResponseWriter, r *http.Request) {
			<-r.Context().Done()
			_, err := w.Write(make([]byte, 1<<17))
			assert.Error(t, err)
		},
	} {
		t.Run(name, func(t *testing.T) {
			root := bus.NewRoot(t.Context(), 5*time.Millisecond)
			defer root.End()
			_, err := bus.FromHandler(h).Serve(root, &bus.Message{Method: "GET"})
			if err != nil { // a reply that was finished in the same moment is one
				assert.Equal(t, 504, bus.Classify(err).Status)
			}
		})
	}
}

func TestHeaderFrom(t *testing.T) {
	tests := []struct {
		name string
		in   http.Header
		want bus.Header
	}{
		{"values", http.Header{"A": {"1", "2"}}, bus.Header{{Name: "A", Value: "1"}, {Name: "A", Value: "2"}}},
		{"of one connection", http.Header{"Connection": {"close, x-hop", "Y-Hop"}, "X-Hop": {"1"}, "Y-Hop": {"1"}, "Keep-Alive": {"1"},
			"Te": {"trailers"}, "Trailer": {"X"}, "Transfer-Encoding": {"chunked"}, "Proxy-Connection": {"1"}, "Upgrade": {"h2c"}}, nil},
		{"of the body", http.Header{"Content-Type": {"a/b"}, "Content-Length": {"1"}}, nil},
		{"upgrade", http.Header{"Connection": {"keep-alive, upgrade"}, "Upgrade": {"x"}},
			bus.Header{{Name: "Connection", Value: "Upgrade"}, {Name: "Upgrade", Value: "x"}}},
		{"upgrade that is not asked for", http.Header{"Connection": {"close"}, "Upgrade": {"x"}}, nil},
	}
	for _, test := range tests {
		assert.ElementsMatch(t, test.want, bus.HeaderFrom(nil, test.in), test.name)
	}
	first := bus.Header{{Name: "First", Value: "1"}}
	assert.Equal(t, append(first, bus.Field{Name: "A", Value: "1"}), bus.HeaderFrom(first, http.Header{"A": {"1"}}))
}

func TestFromHandlerBehindAServer(t *testing.T) {
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		data, _ := io.ReadAll(r.Body)
		w.Header().Set("X-Path", r.URL.EscapedPath())
		_, _ = w.Write(data)
	})
	for _, size := range []int{0, 10, 1 << 20} {
		text := strings.Repeat("y", size)
		for name, server := range map[string]*httptest.Server{"plain": serve(t, h), "bus": serve(t, bus.Handler(bus.FromHandler(h)))} {
			answer, err := server.Client().Post(server.URL+"/a%2Fb/", "text/plain", strings.NewReader(text))
			require.NoError(t, err)
			data, err := io.ReadAll(answer.Body)
			require.NoError(t, err)
			require.NoError(t, answer.Body.Close())
			assert.Equal(t, "/a%2Fb/", answer.Header.Get("X-Path"), name)
			assert.Equal(t, text, string(data), name)
		}
	}
}
