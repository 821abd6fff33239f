package bus_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"

	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/bus"
)

// serve starts a server whose log is silent: it is told of aborted answers.
func serve(t testing.TB, h http.Handler) *httptest.Server {
	t.Helper()
	server := httptest.NewUnstartedServer(h)
	server.Config.ErrorLog = nil
	server.Start()
	t.Cleanup(server.Close)
	return server
}

// replying is a service that gives one reply and keeps the request that came.
func replying(status int, body *bus.Body, fields ...bus.Field) bus.Service {
	return bus.ServiceFunc(func(_ context.Context, m *bus.Message) (*bus.Message, error) {
		reply := bus.Reply(status, body)
		reply.Header = fields
		return reply, m.Close()
	})
}

func TestHandlerAsksTheService(t *testing.T) {
	var got *bus.Message
	var text []byte
	server := serve(t, bus.Handler(bus.ServiceFunc(func(_ context.Context, m *bus.Message) (*bus.Message, error) {
		got = m
		var err error
		text, err = m.Body.Bytes(100)
		return bus.Reply(201, nil), err
	})))
	r, err := http.NewRequestWithContext(t.Context(), "PUT", server.URL+"/a%2Fb/c/?q=1&q=%20", strings.NewReader("hello"))
	require.NoError(t, err)
	r.Header["Accept"] = []string{"a", "b"}
	r.Header.Set("Content-Type", "text/plain")
	r.Header.Set("Connection", "X-Hop, close")
	r.Header.Set("X-Hop", "1")
	r.Header.Set("Keep-Alive", "1")
	r.Header.Set("TE", "trailers")
	r.Header.Set("Proxy-Authorization", "secret")
	answer, err := server.Client().Do(r)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	assert.Equal(t, 201, answer.StatusCode)
	assert.Equal(t, "PUT", got.Method)
	assert.Equal(t, []string{"a/b", "c"}, got.URL.Path)
	assert.True(t, got.URL.Dir)
	assert.Equal(t, "q=1&q=%20", got.URL.Query)
	assert.Empty(t, got.URL.Host)
	assert.Equal(t, "hello", string(text))
	assert.Equal(t, "text/plain", got.Body.MediaType())
	got.Header.Del("User-Agent")
	got.Header.Del("Accept-Encoding")
	assert.Equal(t, bus.Header{{Name: "Accept", Value: "a"}, {Name: "Accept", Value: "b"}}, got.Header)
}

func TestHandlerAnswers(t *testing.T) {
	text := func() *bus.Body { return bus.NewBody([]byte("<html>hello"), "text/x") }
	unknown := func() *bus.Body { return bus.NewStream(io.NopCloser(strings.NewReader("stream")), -1, "") }
	known := func() *bus.Body { return bus.NewStream(io.NopCloser(strings.NewReader("stream")), 6, "") }
	tests := []struct {
		name, method string
		reply        bus.Service
		status       int
		size         int64
		mediaType    []string
		body         string
	}{
		{"bytes", "GET", replying(200, text()), 200, 11, []string{"text/x"}, "<html>hello"},
		{"no type is guessed", "GET", replying(200, bus.NewBody([]byte("<html>"), "")), 200, 6, nil, "<html>"},
		{"HEAD of bytes", "HEAD", replying(200, text()), 200, 11, []string{"text/x"}, ""},
		{"HEAD of a stream", "HEAD", replying(200, known()), 200, 6, nil, ""},
		{"HEAD of who knows", "HEAD", replying(200, unknown()), 200, -1, nil, ""},
		{"nothing", "GET", replying(200, nil), 200, 0, nil, ""},
		{"204", "DELETE", replying(204, nil), 204, 0, nil, ""},
		{"204 that has a body", "DELETE", replying(204, text()), 204, 0, []string{"text/x"}, ""},
		{"304", "GET", replying(304, text()), 304, 0, nil, ""},
		{"stream of known size", "GET", replying(200, known()), 200, 6, nil, "stream"},
		{"stream of unknown size", "GET", replying(200, unknown()), 200, -1, nil, "stream"},
		{"stream of another status", "GET", replying(404, unknown()), 404, -1, nil, "stream"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			server := serve(t, bus.Handler(test.reply))
			r, err := http.NewRequestWithContext(t.Context(), test.method, server.URL, nil)
			require.NoError(t, err)
			answer, err := server.Client().Do(r)
			require.NoError(t, err)
			body, err := io.ReadAll(answer.Body)
			require.NoError(t, err)
			require.NoError(t, answer.Body.Close())
			assert.Equal(t, test.status, answer.StatusCode)
			assert.Equal(t, test.size, answer.ContentLength)
			assert.Equal(t, test.mediaType, answer.Header["Content-Type"])
			assert.Equal(t, test.body, string(body))
		})
	}
}

func TestHandlerKeepsValuesInTheirOrder(t *testing.T) {
	server := serve(t, bus.Handler(replying(200, nil,
		bus.Field{Name: "link", Value: "1"}, bus.Field{Name: "A", Value: "x"}, bus.Field{Name: "Link", Value: "2"}, bus.Field{Name: "LINK", Value: "3"})))
	answer, err := server.Client().Get(server.URL)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	assert.Equal(t, []string{"1", "2", "3"}, answer.Header["Link"])
	assert.Equal(t, []string{"x"}, answer.Header["A"])
}

func TestHandlerShowsProblems(t *testing.T) {
	server := serve(t, bus.Handler(bus.ServiceFunc(func(context.Context, *bus.Message) (*bus.Message, error) {
		return nil, &bus.Error{Status: 405, Header: bus.Header{{Name: "Allow", Value: "GET"}}}
	})))
	answer, err := server.Client().Get(server.URL + "/x")
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	assert.Equal(t, 405, answer.StatusCode)
	assert.Equal(t, "GET", answer.Header.Get("Allow"))
	assert.Equal(t, "application/problem+json", answer.Header.Get("Content-Type"))
	answer, err = server.Client().Get(server.URL + "/x/%2e%2e/y")
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	assert.Equal(t, 400, answer.StatusCode, "no canonical path")
}

// What breaks while it is sent must not look whole, and is closed.
func TestHandlerBreaksTheConnection(t *testing.T) {
	fail := func() io.Reader { return io.MultiReader(strings.NewReader("half"), errReader{errors.New("gone")}) }
	short, err := os.CreateTemp(t.TempDir(), "")
	require.NoError(t, err)
	for name, body := range map[string]*bus.Body{
		"stream of unknown size": bus.NewStream(&stream{Reader: fail()}, -1, ""),
		"stream of known size":   bus.NewStream(&stream{Reader: fail()}, 8, ""),
		"stream that is short":   bus.NewStream(&stream{Reader: strings.NewReader("half")}, 8, ""),
		"small file":             bus.NewStream(short, 8, ""),
		"large file":             bus.NewStream(short, 1<<20, ""),
	} {
		t.Run(name, func(t *testing.T) {
			closed := false
			body.OnClose(func() { closed = true })
			server := serve(t, bus.Handler(replying(200, body)))
			answer, err := server.Client().Get(server.URL)
			if err == nil {
				_, err = io.Copy(io.Discard, answer.Body)
				_ = answer.Body.Close()
			}
			assert.Error(t, err)
			server.Close()
			assert.True(t, closed)
		})
	}
}

type errReader struct{ err error }

func (r errReader) Read([]byte) (int, error) { return 0, r.err }

// The client has each piece before the next is made, and first of all the header.
func TestHandlerStreamsBothWays(t *testing.T) {
	server := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		require.NoError(t, http.NewResponseController(w).EnableFullDuplex())
		bus.Handler(echo).ServeHTTP(w, r)
	}))
	pingPong(t, server.Client(), server.URL)
}

// echo answers with the body that comes, while it comes.
var echo = bus.ServiceFunc(func(_ context.Context, m *bus.Message) (*bus.Message, error) {
	return bus.Reply(200, m.Body), nil
})

// pingPong has a client send a line only when the last one came back.
func pingPong(t *testing.T, client *http.Client, url string) {
	t.Helper()
	reader, writer := io.Pipe()
	r, err := http.NewRequestWithContext(t.Context(), "POST", url, reader)
	require.NoError(t, err)
	answer, err := client.Do(r)
	require.NoError(t, err)
	lines := bufio.NewReader(answer.Body)
	for _, line := range []string{"one\n", "two\n", "three\n"} {
		go func() { _, _ = io.WriteString(writer, line) }()
		back, err := lines.ReadString('\n')
		require.NoError(t, err)
		assert.Equal(t, line, back)
	}
	require.NoError(t, writer.Close())
	_, err = lines.ReadByte()
	assert.Equal(t, io.EOF, err)
	require.NoError(t, answer.Body.Close())
}

func TestHandlerTellsTheServiceThatTheClientLeft(t *testing.T) {
	began, told := make(chan struct{}), make(chan error, 1)
	server := serve(t, bus.Handler(bus.ServiceFunc(func(ctx context.Context, _ *bus.Message) (*bus.Message, error) {
		close(began)
		<-ctx.Done()
		told <- ctx.Err()
		return nil, ctx.Err()
	})))
	ctx, leave := context.WithCancel(t.Context())
	r, err := http.NewRequestWithContext(ctx, "GET", server.URL, nil)
	require.NoError(t, err)
	go func() { <-began; leave() }()
	_, err = server.Client().Do(r)
	assert.ErrorIs(t, err, context.Canceled)
	assert.ErrorIs(t, <-told, context.Canceled)
}

// kernel is a ResponseWriter that notes by which way a file came.
type kernel struct {
	http.ResponseWriter
	files, writes int
}

func (k *kernel) ReadFrom(r io.Reader) (int64, error) {
	if limited, ok := r.(*io.LimitedReader); ok {
		if _, ok := limited.R.(*os.File); ok {
			k.files++
		}
	}
	return k.ResponseWriter.(io.ReaderFrom).ReadFrom(r)
}

func (k *kernel) Write(p []byte) (int, error) {
	k.writes++
	return k.ResponseWriter.Write(p)
}

func TestReplyWriterSendsFiles(t *testing.T) {
	tests := []struct {
		size                 int
		files, writes, moves int
	}{{1, 0, 1, 1}, {64 << 10, 0, 1, 1}, {64<<10 + 1, 1, 0, 1}, {1 << 20, 1, 0, 1}, {5<<19 + 1, 3, 0, 3}}
	for _, test := range tests {
		data := bytes.Repeat([]byte("0123456789abcdef!"), test.size/17+1)[:test.size]
		name := filepath.Join(t.TempDir(), "f")
		require.NoError(t, os.WriteFile(name, append(data, "what was appended since"...), 0o600))
		var way kernel
		var moves int
		server := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			f, err := os.Open(name)
			require.NoError(t, err)
			way = kernel{ResponseWriter: w}
			n, err := bus.NewReplyWriter().Write(&way, r, bus.Reply(200, bus.NewStream(f, int64(test.size), "")), func() { moves++ })
			assert.NoError(t, err)
			assert.Equal(t, int64(test.size), n)
			assert.ErrorIs(t, f.Close(), os.ErrClosed)
		}))
		answer, err := server.Client().Get(server.URL)
		require.NoError(t, err)
		got, err := io.ReadAll(answer.Body)
		require.NoError(t, err)
		server.Close()
		assert.True(t, bytes.Equal(data, got), "%d bytes", test.size)
		assert.Equal(t, []int{test.files, test.writes, test.moves}, []int{way.files, way.writes, moves}, "%d bytes", test.size)
	}
}

func TestReplyWriterMovesForEachPiece(t *testing.T) {
	for name, body := range map[string]*bus.Body{
		"bytes":  bus.NewBody(make([]byte, 3<<20), ""),
		"stream": bus.NewStream(io.NopCloser(io.LimitReader(zeros{}, 3<<20)), 3<<20, ""),
	} {
		moves := 0
		w := httptest.NewRecorder()
		n, err := bus.NewReplyWriter().Write(w, httptest.NewRequest("GET", "/", nil), bus.Reply(200, body), func() { moves++ })
		require.NoError(t, err)
		assert.Equal(t, int64(3<<20), n)
		assert.Equal(t, 3<<20, w.Body.Len())
		assert.GreaterOrEqual(t, moves, 3, name)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// That a stream was read to its end counts, not what its Close says.
func TestReplyWriterSendsWhatWasRead(t *testing.T) {
	body := bus.NewStream(&stream{Reader: strings.NewReader("whole"), err: errors.New("bad manners")}, 5, "")
	n, err := bus.NewReplyWriter().Write(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil), bus.Reply(200, body), nil)
	assert.NoError(t, err)
	assert.Equal(t, int64(5), n)
}

// A request that net/http has read is a path of segments, or none at all.
func FuzzHandler(f *testing.F) {
	for _, target := range []string{"/", "/a/b/", "/a%2Fb?q=%", "*", "//a", "/a/../b", "http://x/a", "/%ff", "/a;b=c"} {
		f.Add(target)
	}
	var got *bus.Message
	handler := bus.Handler(bus.ServiceFunc(func(_ context.Context, m *bus.Message) (*bus.Message, error) {
		got = m
		return bus.Reply(204, nil), nil
	}))
	f.Fuzz(func(t *testing.T, target string) {
		r, err := http.ReadRequest(bufio.NewReader(strings.NewReader("GET " + target + " HTTP/1.1\r\nHost: x\r\n\r\n")))
		if err != nil {
			return
		}
		w := httptest.NewRecorder()
		got = nil
		handler.ServeHTTP(w, r)
		if w.Code == 400 {
			assert.Nil(t, got)
			return
		}
		require.NotNil(t, got)
		first := *got
		_, err = bus.FromHandler(handler).Serve(t.Context(), &first)
		require.NoError(t, err, "what came in can go out")
		assert.Equal(t, first.URL.Path, got.URL.Path)
		assert.Equal(t, first.URL.Dir, got.URL.Dir)
		assert.Equal(t, first.URL.Query, got.URL.Query)
	})
}
