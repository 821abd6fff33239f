package bus_test

import (
	"context"
	"io"
	"io/fs"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/bus"
)

func filesOf(text string) fs.FS { return fstest.MapFS{"f.txt": {Data: []byte(text)}} }

func clientOf(s bus.Service) *http.Client { return &http.Client{Transport: bus.Transport(s)} }

func TestTransportIsAnHTTPAnswer(t *testing.T) {
	var got *bus.Message
	client := clientOf(bus.ServiceFunc(func(_ context.Context, m *bus.Message) (*bus.Message, error) {
		got = m
		reply := bus.Reply(201, bus.NewBody([]byte("hello"), "text/x"))
		reply.Header = bus.Header{{Name: "etag", Value: "1"}}
		return reply, nil
	}))
	answer, err := client.Get("https://any.example/a%2Fb?q")
	require.NoError(t, err)
	assert.Equal(t, "201 Created", answer.Status)
	assert.Equal(t, 201, answer.StatusCode)
	assert.Equal(t, int64(5), answer.ContentLength)
	assert.Equal(t, http.Header{"Etag": {"1"}, "Content-Type": {"text/x"}, "Content-Length": {"5"}}, answer.Header)
	assert.True(t, answer.ProtoAtLeast(1, 1))
	data, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	assert.Equal(t, "hello", string(data))
	assert.Equal(t, []string{"a/b"}, got.URL.Path)
	assert.Equal(t, "q", got.URL.Query)
	assert.Empty(t, got.URL.Host)
	assert.Nil(t, got.Body)

	_, err = bus.Transport(returned).RoundTrip(&http.Request{URL: &url.URL{Path: "/"}})
	require.NoError(t, err)
	method := ""
	_, err = bus.Transport(bus.ServiceFunc(func(_ context.Context, m *bus.Message) (*bus.Message, error) {
		method = m.Method
		return bus.Reply(204, nil), nil
	})).RoundTrip(&http.Request{URL: &url.URL{Path: "/"}})
	require.NoError(t, err)
	assert.Equal(t, "GET", method, "what no method means to a client")
}

func TestTransportOfABodilessAnswer(t *testing.T) {
	for method, status := range map[string]int{"HEAD": 200, "GET": 304, "DELETE": 204} {
		closed := false
		body := bus.NewBody([]byte("hello"), "")
		body.OnClose(func() { closed = true })
		r, err := http.NewRequestWithContext(t.Context(), method, "http://x/", nil)
		require.NoError(t, err)
		answer, err := clientOf(replying(status, body)).Do(r)
		require.NoError(t, err)
		data, err := io.ReadAll(answer.Body)
		require.NoError(t, err)
		assert.Empty(t, data, method)
		assert.True(t, closed, method)
		if method == "HEAD" {
			assert.Equal(t, "5", answer.Header.Get("Content-Length"))
		}
	}
}

func TestTransportShowsProblems(t *testing.T) {
	client := clientOf(bus.ServiceFunc(func(context.Context, *bus.Message) (*bus.Message, error) { return nil, fs.ErrNotExist }))
	answer, err := client.Get("http://x/y")
	require.NoError(t, err)
	assert.Equal(t, "404 Not Found", answer.Status)
	assert.Equal(t, "application/problem+json", answer.Header.Get("Content-Type"))
	require.NoError(t, answer.Body.Close())
	answer, err = client.Get("http://x/a/%2e%2e/b")
	require.NoError(t, err)
	assert.Equal(t, 400, answer.StatusCode)
	require.NoError(t, answer.Body.Close())
}

// RoundTrip always closes the body that it is given.
func TestTransportClosesWhatItSends(t *testing.T) {
	services := map[string]bus.Service{
		"ignored":      replyOnly(200, "hello"),
		"no answer":    replyOnly(204, ""),
		"read":         replying(200, nil),
		"echoed":       echo,
		"error":        bus.ServiceFunc(func(context.Context, *bus.Message) (*bus.Message, error) { return nil, fs.ErrNotExist }),
		"from handler": bus.FromHandler(http.NotFoundHandler()),
	}
	for name, service := range services {
		for _, path := range []string{"/x", "/x//y"} { // the second is no path
			for _, size := range []int64{0, 4, -1} { // 0 is unknown where there is a body
				sent := &stream{Reader: strings.NewReader("body")}
				r, err := http.NewRequestWithContext(t.Context(), "POST", "http://x"+path, sent)
				require.NoError(t, err)
				r.ContentLength = size
				answer, err := clientOf(service).Do(r)
				require.NoError(t, err)
				if name == "echoed" && path == "/x" {
					data, err := io.ReadAll(answer.Body)
					require.NoError(t, err)
					assert.Equal(t, "body", string(data), "size %d", size)
				}
				require.NoError(t, answer.Body.Close())
				assert.Equal(t, 1, sent.closed, "%s, %s, size %d", name, path, size)
			}
		}
	}
}

// replyOnly leaves the request's body as it is.
func replyOnly(status int, text string) bus.Service {
	return bus.ServiceFunc(func(context.Context, *bus.Message) (*bus.Message, error) {
		return bus.Reply(status, bus.NewBody([]byte(text), "")), nil
	})
}

func TestTransportStreamsBothWays(t *testing.T) {
	pingPong(t, clientOf(echo), "http://x/")
	pingPong(t, clientOf(bus.FromHandler(http.HandlerFunc(copyBack))), "http://x/")
}

func TestTransportOfAClientThatLeaves(t *testing.T) {
	client := clientOf(bus.ServiceFunc(func(ctx context.Context, _ *bus.Message) (*bus.Message, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}))
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Millisecond)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, "GET", "http://x/", nil)
	require.NoError(t, err)
	_, err = client.Do(r)
	assert.ErrorIs(t, err, context.DeadlineExceeded)
}

// A reverse proxy in front of services shows what they answer.
func TestTransportBehindAReverseProxy(t *testing.T) {
	files := bus.FromHandler(http.FileServerFS(filesOf(strings.Repeat("hello ", 20000))))
	proxy := &httputil.ReverseProxy{Transport: bus.Transport(files), Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(&url.URL{Scheme: "http", Host: "bus"})
	}}
	server := serve(t, proxy)
	for _, method := range []string{"GET", "HEAD"} {
		r, err := http.NewRequestWithContext(t.Context(), method, server.URL+"/f.txt", nil)
		require.NoError(t, err)
		answer, err := server.Client().Do(r)
		require.NoError(t, err)
		assert.Equal(t, int64(120000), answer.ContentLength, method)
		data, err := io.ReadAll(answer.Body)
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		if method == "GET" {
			assert.Len(t, data, 120000)
		}
	}
}
