package traces_test

import (
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	otlp "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/seed90475182/restspace/bus"
)

// shop has a pipeline over two stores and an upstream, beside each other.
func shop(server, upstream string) string {
	return fmt.Sprintf(`{"server": {%s}, "services": [
  {"name": "notes", "basePath": "/notes", "service": "json", "adaptor": "file", "adaptorConfig": {"root": "notes"}, "readRoles": "all", "writeRoles": "all"},
  {"name": "files", "basePath": "/files", "service": "file", "adaptor": "file", "adaptorConfig": {"root": "files"}, "readRoles": "all"},
  {"name": "proxy", "basePath": "/proxy", "service": "proxy", "url": "%[2]s", "readRoles": "all"},
  {"name": "shop", "basePath": "/shop", "service": "pipeline", "readRoles": "all",
   "pipeline": [["GET /notes/a :a", "GET %[2]s/price?token=secret :b", "GET /files/c :c"], "jsonObject"]}
]}`, server, upstream)
}

// upstream answers with what it was told of the trace.
func upstream(t *testing.T) *httptest.Server {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/broken" {
			w.WriteHeader(http.StatusBadGateway)
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"parent": %q, "state": %q}`, r.Header.Get("Traceparent"), r.Header.Get("Tracestate"))
	}))
	t.Cleanup(s.Close)
	return s
}

func collect(c *collector, more string) string {
	return fmt.Sprintf(`"traces": {"endpoint": %q%s}`, c.URL, more)
}

func TestTreeOfAPipeline(t *testing.T) {
	c, up := newCollector(t), upstream(t)
	s := start(t, shop(collect(c, `, "headers": {"Api-Key": {"$env": "KEY"}}, "service": "the shop"`), up.URL), map[string]string{"KEY": "top-secret"})
	write(t, "notes/a.json", `{}`)
	write(t, "files/c", "c")
	status, header, _ := s.get(t, "/shop?token=secret", "Authorization", "Bearer secret", "Cookie", "session=secret", "X-Custom", "secret")
	assert.Equal(t, 200, status)
	s.end(t)

	trace, ok := bus.ParseTrace(header.Get("Traceparent"), "")
	require.True(t, ok, header)
	assert.True(t, trace.Sampled())
	assert.Equal(t, []string{
		"GET /shop (server) 200",
		"  GET (client) 200",
		"  GET /files (internal) 200",
		"    get file (internal) ok",
		"  GET /notes (internal) 200",
		"    get file (internal) ok",
		"    get file (internal) missing", // the schema of its directory
	}, sorted(c.tree(trace.ID)))
	assert.Contains(t, s.log.String(), `"trace":"`+trace.ID+`"`)
	assert.Equal(t, "the shop", c.facts["service.name"])
	assert.Equal(t, "1.2.3", c.facts["service.version"])
	assert.Equal(t, "top-secret", c.header.Get("Api-Key"))
	for _, span := range c.taken() {
		assert.NotContains(t, span.String(), "secret")
	}
	assert.NotContains(t, s.log.String(), "top-secret")
}

// sorted returns the lines of a tree with siblings in the order of their names,
// since those that run beside each other begin in any.
func sorted(tree string) []string {
	var blocks []string
	lines := strings.Split(strings.TrimSuffix(tree, "\n"), "\n")
	head := lines[0]
	for _, line := range lines[1:] {
		if strings.HasPrefix(line, "    ") {
			blocks[len(blocks)-1] += "\n" + line
		} else {
			blocks = append(blocks, line)
		}
	}
	slices.Sort(blocks)
	return strings.Split(strings.Join(append([]string{head}, blocks...), "\n"), "\n")
}

func TestAttributes(t *testing.T) {
	c, up := newCollector(t), upstream(t)
	s := start(t, shop(collect(c, ""), up.URL), nil)
	status, _, told := s.get(t, "/proxy/broken?token=secret", "Tracestate", "a=1")
	assert.Equal(t, 502, status)
	write(t, "files/hello.txt", "hello")
	s.get(t, "/files/hello.txt")
	s.get(t, "/nowhere")
	s.end(t)

	spans := make(map[string]span)
	for _, span := range c.taken() {
		spans[span.Name] = span
	}
	host, port, _ := strings.Cut(s.Addr(), ":")
	_, upPort, _ := strings.Cut(up.Listener.Addr().String(), ":")
	request := spans["GET /proxy"].facts
	assert.NotEmpty(t, request["restspace.request"])
	delete(request, "restspace.request")
	assert.Equal(t, map[string]string{
		"http.request.method": "GET", "http.route": "/proxy", "http.response.status_code": "502", "error.type": "502", "url.scheme": "http", "url.path": "/proxy/broken",
		"server.address": host, "server.port": port, "client.address": "127.0.0.1", "restspace.service": "proxy",
	}, request)
	call := spans["GET"]
	for _, span := range c.taken() {
		if span.Name == "GET" && span.Kind == otlp.Span_SPAN_KIND_CLIENT {
			call = span
		}
	}
	assert.Equal(t, map[string]string{
		"http.request.method": "GET", "http.response.status_code": "502", "error.type": "502", "url.scheme": "http", "server.address": "127.0.0.1", "server.port": upPort,
	}, call.facts)
	assert.Contains(t, told, hex.EncodeToString(call.SpanId), "it is told of the span of the call")
	assert.Equal(t, map[string]string{
		"restspace.service": "files", "restspace.slot": "adaptor", "restspace.adaptor": "file", "restspace.operation": "get", "restspace.outcome": "ok",
	}, spans["get file"].facts)
	for _, span := range c.taken() {
		assert.Equal(t, span.GetStatus().GetCode() == otlp.Status_STATUS_CODE_ERROR, span.facts["http.response.status_code"] == "502", span.Name)
	}
}

// The status was good, and then the upstream broke off.
func TestAnswersThatBreakOff(t *testing.T) {
	c := newCollector(t)
	up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write(make([]byte, 1<<20))
		panic(http.ErrAbortHandler)
	}))
	t.Cleanup(up.Close)
	s := start(t, shop(collect(c, ""), up.URL), nil)
	reply, err := http.Get("http://" + s.Addr() + "/proxy/half")
	require.NoError(t, err)
	_, err = io.Copy(io.Discard, reply.Body)
	assert.ErrorIs(t, err, io.ErrUnexpectedEOF)
	require.NoError(t, reply.Body.Close())
	s.end(t)

	trace, _ := bus.ParseTrace(reply.Header.Get("Traceparent"), "")
	assert.Equal(t, []string{"GET /proxy (server) 200 upstream-failed failed", "  GET (client) 200"}, sorted(c.tree(trace.ID)))
}
