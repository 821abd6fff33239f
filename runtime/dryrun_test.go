package runtime_test

import (
	"cmp"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/adaptors"
	adaptorlist "github.com/seed90475182/restspace/adaptors/all"
	"github.com/seed90475182/restspace/adaptors/memstore"
	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/bus/record"
	"github.com/seed90475182/restspace/runtime"
	servicelist "github.com/seed90475182/restspace/services/all"
	"github.com/seed90475182/restspace/urlpattern"
)

// guarded is a store that fails, and counts, where something is written.
type guarded struct {
	adaptors.Store
	writes *atomic.Int64
}

func (g guarded) Put(context.Context, adaptors.Key, *bus.Body, adaptors.Condition) (adaptors.Info, error) {
	g.writes.Add(1)
	return adaptors.Info{}, errors.New("it was written to")
}

func (g guarded) Delete(context.Context, adaptors.Key, adaptors.Condition) error {
	g.writes.Add(1)
	return errors.New("it was written to")
}

// dryServer returns a server of all Kinds over stores that nobody may write to.
func dryServer(t *testing.T, config, document string, writes *atomic.Int64) *runtime.Runtime {
	kind := memstore.Kind()
	open := kind.New
	kind.New = func(ctx context.Context, config any, env adaptors.Env) (any, error) {
		made, err := open(ctx, config, env)
		if err != nil {
			return nil, err
		}
		store := made.(adaptors.Store)
		_, err = store.Put(ctx, adaptors.Key{"x.json"}, bus.NewBody([]byte(document), "application/json"), adaptors.Condition{})
		return guarded{store, writes}, err
	}
	others := []adaptors.Kind{kind}
	for _, k := range adaptorlist.Registry().Kinds() {
		if k.Name != kind.Name {
			others = append(others, k)
		}
	}
	server := runtime.New(runtime.Options{Services: servicelist.Registry(), Adaptors: adaptors.NewRegistry(others...), LogTo: io.Discard, Once: true, DryRun: true})
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second) // drain is longer
		defer cancel()
		require.NoError(t, server.Close(ctx))
		require.NoError(t, ctx.Err(), "it waits for background work that it has not begun")
	})
	require.NoError(t, server.Load(t.Context(), "services.json", []byte(config)))
	return server
}

// dryAsk has server answer a request, and returns what it would have written.
func dryAsk(t *testing.T, server *runtime.Runtime, method, url, body string, header ...bus.Field) (status int, text string, plans []string) {
	t.Helper()
	root := bus.NewRoot(t.Context(), 0)
	defer root.End()
	u, err := urlpattern.ParseURL(url)
	require.NoError(t, err)
	m := &bus.Message{Method: method, URL: u, Header: header, User: &bus.User{Email: "a@example.com", Roles: []string{"A"}}}
	if body != "" {
		m.Body = bus.NewBody([]byte(body), "application/json")
	}
	ctx, node := record.Start(root, record.Options{}, record.RequestEntry(m))
	reply, err := server.Serve(ctx, m)
	require.NoError(t, err)
	data, err := reply.Body.Bytes(1 << 20)
	require.NoError(t, err)
	require.NoError(t, reply.Close())
	return reply.Status, string(data), record.Plans(node.Tree(nil))
}

// A field of another server may hold any bytes (RFC 9110 section 5.5).
func TestRecordOfAReplyThatIsNoUTF8(t *testing.T) {
	t.Chdir(t.TempDir())
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X-Odd", "a\xff") }))
	defer upstream.Close()
	s := &server{client: &http.Client{Transport: &http.Transport{}}}
	s.Runtime = runtime.New(runtime.Options{Services: servicelist.Registry(), Adaptors: adaptorlist.Registry(), Listen: true, Address: "127.0.0.1:0", LogTo: io.Discard})
	require.NoError(t, s.Load(t.Context(), "services.json", []byte(`{"services": [
		{"name": "p", "basePath": "/p", "service": "proxy", "url": "`+upstream.URL+`", "readRoles": "all", "manageRoles": "all"}]}`)))
	defer func() { s.client.CloseIdleConnections(); require.NoError(t, s.Close(context.Background())) }()
	r, err := http.NewRequestWithContext(t.Context(), "GET", s.URL()+"/p", nil)
	require.NoError(t, err)
	r.Header.Set("X-Restspace-Trace", "1")
	answer, err := s.client.Do(r)
	require.NoError(t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	assert.Equal(t, 200, answer.StatusCode)
	assert.Contains(t, string(text), "[\"X-Odd\",\"a\uFFFD\"]")
}

func TestDryRunOfEveryKindWritesNothing(t *testing.T) {
	var writes, sent atomic.Int64
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.Method != "GET" {
			sent.Add(1)
		}
	}))
	defer other.Close()
	own := map[string]string{
		"proxy":    `{"service": "proxy", "url": "` + other.URL + `"}`,
		"remote":   `{"service": "remote", "url": "` + other.URL + `"}`,
		"pipeline": `{"service": "pipeline", "get": true, "pipeline": [["PUT /t-json/a", "DELETE /t-json/x", "POST /t-file/", "PATCH /t-static/y", "PUT ` + other.URL + `/z", "GET ` + other.URL + `/z"], "jsonArray"]}`,
	}
	var mounts []map[string]any
	var names []string
	add := func(name, kind, text string) {
		mount := make(map[string]any)
		require.NoError(t, json.Unmarshal([]byte(text), &mount))
		of, _ := servicelist.Registry().Kind(kind)
		for _, slot := range of.Adaptors {
			if slot.Of == adaptors.StoreInterface && (!slot.Optional || mount[slot.Key] != nil) {
				mount[slot.Key] = "memory"
				delete(mount, slot.Key+"Config")
			}
		}
		mount["name"], mount["basePath"] = name, "/"+name
		for _, key := range []string{"readRoles", "writeRoles", "manageRoles"} {
			mount[key] = "all"
		}
		if of.Documents {
			mount["createRoles"] = "all"
		}
		mounts, names = append(mounts, mount), append(names, name)
	}
	for _, kind := range servicelist.Registry().Kinds() {
		add("t-"+kind.Name, kind.Name, cmp.Or(own[kind.Name], kind.Example))
	}
	add("flows", "pipeline", `{"service": "pipeline", "adaptor": "file"}`)
	auth := keysIn(t)
	auth["userUrlPattern"] = "/t-user/${email}"
	config, err := json.Marshal(map[string]any{"services": mounts, "auth": auth, "server": map[string]any{
		"drain": "1m", "hosts": []string{"127.0.0.1"}, "peers": []string{strings.TrimPrefix(other.URL, "http://")}}})
	require.NoError(t, err)
	server := dryServer(t, string(config), `["PUT /t-json/via"]`, &writes)
	planned := 0
	for _, name := range names {
		for _, method := range []string{"GET", "HEAD", "PUT", "POST", "PATCH", "DELETE", "OPTIONS", "MOVE"} {
			for _, path := range []string{"", "/", "/x.json", "/x", "/new", "/dir/", "/x/.schema.json", "/bypass", "/login", "/logout", "/run", "/to/a@example.com"} {
				for _, mode := range []string{"", "manage"} {
					status, text, plans := dryAsk(t, server, method, "/"+name+path, `["GET /t-lib/bypass"]`, bus.Field{Name: "X-Restspace-Request-Mode", Value: mode})
					assert.Less(t, status, 500, "%s /%s%s: %s", method, name, path, text)
					assert.NotContains(t, text, "a dry run writes nothing", "%s /%s%s got as far as the store", method, name, path)
					planned += len(plans)
				}
			}
		}
	}
	assert.Zero(t, writes.Load(), "writes of stores")
	assert.Zero(t, sent.Load(), "writes on the other server")
	assert.Greater(t, planned, 100)
}

func TestDryRunPlansWhatPipelinesWrite(t *testing.T) {
	var writes atomic.Int64
	server := dryServer(t, keyed(t)+`"services": [
		{"name": "docs", "basePath": "/docs", "service": "json", "adaptor": "memory", "readRoles": "all", "writeRoles": "A", "createRoles": "A",
			"prePipeline": [{"wrapped": "$"}]},
		{"name": "closed", "basePath": "/closed", "service": "json", "adaptor": "memory", "readRoles": "none"},
		{"name": "all", "basePath": "/all", "service": "pipeline", "readRoles": "all", "writeRoles": "all",
			"pipeline": ["jsonSplit", "PUT /docs/d${} :.x", "jsonArray", ["tee", "DELETE /docs/x"], "if (status === 200) GET /docs/x"]},
		{"name": "zip", "basePath": "/zip", "service": "pipeline", "readRoles": "all", "writeRoles": "all",
			"pipeline": ["jsonSplit", {"n": "$"}, "PUT /docs/z :$z", "zip", "PUT /docs/b"]}]}`, `{"a":1}`, &writes)
	_, text, plans := dryAsk(t, server, "POST", "/all", `[1,2,3,4,5,6]`)
	assert.Equal(t, `{"a":1}`, text)
	assert.Equal(t, []string{"would PUT /docs/d1, 13 bytes", "would PUT /docs/d2, 13 bytes", "would PUT /docs/d3, 13 bytes",
		"would PUT /docs/d4, 13 bytes", "would PUT /docs/d5, 13 bytes", "would PUT /docs/d6, 13 bytes", "would DELETE /docs/x, 2 bytes"}, plans)
	_, _, plans = dryAsk(t, server, "POST", "/zip", `[1,2]`)
	require.Len(t, plans, 3)
	assert.Regexp(t, `^would PUT /docs/b, \d+ bytes$`, plans[2])
	status, _, plans := dryAsk(t, server, "PUT", "/closed/x", `1`)
	assert.Equal(t, http.StatusForbidden, status, "the rules hold as ever")
	assert.Empty(t, plans)
	assert.Zero(t, writes.Load())
}

func TestTraceOverHTTP(t *testing.T) {
	server := load(t, keyed(t)+`"services": [
		{"name": "lib", "basePath": "/lib", "service": "lib", "readRoles": "all"},
		{"name": "flow", "basePath": "/flow", "service": "pipeline", "readRoles": "all", "writeRoles": "all", "manageRoles": "A",
			"pipeline": ["GET /lib/bypass?token=abc", {"a": "1"}, "/lib/set-status/201"]}]}`)
	ask := func(roles, field string) (*bus.Message, string) {
		root := bus.NewRoot(t.Context(), 0)
		defer root.End()
		m := &bus.Message{Method: "POST", URL: urlpattern.URL{Path: []string{"flow"}}, Header: bus.Header{{Name: "X-Restspace-Trace", Value: field}}}
		if roles != "" {
			m.User = &bus.User{Email: "a@example.com", Roles: []string{roles}}
		}
		reply, err := server.Serve(root, m)
		require.NoError(t, err)
		data, err := reply.Body.Bytes(1 << 20)
		require.NoError(t, err)
		require.NoError(t, reply.Close())
		return reply, string(data)
	}
	reply, text := ask("A", "1")
	require.Equal(t, 200, reply.Status, text)
	var answer struct {
		Trace record.Entry `json:"trace"`
		Reply struct {
			Status int            `json:"status"`
			JSON   map[string]any `json:"json"`
		} `json:"reply"`
	}
	require.NoError(t, json.Unmarshal([]byte(text), &answer))
	assert.Equal(t, 201, answer.Reply.Status)
	assert.Equal(t, map[string]any{"a": 1.0}, answer.Reply.JSON)
	require.Len(t, answer.Trace.Children, 3)
	assert.Equal(t, "/lib/bypass?token=[redacted]", answer.Trace.Children[0].Children[0].URL)
	assert.NotContains(t, text, "abc")

	reply, text = ask("A", "0")
	assert.Equal(t, 201, reply.Status)
	assert.JSONEq(t, `{"a":1}`, text)
	reply, text = ask("U", "1")
	assert.Equal(t, 403, reply.Status)
	assert.NotContains(t, text, "bypass")
	reply, _ = ask("", "1")
	assert.Equal(t, 401, reply.Status)
}

// TestTraceOverHTTPOpensOwnMountsAlone has a pipeline call one that somebody else
// manages.
func TestTraceOverHTTPOpensOwnMountsAlone(t *testing.T) {
	server := load(t, keyed(t)+`"services": [
		{"name": "lib", "basePath": "/lib", "service": "lib", "readRoles": "none"},
		{"name": "theirs", "basePath": "/theirs", "service": "pipeline", "readRoles": "none", "manageRoles": "B",
			"pipeline": ["GET /lib/bypass?of=theirs"]},
		{"name": "mine", "basePath": "/mine", "service": "pipeline", "readRoles": "all", "manageRoles": "A B",
			"pipeline": ["GET /theirs/x"], "prePipeline": ["/lib/set-status/200"], "postPipeline": ["/lib/bypass"]}]}`)
	for _, row := range []struct {
		roles  string
		inside int
	}{{"A", 0}, {"B", 1}} {
		root := bus.NewRoot(t.Context(), 0)
		defer root.End()
		reply, err := server.Serve(root, &bus.Message{Method: "GET", URL: urlpattern.URL{Path: []string{"mine"}},
			Header: bus.Header{{Name: "X-Restspace-Trace", Value: "1"}}, User: &bus.User{Email: "a@example.com", Roles: []string{row.roles}}})
		require.NoError(t, err)
		data, err := reply.Body.Bytes(1 << 20)
		require.NoError(t, err)
		var answer struct {
			Trace record.Entry `json:"trace"`
		}
		require.NoError(t, json.Unmarshal(data, &answer))
		all := answer.Trace.Children
		require.Len(t, all, 3, "%s", data)
		assert.Equal(t, []string{"prePipeline", "postPipeline"}, []string{all[0].Name, all[2].Name})
		assert.Equal(t, []string{"around", "step", "around"}, []string{all[0].Kind, all[1].Kind, all[2].Kind})
		assert.Equal(t, 200, all[2].Status)
		assert.Equal(t, "/lib/set-status/200", all[0].Children[0].Children[0].URL)
		call := all[1].Children[0]
		assert.Equal(t, "theirs", call.Service)
		assert.Len(t, call.Children, row.inside, row.roles)
		require.NoError(t, reply.Close())
	}
}

// TestTraceOverHTTPOfALargeReply shows the record alone.
func TestTraceOverHTTPOfALargeReply(t *testing.T) {
	server := load(t, keyed(t)+`"server": {"limits": {"maxBody": "1KiB"}}, "services": [
		{"name": "flow", "basePath": "/flow", "service": "pipeline", "readRoles": "all", "writeRoles": "all", "manageRoles": "all",
			"pipeline": [["/lib/bypass", "/lib/bypass"], "zip"]}]}`)
	root := bus.NewRoot(t.Context(), 0)
	defer root.End()
	reply, err := server.Serve(root, &bus.Message{Method: "POST", URL: urlpattern.URL{Path: []string{"flow"}}, Body: bus.NewBody(make([]byte, 1000), "image/png"),
		Header: bus.Header{{Name: "X-Restspace-Trace", Value: "1"}}, User: &bus.User{Email: "a@example.com"}})
	require.NoError(t, err)
	data, err := reply.Body.Bytes(1 << 20)
	require.NoError(t, err)
	require.NoError(t, reply.Close())
	assert.Equal(t, 200, reply.Status)
	assert.Contains(t, string(data), `"error":"the body is larger than the limit of 1024 bytes`)
	assert.Contains(t, string(data), `"/lib/bypass"`)
}

func TestDryRunOpensNoUpgrade(t *testing.T) {
	var asked atomic.Int64
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	defer other.Close()
	var writes atomic.Int64
	server := dryServer(t, keyed(t)+`"services": [
		{"name": "out", "basePath": "/out", "service": "proxy", "url": "`+other.URL+`", "readRoles": "all"},
		{"name": "docs", "basePath": "/docs", "service": "json", "adaptor": "memory", "readRoles": "all"}]}`, `1`, &writes)
	upgrade := []bus.Field{{Name: "Connection", Value: "Upgrade"}, {Name: "Upgrade", Value: "websocket"}}
	_, _, plans := dryAsk(t, server, "GET", "/out/x", "", upgrade...)
	assert.Equal(t, []string{"would GET " + other.URL + "/x"}, plans)
	assert.Zero(t, asked.Load())
	_, _, plans = dryAsk(t, server, "GET", "/docs/x.json", "", upgrade...)
	assert.Equal(t, []string{"would GET /docs/x.json"}, plans)
	dryAsk(t, server, "GET", "/out/x", "")
	assert.Equal(t, int64(1), asked.Load())
}

// load returns a server of all Kinds, which the network does not reach.
func load(t *testing.T, config string) *runtime.Runtime {
	server := runtime.New(runtime.Options{Services: servicelist.Registry(), Adaptors: adaptors.NewRegistry(memstore.Kind()), LogTo: io.Discard})
	t.Cleanup(func() { _ = server.Close(context.Background()) })
	require.NoError(t, server.Load(t.Context(), "services.json", []byte(config)))
	return server
}

// keysIn returns the part auth of a configuration whose keys go with the test.
func keysIn(t *testing.T) map[string]any {
	return map[string]any{"keyFile": filepath.Join(t.TempDir(), "auth.key")}
}

// keyed returns the beginning of such a configuration.
func keyed(t *testing.T) string {
	auth, err := json.Marshal(keysIn(t))
	require.NoError(t, err)
	return `{"auth": ` + string(auth) + `, `
}
