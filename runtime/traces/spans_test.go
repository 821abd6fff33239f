package traces_test

import (
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/bus/bustest"
	"github.com/seed90475182/restspace/runtime/traces"
)

// What a client chooses neither makes names of spans without end nor breaks them.
func TestRequestsOfAnyKind(t *testing.T) {
	c, all := newCollector(t), new(traces.Traces)
	tracer := newTracer(t, all, c.URL, new(bustest.Log))
	all.Use(tracer)
	root := bus.NewRoot(t.Context(), 0)
	root.Host, root.Secure = "[::1]", true
	all.Begin(root, time.Now(), false)
	all.End(root, "/a", bus.Outcome{Method: "BREW", Status: 404})
	tracer.Close(t.Context())
	require.Len(t, c.taken(), 1)
	assert.Equal(t, "HTTP", c.taken()[0].Name)
	assert.Equal(t, map[string]string{
		"http.request.method": "_OTHER", "http.response.status_code": "404", "url.scheme": "https", "url.path": "/a", "server.address": "::1",
		"client.address": "", "restspace.request": "",
	}, c.taken()[0].facts)
}

func TestSecretsInPaths(t *testing.T) {
	c, all := newCollector(t), new(traces.Traces)
	all.Hide(strings.NewReplacer("secret", "[redacted]"))
	tracer := newTracer(t, all, c.URL, new(bustest.Log))
	all.Use(tracer)
	root := bus.NewRoot(t.Context(), 0)
	all.Begin(root, time.Now(), false)
	all.End(root, "/hooks/secret", bus.Outcome{Method: "GET", Status: 200})
	tracer.Close(t.Context())
	require.Len(t, c.taken(), 1)
	assert.Equal(t, "/hooks/[redacted]", c.taken()[0].facts["url.path"])
}

// The status was good, and then the service could not go on.
func TestAnswersThatPanic(t *testing.T) {
	c, all := newCollector(t), new(traces.Traces)
	tracer := newTracer(t, all, c.URL, new(bustest.Log))
	all.Use(tracer)
	root := bus.NewRoot(t.Context(), 0)
	all.Begin(root, time.Now(), false)
	all.End(root, "/a", bus.Outcome{Method: "GET", Status: 200, Err: &bus.PanicError{Value: "oops"}})
	tracer.Close(t.Context())
	require.Len(t, c.taken(), 1)
	assert.Equal(t, " 200 500 failed", outcome(c.taken()[0]))
}

// Who calls another server is answered with an error from 400 on; who answers makes
// one from 500 on.
func TestCallsThatFail(t *testing.T) {
	const problem = "urn:restspace:problem:"
	for _, row := range []struct {
		status int
		err    error
		away   string // what the span of a call of another server says
		here   string // what that of another mount says
	}{
		{200, nil, " 200", " 200"},
		{404, nil, " 404 404 failed", " 404"},
		{503, nil, " 503 503 failed", " 503 503 failed"},
		{0, &bus.Error{Status: 502, Type: problem + "unreachable"}, " unreachable failed", " 502 unreachable failed"},
		{0, &bus.Error{Status: 413, Type: problem + "too-large"}, " 413 failed", " 413"},
		{0, errors.New("text that may hold anything"), " 500 failed", " 500 500 failed"},
	} {
		c, all := newCollector(t), new(traces.Traces)
		tracer := newTracer(t, all, c.URL, new(bustest.Log))
		all.Use(tracer)
		root := bus.NewRoot(t.Context(), 0)
		var err error
		root.Table, err = bus.NewTable(&bus.Mount{Name: "notes", Base: []string{"notes"}})
		require.NoError(t, err)
		all.Begin(root, time.Now(), false)
		m := &bus.Message{Method: "GET"}
		m.URL.Path = []string{"nowhere"}
		_, span := traces.Hop(root, m)
		assert.Nil(t, span, "nothing is mounted there")
		m.URL.Path[0] = "notes"
		_, span = traces.Hop(root, m)
		span.Answered(bus.Reply(row.status, nil), row.err)
		m.URL.Scheme, m.URL.Host = "https", "example.org"
		_, span = traces.Upstream(root, m)
		span.Answered(bus.Reply(row.status, nil), row.err)
		all.End(root, "/", bus.Outcome{Method: "POST", Status: 200})
		tracer.Close(t.Context())
		told := make(map[string]string)
		for _, s := range c.taken() {
			told[s.Name] = outcome(s)
		}
		assert.Equal(t, map[string]string{"GET /notes": row.here, "GET": row.away, "POST": " 200"}, told)
	}
}

// A collector that did not answer for a while has lost spans, and loses no more.
func TestCollectorThatCatchesUp(t *testing.T) {
	c, all, awake := newCollector(t), new(traces.Traces), make(chan struct{})
	c.answer = func(http.ResponseWriter, *http.Request) { <-awake }
	tracer := newTracer(t, all, c.URL, new(bustest.Log))
	all.Use(tracer)
	requests(t, all, 3000)
	assert.Equal(t, int64(3000-2048), all.Stats().Full)
	close(awake)
	require.Eventually(t, func() bool { return all.Stats().Sent == 2048 }, 20*time.Second, time.Millisecond)
	requests(t, all, 2048)
	assert.Equal(t, int64(3000-2048), all.Stats().Full)
	tracer.Close(t.Context())
	assert.Equal(t, traces.Stats{Sent: 2 * 2048, Full: 3000 - 2048}, all.Stats())
}

func TestWhoIsFollowed(t *testing.T) {
	c, quiet := newCollector(t), slog.New(slog.DiscardHandler)
	for _, row := range []struct{ follow, trusted, want bool }{{true, true, true}, {true, false, false}, {false, true, false}} {
		all := new(traces.Traces)
		tracer, err := all.New(traces.Settings{URL: c.URL + "/v1/traces", Follow: row.follow}, "", quiet)
		require.NoError(t, err)
		all.Use(tracer)
		root := bus.NewRoot(t.Context(), 0)
		root.Trace = bus.Trace{ID: traceID, Span: spanID, Flags: "01"}
		all.Begin(root, time.Now(), row.trusted)
		assert.Equal(t, row.want, root.Span != nil, "%+v", row)
		all.End(root, "/", bus.Outcome{Method: "GET", Status: 200})
		tracer.Close(t.Context())
	}
}

// A tracestate goes through as it came, and is collected where it is of use.
func TestStatesThatAreCollected(t *testing.T) {
	long := strings.Repeat("a", 250) + "=" + strings.Repeat("x", 250) + ",b=" + strings.Repeat("y", 100)
	for state, want := range map[string]string{"a=1,b=2": "a=1,b=2", "no state": "", strings.ReplaceAll(long, "=", "=1"): ""} {
		c, all, quiet := newCollector(t), new(traces.Traces), slog.New(slog.DiscardHandler)
		tracer, err := all.New(traces.Settings{URL: c.URL + "/v1/traces", Sample: 1}, "", quiet)
		require.NoError(t, err)
		all.Use(tracer)
		root := bus.NewRoot(t.Context(), 0)
		root.Trace = bus.Trace{ID: traceID, Span: spanID, Flags: "01", State: state}
		all.Begin(root, time.Now(), true)
		assert.Equal(t, state, root.Trace.State)
		all.End(root, "/", bus.Outcome{Method: "GET", Status: 200})
		tracer.Close(t.Context())
		require.Len(t, c.taken(), 1)
		assert.Equal(t, want, c.taken()[0].TraceState)
	}
}

// A configuration with other settings has a Tracer of its own.
func TestSettingsThatDiffer(t *testing.T) {
	c, all, quiet := newCollector(t), new(traces.Traces), slog.New(slog.DiscardHandler)
	one := traces.Settings{URL: c.URL, Headers: map[string]string{"Key": "a"}, Service: "s", Sample: 0.5, Follow: true}
	assert.True(t, all.Has(traces.Settings{}))
	assert.False(t, all.Has(one))
	tracer, err := all.New(one, "", quiet)
	require.NoError(t, err)
	all.Use(tracer)
	defer tracer.Close(t.Context())
	assert.True(t, all.Has(one))
	for name, change := range map[string]func(*traces.Settings){
		"URL":     func(s *traces.Settings) { s.URL += "/x" },
		"headers": func(s *traces.Settings) { s.Headers = map[string]string{"Key": "b"} },
		"service": func(s *traces.Settings) { s.Service = "" },
		"sample":  func(s *traces.Settings) { s.Sample = 1 },
		"follow":  func(s *traces.Settings) { s.Follow = false },
	} {
		other := one
		change(&other)
		assert.False(t, all.Has(other), name)
	}
}
