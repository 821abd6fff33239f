package gateway

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/seed90475182/restspace/bus/bustest"
	"github.com/seed90475182/restspace/runtime"
	"github.com/seed90475182/restspace/services"
	"github.com/seed90475182/restspace/services/proxy"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long a test waits for what has to happen.
const patience = 20 * time.Second

// server has the Kind at /m, named orders.
type server struct {
	*runtime.Runtime
	url    string
	client *http.Client
	log    *bustest.Log
}

// start serves a mount with these keys, given as pairs, in front of upstream.
func start(t *testing.T, upstream string, keys ...any) *server {
	t.Helper()
	return startKind(t, proxy.Kind(), upstream, keys...)
}

// startKind is start with something else under the name of the Kind.
func startKind(t *testing.T, kind services.Kind, upstream string, keys ...any) *server {
	t.Helper()
	t.Chdir(t.TempDir())
	s := &server{log: new(bustest.Log), client: &http.Client{
		Transport:     &http.Transport{DisableCompression: true},
		Timeout:       patience,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	s.Runtime = runtime.New(runtime.Options{Services: services.NewRegistry(kind), Listen: true, Address: "127.0.0.1:0", LogTo: s.log})
	require.NoError(t, s.Load(t.Context(), "services.json", config(t, upstream, keys...)))
	s.url = "http://" + s.Addr()
	t.Cleanup(func() {
		s.client.CloseIdleConnections()
		require.NoError(t, s.Close(context.Background()))
	})
	return s
}

func config(t *testing.T, upstream string, keys ...any) []byte {
	t.Helper()
	service := map[string]any{"name": "orders", "basePath": "/m", "service": "proxy", "readRoles": "all", "writeRoles": "all"}
	if upstream != "" {
		service["url"] = upstream
	}
	for i := 0; i < len(keys); i += 2 {
		service[keys[i].(string)] = keys[i+1]
	}
	data, err := json.Marshal(map[string]any{"server": map[string]any{"drain": "200ms"}, "services": []any{service}})
	require.NoError(t, err)
	return data
}

// upstream starts a server of net/http.
func upstream(t *testing.T, h http.HandlerFunc) string {
	s := httptest.NewServer(h)
	t.Cleanup(func() { s.CloseClientConnections(); s.Close() })
	return s.URL
}

// do makes a request and reads the whole answer.
func (s *server) do(t *testing.T, method, path string, body io.Reader, header ...string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequest(method, s.url+path, body)
	require.NoError(t, err)
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	answer, err := s.client.Do(r)
	require.NoError(t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	return answer, string(text)
}

// happens waits for an event.
func happens(t *testing.T, what string, event <-chan struct{}) {
	t.Helper()
	select {
	case <-event:
	case <-time.After(patience):
		t.Fatalf("waited %v for this: %s", patience, what)
	}
}

func TestARequest(t *testing.T) {
	s := start(t, upstream(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Restspace-Service", "theirs")
		w.Header().Set("Location", "/api/8")
		w.WriteHeader(201)
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %s %q %s %q %s", r.Method, r.RequestURI, r.Header.Get("Authorization"), r.Header.Get("X-Forwarded-For"), r.Header.Get("X-Key"), body)
	})+"/api", "setHeaders", map[string]any{"X-Key": map[string]any{"$env": "NO_SUCH_KEY", "default": "k"}})
	answer, text := s.do(t, "POST", "/m/7?full=1", strings.NewReader("hello"), "Authorization", "Bearer mine")
	assert.Equal(t, 201, answer.StatusCode)
	assert.Equal(t, `POST /api/7?full=1 "" 127.0.0.1 "k" hello`, text)
	assert.Equal(t, []string{"orders"}, answer.Header.Values("X-Restspace-Service"))
	assert.Equal(t, "/m/8", answer.Header.Get("Location"))
	answer, text = s.do(t, "HEAD", "/m/7", nil)
	assert.Equal(t, 201, answer.StatusCode)
	assert.Empty(t, text)
	answer, _ = s.do(t, "OPTIONS", "/m/7", nil)
	assert.Equal(t, "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT", answer.Header.Get("Allow"))
}

func TestRulesComeFirst(t *testing.T) {
	s := start(t, upstream(t, func(http.ResponseWriter, *http.Request) { t.Error("nobody is to come here") }), "readRoles", "A", "writeRoles", "none")
	answer, _ := s.do(t, "GET", "/m/7", nil)
	assert.Equal(t, 401, answer.StatusCode)
	answer, _ = s.do(t, "DELETE", "/m/7", nil)
	assert.Equal(t, 401, answer.StatusCode)
}

func TestErrorsAreRelayed(t *testing.T) {
	s := start(t, upstream(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("WWW-Authenticate", `Basic realm="theirs"`)
		w.Header().Set("Content-Type", "text/x-own")
		w.WriteHeader(401)
		_, _ = io.WriteString(w, "who?")
	}))
	answer, text := s.do(t, "GET", "/m/7", nil)
	assert.Equal(t, 401, answer.StatusCode)
	assert.Equal(t, "who?", text)
	assert.Equal(t, "text/x-own", answer.Header.Get("Content-Type"))
	assert.Equal(t, []string{`Basic realm="theirs"`}, answer.Header.Values("WWW-Authenticate"))
}

func TestEventsComeOneByOne(t *testing.T) {
	read := make(chan struct{})
	s := start(t, upstream(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for i := range 3 {
			fmt.Fprintf(w, "data: %d\n\n", i)
			_ = http.NewResponseController(w).Flush()
			select {
			case <-read: // the next one is not sent before this one has come
			case <-r.Context().Done():
				return
			}
		}
	}))
	answer, err := s.client.Get(s.url + "/m/events")
	require.NoError(t, err)
	defer answer.Body.Close()
	for i := range 3 {
		event := make([]byte, len("data: 0\n\n"))
		_, err := io.ReadFull(answer.Body, event)
		require.NoError(t, err)
		assert.Equal(t, fmt.Sprintf("data: %d\n\n", i), string(event))
		read <- struct{}{}
	}
	_, err = answer.Body.Read(make([]byte, 1))
	assert.Equal(t, io.EOF, err)
}

func TestBothDirectionsAtOnce(t *testing.T) {
	s := start(t, upstream(t, func(w http.ResponseWriter, r *http.Request) {
		control := http.NewResponseController(w)
		_ = control.EnableFullDuplex()
		_ = control.Flush()
		piece := make([]byte, 64)
		for {
			n, err := r.Body.Read(piece)
			_, _ = w.Write(bytes.ToUpper(piece[:n]))
			_ = control.Flush()
			if err != nil {
				return
			}
		}
	}))
	body, out := io.Pipe()
	r, err := http.NewRequest("POST", s.url+"/m/echo", body)
	require.NoError(t, err)
	answer, err := s.client.Do(r)
	require.NoError(t, err)
	defer answer.Body.Close()
	for _, text := range []string{"one", "two", "three"} {
		_, err := io.WriteString(out, text)
		require.NoError(t, err)
		echo := make([]byte, len(text))
		_, err = io.ReadFull(answer.Body, echo)
		require.NoError(t, err)
		assert.Equal(t, strings.ToUpper(text), string(echo))
	}
	require.NoError(t, out.Close())
	_, err = answer.Body.Read(make([]byte, 1))
	assert.Equal(t, io.EOF, err)
}

func TestTrailers(t *testing.T) {
	s := start(t, upstream(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Trailer", "X-Sum")
		_, _ = io.WriteString(w, "got "+r.Trailer.Get("X-Sum"))
		w.Header().Set("X-Sum", "theirs")
	}))
	r, err := http.NewRequest("POST", s.url+"/m/x", io.MultiReader(strings.NewReader("hello")))
	require.NoError(t, err)
	r.Trailer = http.Header{"X-Sum": {"mine"}}
	answer, err := s.client.Do(r)
	require.NoError(t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	assert.Equal(t, "got mine", string(text))
	assert.Equal(t, "theirs", answer.Trailer.Get("X-Sum"))
}

// flaky is an upstream at one address that can be taken away and come back.
type flaky struct {
	address string
	server  *http.Server
	served  atomic.Int64
}

func (f *flaky) start(t *testing.T) {
	t.Helper()
	l, err := net.Listen("tcp", cmp.Or(f.address, "127.0.0.1:0"))
	require.NoError(t, err)
	f.address = l.Addr().String()
	f.server = &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		f.served.Add(1)
		_, _ = io.WriteString(w, "ok")
	})}
	server := f.server
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() { _ = server.Close() })
}

func TestAnUpstreamDiesAndComesBack(t *testing.T) {
	var first, second flaky
	first.start(t)
	second.start(t)
	s := start(t, "", "upstreams", []string{"http://" + first.address, "http://" + second.address},
		"breaker", map[string]any{"delay": "50ms"})
	s.client.Transport.(*http.Transport).MaxIdleConnsPerHost = 8
	stop := make(chan struct{})
	var clients sync.WaitGroup
	for range 8 {
		clients.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				answer, err := s.client.Get(s.url + "/m/7")
				if !assert.NoError(t, err) {
					return
				}
				_, _ = io.Copy(io.Discard, answer.Body)
				_ = answer.Body.Close()
				assert.Equal(t, 200, answer.StatusCode)
			}
		})
	}
	serves := func(f *flaky) func() bool {
		before := f.served.Load()
		return func() bool { return f.served.Load() > before+20 }
	}
	assert.Eventually(t, serves(&first), patience, time.Millisecond, "both answer")
	assert.Eventually(t, serves(&second), patience, time.Millisecond, "both answer")
	require.NoError(t, first.server.Close())
	assert.Eventually(t, serves(&second), patience, time.Millisecond, "one answers, and no client sees an error")
	first.start(t)
	assert.Eventually(t, serves(&first), patience, time.Millisecond, "it answers again")
	close(stop)
	clients.Wait()
}
