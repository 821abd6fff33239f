package static_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/adaptors/memstore"
	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/services"
	"github.com/seed90475182/restspace/services/static"
	"github.com/seed90475182/restspace/urlpattern"
)

const app, br, zst, gz = "app.3f2a91bc.js", "app.3f2a91bc.js.br", "app.3f2a91bc.js.zst", "app.3f2a91bc.js.gz"

// site is a mount of the Kind at /site whose files hold their own names.
type site struct {
	t       *testing.T
	service bus.Service
	user    *bus.User
}

func newSite(t *testing.T, config string, files ...adaptors.Key) *site {
	kind := static.Kind()
	c := kind.Config()
	require.NoError(t, json.Unmarshal([]byte(config), c))
	keep := adaptors.NewKeep(memstore.New(), 0)
	for _, key := range files {
		_, err := keep.Put(t.Context(), key, bus.NewBody([]byte(key.String()), ""), adaptors.Condition{})
		require.NoError(t, err)
	}
	service, err := kind.New(t.Context(), services.Env{
		Config: c, Adaptors: map[string]any{"adaptor": keep}, Limits: services.Limits{Body: 1 << 20, File: 1 << 20}, Log: slog.New(slog.DiscardHandler),
	})
	require.NoError(t, err)
	return &site{t: t, service: service}
}

// get returns the status, the body, and the header of a GET.
func (s *site) get(path string, header ...string) (status int, body string, h bus.Header) {
	s.t.Helper()
	u, err := urlpattern.ParseURL("/site" + path)
	require.NoError(s.t, err)
	u.Base = 1
	m := &bus.Message{Method: "GET", URL: u, User: s.user}
	for i := 0; i < len(header); i += 2 {
		m.Header.Add(header[i], header[i+1])
	}
	reply, err := s.service.Serve(s.t.Context(), m)
	if err != nil {
		known := bus.Classify(err)
		return known.Status, "", known.Header
	}
	if t := reply.Body.MediaType(); t != "" {
		reply.Header.Add("Content-Type", t)
	}
	data, err := reply.Body.Bytes(1 << 20)
	require.NoError(s.t, err)
	return reply.Status, string(data), reply.Header
}

func TestPages(t *testing.T) {
	s := newSite(t, `{}`, adaptors.Key{"index.html"}, adaptors.Key{"docs", "index.html"}, adaptors.Key{"docs", "a.png"}, adaptors.Key{"empty", "a.txt"})
	rows := []struct {
		path   string
		status int
		body   string
	}{
		{"/", 200, "index.html"},
		{"", 308, "/site/"},
		{"/docs/", 200, "docs/index.html"},
		{"/docs", 308, "/site/docs/"},
		{"/docs?a=1&b", 308, "/site/docs/?a=1&b"},
		{"/docs/a.png", 200, "docs/a.png"},
		{"/docs/a.png/", 404, ""},
		{"/empty/", 404, ""},
		{"/empty", 404, ""},
		{"/nowhere", 404, ""},
		{"/nowhere/", 404, ""},
	}
	for _, row := range rows {
		status, body, h := s.get(row.path, "Accept", "text/html")
		assert.Equal(t, row.status, status, row.path)
		if status == 308 {
			body = h.Get("Location")
		}
		assert.Equal(t, row.body, body, row.path)
	}
	_, _, h := s.get("/")
	assert.Equal(t, "text/html; charset=utf-8", h.Get("Content-Type"))
	assert.False(t, h.Has("Cache-Control"))

	tag := h.Get("ETag")
	status, _, _ := s.get("/", "If-None-Match", tag)
	assert.Equal(t, 304, status)
	status, body, h := s.get("/docs/a.png", "Range", "bytes=0-3")
	assert.Equal(t, []any{206, "docs", "bytes 0-3/10"}, []any{status, body, h.Get("Content-Range")})
	assert.False(t, h.Has("Vary"))
}

func TestOnlyReading(t *testing.T) {
	s := newSite(t, `{}`, adaptors.Key{"index.html"})
	for _, method := range []string{"PUT", "POST", "PATCH", "DELETE"} {
		_, err := s.service.Serve(t.Context(), &bus.Message{Method: method, URL: urlpattern.URL{Dir: true}, Body: bus.NewBody([]byte("x"), "")})
		assert.Equal(t, 405, bus.Classify(err).Status)
		assert.Equal(t, "GET, HEAD, OPTIONS", bus.Classify(err).Header.Get("Allow"))
	}
}

func TestMissingPagesOfAnApp(t *testing.T) {
	s := newSite(t, `{"defaultResource": "app.json", "divertMissingToDefault": true}`, adaptors.Key{"app.json"}, adaptors.Key{"docs", "app.json"})
	rows := []struct {
		path, accept string
		status       int
	}{
		{"/", "", 200},
		{"/users/7", "", 200},
		{"/users/7", "*/*", 200},
		{"/users/7", "text/html,*/*;q=0.8", 200},
		{"/users/7/", "text/html", 200},
		{"/users/ann.smith", "text/html", 200},
		{"/users/7", "application/json", 404},
		{"/logo.png", "image/avif,image/*", 404},
		{"/logo.png", "*/*", 404},
		{"/app.js", "", 404},
	}
	for _, row := range rows {
		status, body, h := s.get(row.path, "Accept", row.accept)
		assert.Equal(t, row.status, status, "%v", row)
		if status == 200 {
			assert.Equal(t, "app.json", body)
			varies := slices.Contains(slices.Collect(h.Values("Vary")), "Accept")
			assert.Equal(t, row.path != "/", varies, "%v", row)
		}
	}
	status, _, h := s.get("/docs", "Accept", "text/html")
	assert.Equal(t, []any{308, "/site/docs/"}, []any{status, h.Get("Location")}, "a directory that is there goes first")
	status, _, _ = newSite(t, `{"divertMissingToDefault": true}`).get("/", "Accept", "text/html")
	assert.Equal(t, 404, status, "there is no default")
}

func TestCompressedSiblings(t *testing.T) {
	s := newSite(t, `{}`, adaptors.Key{app}, adaptors.Key{br}, adaptors.Key{zst}, adaptors.Key{gz}, adaptors.Key{"x.css"}, adaptors.Key{"x.css.gz"}, adaptors.Key{"x.png"}, adaptors.Key{"x.png.gz"})
	rows := []struct{ path, accept, body, coding string }{
		{"/" + app, "", app, ""},
		{"/" + app, "gzip, deflate, br, zstd", br, "br"},
		{"/" + app, "gzip, zstd", zst, "zstd"},
		{"/" + app, "gzip;q=1.0, br;q=0.5", gz, "gzip"},
		{"/" + app, "x-gzip", gz, "gzip"},
		{"/" + app, "*", br, "br"},
		{"/" + app, "*, br;q=0", zst, "zstd"},
		{"/" + app, "br;q=0", app, ""},
		{"/" + app, "br;q=2", app, ""},
		{"/" + app, "identity", app, ""},
		{"/x.css", "br, gzip", "x.css.gz", "gzip"},
		{"/x.png", "gzip", "x.png", ""},
	}
	tags := map[string]bool{}
	for _, row := range rows {
		status, body, h := s.get(row.path, "Accept-Encoding", row.accept)
		assert.Equal(t, []any{200, row.body, row.coding}, []any{status, body, h.Get("Content-Encoding")}, "%v", row)
		if row.path == "/"+app {
			assert.Equal(t, "text/javascript; charset=utf-8", h.Get("Content-Type"))
			assert.Equal(t, "Accept-Encoding", h.Get("Vary"))
			assert.Equal(t, "public, max-age=31536000, immutable", h.Get("Cache-Control"))
			tags[h.Get("ETag")] = true
			status, body, h = s.get(row.path, "Accept-Encoding", row.accept, "If-None-Match", h.Get("ETag"))
			assert.Equal(t, []any{304, "", "Accept-Encoding"}, []any{status, body, h.Get("Vary")})
		}
	}
	assert.Len(t, tags, 4, "each variant has an ETag of its own")
	s.user = &bus.User{}
	_, _, h := s.get("/" + app)
	assert.Equal(t, "private, max-age=31536000, immutable", h.Get("Cache-Control"))
}

func TestImmutableNames(t *testing.T) {
	for name, want := range map[string]bool{
		"app.3f2a91bc.js": true, "app-abc12345.css": true, "index-B7xK2m9Q.js": true, "chunk_0a1b2c3d4e5f.mjs": true, "img.d41d8cd98f00b204.png": true,
		"app.js": false, "app-settings.js": false, "jquery-3.7.1.min.js": false, "report-20240115.pdf": false, "app-version2.js": false,
		"vendor-html5shiv.js": false, "lib-base64url.js": false, "3f2a91bc.js": false, "app.3f2a91b.js": false, "a-deadbeef.js": false, "app.3f2a91bc": false,
	} {
		s := newSite(t, `{}`, adaptors.Key{name})
		_, _, h := s.get("/" + name)
		assert.Equal(t, want, h.Has("Cache-Control"), name)
	}
}

func TestConfigCheck(t *testing.T) {
	for name, good := range map[string]bool{"": true, "home.html": true, "a/b": false, "..": false, "/x/": false} {
		c := static.Config{DefaultResource: name}
		assert.Equal(t, good, c.Check() == nil, "%q: %v", name, fmt.Sprint(c.Check()))
	}
}
