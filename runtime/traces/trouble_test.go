package traces_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	v1 "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/bus/bustest"
	"github.com/seed90475182/restspace/runtime/traces"
)

func newTracer(t *testing.T, all *traces.Traces, url string, log *bustest.Log) *traces.Tracer {
	tracer, err := all.New(traces.Settings{URL: url + "/v1/traces", Headers: map[string]string{"Key": "secret"}, Sample: 1}, "", slog.New(slog.NewTextHandler(log, nil)))
	require.NoError(t, err)
	return tracer
}

// requests has n requests that end at once.
func requests(t *testing.T, all *traces.Traces, n int) {
	for range n {
		root := bus.NewRoot(t.Context(), 0)
		all.Begin(root, time.Now(), false)
		require.NotNil(t, root.Span)
		all.End(root, "/a", bus.Outcome{Method: "GET", Status: 200})
	}
}

// Whatever the collector does, spans are dropped and counted, and the log is told
// once.
func TestCollectorInTrouble(t *testing.T) {
	var elsewhere atomic.Int64
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) }))
	defer other.Close()
	for name, answer := range map[string]http.HandlerFunc{
		"refuses": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) },
		"redirects": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, other.URL, http.StatusTemporaryRedirect)
		},
		"hangs up": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"talks": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, strings.Repeat("x", 60<<10))
		},
		"talks on and on": func(w http.ResponseWriter, _ *http.Request) {
			for range 1 << 10 {
				_, _ = w.Write(make([]byte, 64<<10))
			}
		},
		"has the client wait for hours": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "36000")
			w.WriteHeader(http.StatusServiceUnavailable)
		},
	} {
		t.Run(name, func(t *testing.T) {
			c, log, all := newCollector(t), new(bustest.Log), new(traces.Traces)
			c.answer = answer
			tracer := newTracer(t, all, c.URL, log)
			all.Use(tracer)
			requests(t, all, 2000)
			tracer.Close(t.Context())
			assert.Equal(t, traces.Stats{Refused: 2000}, all.Stats())
			assert.Equal(t, 1, strings.Count(log.String(), "\n"), log.String())
			assert.Less(t, len(log.String()), 2048)
			assert.NotContains(t, log.String(), "secret")
		})
	}
	assert.Zero(t, elsewhere.Load(), "no redirect is followed")
}

// A collector may take some spans of a batch, and say why not the others.
func TestCollectorThatTakesSpansInPart(t *testing.T) {
	const size = 100
	long := strings.Repeat("no room ", 6<<10)
	says := func(n int64, why string) *v1.ExportTraceServiceResponse {
		return &v1.ExportTraceServiceResponse{PartialSuccess: &v1.ExportTracePartialSuccess{RejectedSpans: n, ErrorMessage: why}}
	}
	for name, row := range map[string]struct {
		answer  *v1.ExportTraceServiceResponse
		refused int64
		log     string
	}{
		"some":           {says(3, "no room"), 3, `"no room" dropped=3`},
		"no reason":      {says(3, ""), 3, `dropped=3`},
		"all":            {says(size, "no room"), size, `"no room"`},
		"too many":       {says(size+1, "no room"), size, `"no room"`},
		"less than one":  {says(-1, "odd"), 0, `odd`},
		"none":           {says(0, "use gzip"), 0, `"use gzip" dropped=0`},
		"at length":      {says(1, long), 1, `"` + long[:1024] + `" dropped=1`},
		"nothing":        {says(0, ""), 0, ""},
		"nothing at all": {new(v1.ExportTraceServiceResponse), 0, ""},
	} {
		for media, encode := range map[string]func(proto.Message) ([]byte, error){"application/x-protobuf": proto.Marshal, "application/json": protojson.Marshal} {
			t.Run(name+" "+media, func(t *testing.T) {
				c, log, all := newCollector(t), new(bustest.Log), new(traces.Traces)
				c.answer = func(w http.ResponseWriter, _ *http.Request) {
					w.Header().Set("Content-Type", media)
					data, err := encode(row.answer)
					assert.NoError(t, err)
					_, _ = w.Write(data)
				}
				tracer := newTracer(t, all, c.URL, log)
				all.Use(tracer)
				requests(t, all, size)
				tracer.Close(t.Context())
				assert.Equal(t, traces.Stats{Sent: size - row.refused, Refused: row.refused}, all.Stats())
				assert.Contains(t, log.String(), row.log)
				assert.Equal(t, row.log == "", log.String() == "", log.String())
				assert.LessOrEqual(t, strings.Count(log.String(), "\n"), 1)
			})
		}
	}
}

// What a client sends does not cost the spans of others.
func TestTextsThatAreNoUTF8(t *testing.T) {
	c, log, all := newCollector(t), new(bustest.Log), new(traces.Traces)
	tracer := newTracer(t, all, c.URL, log)
	all.Use(tracer)
	hosts := []string{"a\xff.example", strings.Repeat("é", 700), "good.example"}
	for _, host := range hosts {
		root := bus.NewRoot(t.Context(), 0)
		root.Host, root.Client, root.ID = host, host, host
		all.Begin(root, time.Now(), false)
		all.End(root, "/"+host, bus.Outcome{Method: "GET", Status: 200})
	}
	tracer.Close(t.Context())
	assert.Equal(t, traces.Stats{Sent: int64(len(hosts))}, all.Stats())
	assert.Empty(t, log.String())
}

func TestCollectorThatHangs(t *testing.T) {
	c, log, all := newCollector(t), new(bustest.Log), new(traces.Traces)
	c.answer = func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // so that the server sees the client leave
		<-r.Context().Done()
	}
	tracer := newTracer(t, all, c.URL, log)
	all.Use(tracer)
	requests(t, all, 10_000)
	assert.Equal(t, int64(10_000-2048), all.Stats().Full, "no more than that wait")
	tracer.Close(t.Context()) // in a few seconds
	assert.Equal(t, traces.Stats{Full: 10_000 - 2048, Refused: 2048}, all.Stats())
	assert.Equal(t, 1, strings.Count(log.String(), "\n"), log.String())
}

func TestCollectorIsGone(t *testing.T) {
	c := newCollector(t)
	c.Close()
	s := start(t, shop(collect(c, "")+`, "adminListen": "127.0.0.1:0"`, upstream(t).URL), nil)
	for range 5 {
		status, _, _ := s.get(t, "/proxy")
		assert.Equal(t, 200, status)
	}
	s.end(t)
	assert.Equal(t, 1, strings.Count(s.log.String(), "traces can't be sent"), s.log.String())
}

// A Tracer that has been replaced takes what has begun with it.
func TestReloadLosesNothing(t *testing.T) {
	inside, release := make(chan struct{}), make(chan struct{})
	up := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { inside <- struct{}{}; <-release }))
	defer up.Close()
	before, after := newCollector(t), newCollector(t)
	s := start(t, shop(collect(before, ""), up.URL), nil)
	answered := make(chan int)
	go func() {
		status, _, _ := s.get(t, "/proxy")
		answered <- status
	}()
	<-inside
	require.NoError(t, s.Load(t.Context(), "services.json", []byte(shop(collect(after, ""), up.URL))))
	s.get(t, "/notes/missing")
	release <- struct{}{}
	assert.Equal(t, 200, <-answered)
	s.end(t)
	names := func(c *collector) (list []string) {
		for _, span := range c.taken() {
			list = append(list, span.Name)
		}
		return list
	}
	assert.ElementsMatch(t, []string{"GET /proxy", "GET"}, names(before))
	assert.ElementsMatch(t, []string{"GET /notes", "get file"}, names(after))
}

// The span of a call whose answer is a stream ends when that is closed.
func TestSpansOfStreams(t *testing.T) {
	for name, closes := range map[string]bool{"closed": true, "open": false} {
		t.Run(name, func(t *testing.T) {
			c, all := newCollector(t), new(traces.Traces)
			tracer := newTracer(t, all, c.URL, new(bustest.Log))
			all.Use(tracer)
			root := bus.NewRoot(t.Context(), 0)
			all.Begin(root, time.Now(), false)
			m := &bus.Message{Method: "GET"}
			m.URL.Scheme, m.URL.Host = "https", "example.org"
			_, span := traces.Upstream(root, m)
			reply := bus.Reply(200, bus.NewStream(io.NopCloser(strings.NewReader("x")), -1, ""))
			span.Answered(reply, nil)
			if closes {
				require.NoError(t, reply.Close())
			}
			all.End(root, "/a", bus.Outcome{Method: "GET", Status: 200})
			tracer.Close(t.Context())
			assert.Equal(t, closes, len(c.taken()) == 2)
		})
	}
}

func TestBackgroundWork(t *testing.T) {
	c := newCollector(t)
	s := start(t, shop(collect(c, ""), upstream(t).URL), nil)
	m := &bus.Message{Method: "GET"}
	m.URL.Path = []string{"notes", "missing"}
	_, err := s.Inside().Serve(t.Context(), m)
	require.Error(t, err)
	s.end(t)
	require.Len(t, c.taken(), 3)
	for _, span := range c.taken() {
		if span.Name == "background" {
			assert.Equal(t, "background (internal) 404\n  GET /notes (internal) 404\n    get file (internal) missing\n", c.tree(hexOf(span)))
			return
		}
	}
	assert.Fail(t, "no background")
}
