package documents_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/adaptors/filestore"
	"github.com/seed90475182/restspace/adaptors/memstore"
	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/bus/bustest"
	"github.com/seed90475182/restspace/services/documents"
	"github.com/seed90475182/restspace/urlpattern"
)

const maxBody = 64 << 10

// client calls one service of documents as the runtime would, at base path
// /base.
type client struct {
	t       testing.TB
	service bus.Service
	keep    *adaptors.Keep
	sees    func([]string) bool
	depth   int
}

// answer is a reply, or what an error makes of it.
type answer struct {
	status int
	header bus.Header
	body   string
	mime   string
	err    *bus.Error
}

// onEachStore runs a test of JSON documents, or of files, on each built-in
// store.
func onEachStore(t *testing.T, json bool, test func(t *testing.T, c *client)) {
	for name, open := range stores() {
		t.Run(name, func(t *testing.T) {
			c := newClient(t, open(t), json)
			c.service = bustest.Frozen(t, c.service)
			test(t, c)
		})
	}
}

func stores() map[string]func(testing.TB) adaptors.Store {
	return map[string]func(testing.TB) adaptors.Store{
		"memory": func(testing.TB) adaptors.Store { return memstore.New() },
		"file": func(t testing.TB) adaptors.Store {
			s, err := filestore.Open(filestore.Config{Root: t.TempDir(), Durability: filestore.None}, adaptors.Env{})
			require.NoError(t, err)
			t.Cleanup(func() { _ = s.Close() })
			return s
		},
	}
}

func newClient(t testing.TB, store adaptors.Store, json bool) *client {
	keep := adaptors.NewKeep(store, 4*maxBody)
	return &client{t: t, keep: keep, service: documents.New(documents.Config{
		Keep: keep, JSON: json, MaxBody: maxBody,
	})}
}

// summarized has summaries of documents in another service of the same store.
func (c *client) summarized(members ...string) *client {
	summary, err := documents.ParseSummary(members, "")
	require.NoError(c.t, err)
	other := *c
	other.service = documents.New(documents.Config{Keep: c.keep, JSON: true, MaxBody: maxBody, Summary: summary})
	return &other
}

// do sends a request for a path below the base. header is names and values.
func (c *client) do(method, path string, body *bus.Body, header ...string) answer {
	c.t.Helper()
	u, err := urlpattern.ParseURL("/base" + path)
	require.NoError(c.t, err)
	u.Base = 1
	m := &bus.Message{Method: method, URL: u, Body: body, Sees: c.sees, Depth: c.depth}
	for i := 0; i < len(header); i += 2 {
		m.Header.Add(header[i], header[i+1])
	}
	reply, err := c.service.Serve(c.t.Context(), m)
	if err != nil {
		require.Nil(c.t, reply)
		known := bus.Classify(err)
		return answer{status: known.Status, header: known.Header, err: known}
	}
	data, err := reply.Body.Bytes(1 << 30)
	require.NoError(c.t, err)
	text := string(data) // which may be the request's own until the reply is closed
	require.NoError(c.t, reply.Close())
	return answer{status: reply.Status, header: reply.Header, body: text, mime: reply.Body.MediaType()}
}

func (c *client) get(path string, header ...string) answer {
	c.t.Helper()
	return c.do(http.MethodGet, path, nil, header...)
}

// put stores a JSON text, which must succeed, and returns its ETag.
func (c *client) put(path, text string) string {
	c.t.Helper()
	a := c.do(http.MethodPut, path, jsonBody(text))
	require.Less(c.t, a.status, 300, "put %s: %v", path, a.err)
	return a.header.Get("ETag")
}

func jsonBody(text string) *bus.Body { return bus.NewBody([]byte(text), "application/json") }

func TestDocumentsLive(t *testing.T) {
	onEachStore(t, true, func(t *testing.T, c *client) {
		a := c.do("PUT", "/a%20b/hello", jsonBody(` {"n": 1.10} `))
		assert.Equal(t, 201, a.status)
		assert.Equal(t, "/base/a%20b/hello", a.header.Get("Location"))
		assert.Empty(t, a.body)
		tag := a.header.Get("ETag")
		assert.Regexp(t, `^"[^"]+"$`, tag)

		for _, name := range []string{"/a%20b/hello", "/a%20b/hello.json"} {
			a = c.get(name)
			assert.Equal(t, 200, a.status)
			assert.Equal(t, ` {"n": 1.10} `, a.body, "the client's own bytes")
			assert.Equal(t, "application/json", a.mime)
			assert.Equal(t, tag, a.header.Get("ETag"))
			assert.Regexp(t, ` GMT$`, a.header.Get("Last-Modified"))
		}
		a = c.do("PUT", "/a%20b/hello.json", jsonBody(`2`))
		assert.Equal(t, 200, a.status)
		assert.NotEqual(t, tag, a.header.Get("ETag"))
		assert.False(t, a.header.Has("Location"))
		assert.Equal(t, "2", c.get("/a%20b/hello").body)
		assert.Equal(t, `["a b/"]`, c.get("/").body)
		assert.Equal(t, `["hello.json"]`, c.get("/a%20b/").body)

		assert.Equal(t, 204, c.do("DELETE", "/a%20b/hello", nil).status)
		assert.Equal(t, 404, c.do("DELETE", "/a%20b/hello", nil).status)
		assert.Equal(t, 404, c.get("/a%20b/hello").status)
		assert.Equal(t, 404, c.get("/a%20b/").status, "a directory is gone with its last document")
		assert.Equal(t, `[]`, c.get("/").body, "the root always exists")
		assert.Equal(t, `[]`, c.get("").body)
	})
}
