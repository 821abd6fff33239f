package documents_test

import (
	"context"
	"errors"
	"io"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/bus"
)

// stream is a body of unknown size.
func stream(text, mediaType string) *bus.Body {
	return bus.NewStream(io.NopCloser(strings.NewReader(text)), -1, mediaType)
}

func TestWritesOfJSON(t *testing.T) {
	big := `"` + strings.Repeat("x", maxBody-2) + `"`
	typed := func(mediaType string) func() *bus.Body {
		return func() *bus.Body { return bus.NewBody([]byte(`1`), mediaType) }
	}
	streamed := func(text, mediaType string) func() *bus.Body {
		return func() *bus.Body { return stream(text, mediaType) }
	}
	whole := func(text string) func() *bus.Body { return func() *bus.Body { return jsonBody(text) } }
	none := func() *bus.Body { return nil }
	rows := []struct {
		name, path string
		body       func() *bus.Body
		status     int
	}{
		{"type with parameters", "/a", typed("Application/JSON; charset=UTF-8"), 201},
		{"+json", "/b", typed("application/ld+json"), 201},
		{"no type", "/c", typed(""), 201},
		{"a stream", "/d", streamed(`[1]`, "application/json"), 201},
		{"text", "/e", typed("text/plain"), 415},
		{"charset", "/e", typed("application/json; charset=utf-16"), 415},
		{"bad parameters", "/e", typed("application/json; charset"), 415},
		{"no body", "/e", none, 400},
		{"empty", "/e", whole(""), 400},
		{"empty stream", "/e", streamed("", "application/json"), 400},
		{"not JSON", "/e", whole("{"), 400},
		{"at the limit", "/f", whole(big), 201},
		{"over the limit", "/e", whole(big + " "), 413},
		{"stream over the limit", "/e", streamed(big+" ", ""), 413},
		{"query", "/e?$path=a", whole("1"), 400},
		{"other query", "/g?v=1", whole("1"), 201},
		{"below a document", "/a.json/x", whole("1"), 409},
		{"long name", "/" + strings.Repeat("x", 251), whole("1"), 400},
	}
	onEachStore(t, true, func(t *testing.T, c *client) {
		for _, row := range rows {
			a := c.do("PUT", row.path, row.body())
			assert.Equal(t, row.status, a.status, "%s: %v", row.name, a.err)
		}
		assert.Equal(t, 404, c.get("/e").status, "nothing of a refused body is stored")
		assert.Equal(t, 400, c.do("PUT", "/e", jsonBody("1"), "Content-Range", "bytes 0-0/1").status)
	})
}

func TestCallsFromInsideConvert(t *testing.T) {
	onEachStore(t, true, func(t *testing.T, c *client) {
		c.depth = 1
		assert.Equal(t, 201, c.do("PUT", "/text", bus.NewBody([]byte(`say "hi"`), "text/plain")).status)
		assert.Equal(t, `"say \"hi\""`, c.get("/text").body)
		assert.Equal(t, 201, c.do("PUT", "/bytes", bus.NewBody([]byte{0xff, 0}, "image/png")).status)
		assert.Equal(t, `"/wA="`, c.get("/bytes").body)
		assert.Equal(t, 400, c.do("PUT", "/bad", jsonBody("{")).status, "JSON is checked all the same")
	})
}

func TestPostOfDocuments(t *testing.T) {
	onEachStore(t, true, func(t *testing.T, c *client) {
		a := c.do("POST", "/x", jsonBody(" 1"))
		assert.Equal(t, []any{201, "/base/x", " 1", "application/json"}, []any{a.status, a.header.Get("Location"), a.body, a.mime})
		a = c.do("POST", "/x", jsonBody(" 2"))
		assert.Equal(t, []any{200, " 2"}, []any{a.status, a.body})
		assert.Equal(t, c.get("/x").header.Get("ETag"), a.header.Get("ETag"))

		a = c.do("POST", "/d/", jsonBody("3"))
		assert.Equal(t, 201, a.status)
		location := a.header.Get("Location")
		assert.Regexp(t, `^/base/d/[0-9A-Z]{26}\.json$`, location)
		b := c.get(strings.TrimPrefix(location, "/base"))
		assert.Equal(t, "3", b.body)
		assert.Equal(t, a.header.Get("ETag"), b.header.Get("ETag"))
		assert.Equal(t, 201, c.do("POST", "", jsonBody("4")).status)
		assert.Equal(t, 400, c.do("POST", "/d/", nil).status)
		assert.Equal(t, 400, c.do("POST", "/d/?$list=details", jsonBody("4")).status)
	})
}

func TestFiles(t *testing.T) {
	onEachStore(t, false, func(t *testing.T, c *client) {
		a := c.do("PUT", "/a.txt", stream("plain", "image/png"))
		assert.Equal(t, 201, a.status)
		a = c.get("/a.txt")
		assert.Equal(t, []any{200, "plain", "text/plain; charset=utf-8", "bytes"},
			[]any{a.status, a.body, a.mime, a.header.Get("Accept-Ranges")})
		a = c.do("POST", "/a.txt", stream("again", "text/plain"))
		assert.Equal(t, []any{200, "again"}, []any{a.status, a.body})
		assert.Equal(t, 404, c.get("/a.txt.json").status)
		assert.Equal(t, 400, c.do("PUT", "/e.txt", stream("", "text/plain")).status)
		assert.Equal(t, 400, c.do("PUT", "/e.txt", nil).status)
		assert.Equal(t, 413, c.do("PUT", "/e.txt", stream(strings.Repeat("x", 4*maxBody+1), "")).status)
		assert.Equal(t, 404, c.get("/e.txt").status)
		assert.Equal(t, 400, c.get("/a.txt?$path=a").status)

		patched := c.do("PATCH", "/a.txt", jsonBody("{}"))
		assert.Equal(t, 405, patched.status)
		assert.Equal(t, "DELETE, GET, HEAD, OPTIONS, POST, PUT", patched.header.Get("Allow"))

		for mediaType, extension := range map[string]string{
			"text/plain; charset=utf-8": ".txt", "image/png": ".png", "text/markdown": ".md", "image/svg+xml": ".svg",
			"application/json": ".json", "text/css": ".css", "unknown/unknown": "", "": "",
		} {
			a := c.do("POST", "/d/", bus.NewBody([]byte("x"), mediaType))
			assert.Regexp(t, `^/base/d/[0-9A-Z]{26}`+strings.ReplaceAll(extension, ".", `\.`)+`$`, a.header.Get("Location"), mediaType)
		}
	})
}

func TestMethodsOfPlaces(t *testing.T) {
	c := newClient(t, stores()["memory"](t), true)
	for _, path := range []string{"/", "", "/d/"} {
		a := c.do("PUT", path, jsonBody("1"))
		assert.Equal(t, 405, a.status, path)
		assert.Equal(t, "DELETE, GET, HEAD, OPTIONS, POST", a.header.Get("Allow"))
	}
	a := c.do("TRACE", "/x", nil)
	assert.Equal(t, "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT", a.header.Get("Allow"))
}

func TestDeleteOfDirectories(t *testing.T) {
	onEachStore(t, true, func(t *testing.T, c *client) {
		for _, name := range []string{"/d/a", "/d/.hidden", "/d/e/f/g", "/x"} {
			c.put(name, "1")
		}
		a := c.do("DELETE", "/d/", nil)
		assert.Equal(t, 409, a.status)
		assert.Contains(t, a.err.Detail, "?$recursive=true")
		assert.Equal(t, 409, c.do("DELETE", "/", nil).status)
		assert.Equal(t, 404, c.do("DELETE", "/nowhere/", nil).status)
		assert.Equal(t, 404, c.do("DELETE", "/nowhere/?$recursive=true", nil).status)
		assert.Equal(t, 404, c.do("DELETE", "/d", nil).status, "without its slash it is a document")
		assert.Equal(t, 400, c.do("DELETE", "/d/?$recursive=yes", nil).status)
		assert.Equal(t, 400, c.do("DELETE", "/x?$recursive=true", nil).status)

		assert.Equal(t, 204, c.do("DELETE", "/d/?$recursive=true", nil).status)
		assert.Equal(t, 404, c.get("/d/?$list=all").status)
		assert.Equal(t, `["x.json"]`, c.get("/").body)
		assert.Equal(t, 204, c.do("DELETE", "?$recursive=true", nil).status)
		assert.Equal(t, 204, c.do("DELETE", "/?$recursive=true", nil).status)
		assert.Equal(t, `[]`, c.get("/").body)
	})
}

func TestDeleteLeavesWhatIsNotSeen(t *testing.T) {
	onEachStore(t, true, func(t *testing.T, c *client) {
		for _, name := range []string{"/d/a", "/d/secret/b", "/d/z"} {
			c.put(name, "1")
		}
		c.sees = func(path []string) bool { return len(path) < 2 || path[1] != "secret" }
		assert.Equal(t, 403, c.do("DELETE", "/d/?$recursive=true", nil).status)
		c.sees = nil
		assert.Equal(t, `["secret/b.json"]`, c.get("/d/?$list=recursive,nodirs").body)
	})
}

func TestConditionsOfWrites(t *testing.T) {
	onEachStore(t, true, func(t *testing.T, c *client) {
		assert.Equal(t, 412, c.do("PUT", "/x", jsonBody("1"), "If-Match", "*").status)
		assert.Equal(t, 412, c.do("PUT", "/x", jsonBody("1"), "If-Unmodified-Since", "Sun, 06 Nov 2094 08:49:37 GMT").status)
		assert.Equal(t, 404, c.get("/x").status)
		assert.Equal(t, 201, c.do("PUT", "/x", jsonBody("1"), "If-None-Match", "*").status)
		assert.Equal(t, 412, c.do("PUT", "/x", jsonBody("2"), "If-None-Match", "*").status)
		assert.Equal(t, "1", c.get("/x").body)
		tag := c.get("/x").header.Get("ETag")

		for _, method := range []string{"PUT", "POST", "PATCH", "DELETE"} {
			body := func() *bus.Body { return jsonBody("2") }
			assert.Equal(t, 412, c.do(method, "/x", body(), "If-Match", `"stale"`).status, method)
			assert.Equal(t, 412, c.do(method, "/x", body(), "If-Match", "W/"+tag).status, method)
			assert.Equal(t, 412, c.do(method, "/x", body(), "If-None-Match", tag).status, method)
			assert.Equal(t, 412, c.do(method, "/x", body(), "If-Unmodified-Since", "Sun, 06 Nov 1994 08:49:37 GMT").status, method)
			assert.Equal(t, 400, c.do(method, "/x", body(), "If-Match", `abc`).status, method)
		}
		assert.Equal(t, "1", c.get("/x").body)
		a := c.do("PUT", "/x", jsonBody("2"), "If-Match", `"other", `+tag)
		assert.Equal(t, 200, a.status)
		assert.Equal(t, 412, c.do("DELETE", "/x", nil, "If-Match", tag).status)
		assert.Equal(t, 404, c.do("DELETE", "/nothing", nil, "If-Match", tag).status)
		assert.Equal(t, 204, c.do("DELETE", "/x", nil, "If-Match", a.header.Get("ETag")).status)
	})
}

func TestOneWinnerOfEachETag(t *testing.T) {
	onEachStore(t, true, func(t *testing.T, c *client) {
		c.put("/n", "0")
		var won atomic.Int64
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				for range 25 {
					a := c.get("/n")
					n, _ := strconv.Atoi(a.body)
					if c.do("PUT", "/n", jsonBody(strconv.Itoa(n+1)), "If-Match", a.header.Get("ETag")).status == 200 {
						won.Add(1)
					}
				}
			})
		}
		all.Wait()
		assert.Equal(t, strconv.FormatInt(won.Load(), 10), c.get("/n").body)
		assert.Positive(t, won.Load())
	})
}

func TestStoresThatCanOnlyBeRead(t *testing.T) {
	c := newClient(t, readOnly{stores()["memory"](t)}, true)
	assert.Equal(t, 403, c.do("PUT", "/x", jsonBody("1")).status)
}

// readOnly is a store that can't be written to.
type readOnly struct{ adaptors.Store }

func (readOnly) Put(_ context.Context, _ adaptors.Key, b *bus.Body, _ adaptors.Condition) (adaptors.Info, error) {
	return adaptors.Info{}, errors.Join(adaptors.ErrReadOnly, b.Close())
}
