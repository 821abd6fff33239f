package traces_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/proto/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	otlp "go.opentelemetry.io/proto/otlp/trace/v1"
	"go.uber.org/goleak"
	"google.golang.org/protobuf/proto"

	adaptorlist "github.com/seed90475182/restspace/adaptors/all"
	"github.com/seed90475182/restspace/bus/bustest"
	"github.com/seed90475182/restspace/runtime"
	servicelist "github.com/seed90475182/restspace/services/all"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// collector is a server that takes spans.
type collector struct {
	*httptest.Server
	answer http.HandlerFunc // in the place of taking them, where it is set

	mu     sync.Mutex
	spans  []span
	facts  map[string]string // of the server that sends them
	header http.Header       // of the last request
}

// span is one that was taken, in a form that is easy to compare.
type span struct {
	*otlp.Span
	facts map[string]string
}

func newCollector(t *testing.T) *collector {
	c := &collector{}
	c.Server = httptest.NewServer(c)
	t.Cleanup(c.Close)
	return c
}

func (c *collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if c.answer != nil {
		c.answer(w, r)
		return
	}
	body, err := io.ReadAll(r.Body)
	sent := new(v1.ExportTraceServiceRequest)
	if err != nil || r.URL.Path != "/v1/traces" || proto.Unmarshal(body, sent) != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.header = r.Header.Clone()
	for _, resource := range sent.ResourceSpans {
		c.facts = factsOf(resource.Resource.Attributes)
		for _, scope := range resource.ScopeSpans {
			for _, s := range scope.Spans {
				c.spans = append(c.spans, span{s, factsOf(s.Attributes)})
			}
		}
	}
}

func factsOf(attributes []*common.KeyValue) map[string]string {
	facts := make(map[string]string)
	for _, a := range attributes {
		switch v := a.Value.Value.(type) {
		case *common.AnyValue_StringValue:
			facts[a.Key] = v.StringValue
		case *common.AnyValue_IntValue:
			facts[a.Key] = fmt.Sprint(v.IntValue)
		default:
			facts[a.Key] = a.Value.String()
		}
	}
	return facts
}

// taken returns the spans that came until now.
func (c *collector) taken() []span {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.spans)
}

// tree draws the spans of a trace, each with the names below it in the order in
// which they began.
func (c *collector) tree(trace string) string {
	all := slices.DeleteFunc(c.taken(), func(s span) bool { return hex.EncodeToString(s.TraceId) != trace })
	slices.SortStableFunc(all, func(a, b span) int { return int(a.StartTimeUnixNano) - int(b.StartTimeUnixNano) })
	var text strings.Builder
	var draw func(s span, depth int)
	draw = func(s span, depth int) {
		kind := strings.ToLower(strings.TrimPrefix(s.Kind.String(), "SPAN_KIND_"))
		fmt.Fprintf(&text, "%s%s (%s)%s\n", strings.Repeat("  ", depth), s.Name, kind, outcome(s))
		for _, below := range all {
			if bytes.Equal(below.ParentSpanId, s.SpanId) {
				draw(below, depth+1)
			}
		}
	}
	for _, s := range all {
		if !slices.ContainsFunc(all, func(above span) bool { return bytes.Equal(above.SpanId, s.ParentSpanId) }) {
			draw(s, 0)
		}
	}
	return text.String()
}

func outcome(s span) string {
	text := ""
	for _, key := range []string{"http.response.status_code", "restspace.outcome", "error.type"} {
		if s.facts[key] != "" {
			text += " " + s.facts[key]
		}
	}
	if s.GetStatus().GetCode() == otlp.Status_STATUS_CODE_ERROR {
		text += " failed"
	}
	return text
}

// server is a runtime that serves the network.
type server struct {
	*runtime.Runtime
	log *bustest.Log
}

func start(t *testing.T, conf string, env map[string]string) *server {
	t.Helper()
	t.Chdir(t.TempDir())
	s := &server{log: new(bustest.Log)}
	s.Runtime = runtime.New(runtime.Options{
		Services: servicelist.Registry(), Adaptors: adaptorlist.Registry(), Listen: true, Address: "127.0.0.1:0", LogTo: s.log, Version: "1.2.3",
		Env: func(name string) (string, bool) { v, ok := env[name]; return v, ok },
	})
	require.NoError(t, s.Load(t.Context(), "services.json", []byte(conf)))
	t.Cleanup(func() { s.end(t) })
	return s
}

// end ends the server, which has sent all spans then.
func (s *server) end(t *testing.T) {
	assert.NoError(t, s.Close(context.Background()))
}

// get returns the status and the body of an answer. Each request has a connection
// of its own.
func (s *server) get(t *testing.T, path string, fields ...string) (int, http.Header, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+s.Addr()+path, nil)
	require.NoError(t, err)
	r.Close = true
	for i := 0; i < len(fields); i += 2 {
		r.Header.Set(fields[i], fields[i+1])
	}
	reply, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer reply.Body.Close()
	body, err := io.ReadAll(reply.Body)
	require.NoError(t, err)
	return reply.StatusCode, reply.Header, string(body)
}

// write makes a file of a store.
func write(t *testing.T, name, text string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o700))
	require.NoError(t, os.WriteFile(name, []byte(text), 0o600))
}

// hexOf returns the identifier of the trace of a span.
func hexOf(s span) string { return hex.EncodeToString(s.TraceId) }
