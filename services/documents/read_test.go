package documents_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestConditionalGet(t *testing.T) {
	onEachStore(t, true, func(t *testing.T, c *client) {
		tag := c.put("/x", `"0123456789"`)
		changed := c.get("/x").header.Get("Last-Modified")
		for _, header := range [][]string{
			{"If-None-Match", tag},
			{"If-None-Match", `"other", W/` + tag},
			{"If-None-Match", "*"},
			{"If-Modified-Since", changed},
			{"If-None-Match", tag, "Range", "bytes=0-1"},
		} {
			a := c.get("/x", header...)
			assert.Equal(t, []any{304, "", tag}, []any{a.status, a.body, a.header.Get("ETag")}, "%q", header)
		}
		for _, header := range [][]string{
			{"If-None-Match", `"other"`},
			{"If-None-Match", `"other"`, "If-Modified-Since", changed},
			{"If-Modified-Since", "Sun, 06 Nov 1994 08:49:37 GMT"},
			{"If-Modified-Since", "yesterday"},
			{"If-Match", tag},
			{"If-Match", "*", "If-Unmodified-Since", "Sun, 06 Nov 1994 08:49:37 GMT"},
			{"If-Unmodified-Since", changed},
		} {
			a := c.get("/x", header...)
			assert.Equal(t, []any{200, `"0123456789"`}, []any{a.status, a.body}, "%q", header)
		}
		for _, header := range [][]string{
			{"If-Match", `"other"`},
			{"If-Match", "W/" + tag},
			{"If-Unmodified-Since", "Sun, 06 Nov 1994 08:49:37 GMT"},
			{"If-Match", `"other"`, "If-None-Match", tag},
			{"If-Match", `"other"`, "Range", "bytes=99-"},
		} {
			assert.Equal(t, 412, c.get("/x", header...).status, "%q", header)
		}
		assert.Equal(t, 400, c.get("/x", "If-None-Match", "abc").status)
		assert.Equal(t, 404, c.get("/nothing", "If-Match", tag).status, "RFC 9110 section 13.2.1")
		assert.Equal(t, 404, c.get("/nothing", "If-None-Match", "*").status)
		assert.Equal(t, 400, c.get("/x?$filter=a").status)
		assert.Equal(t, 200, c.get("/x?v=7").status)
	})
}

func TestRanges(t *testing.T) {
	onEachStore(t, false, func(t *testing.T, c *client) {
		tag := c.do("PUT", "/x.txt", stream("0123456789", "text/plain")).header.Get("ETag")
		rows := []struct {
			field, ifRange     string
			status             int
			body, contentRange string
		}{
			{"bytes=0-0", "", 206, "0", "bytes 0-0/10"},
			{"bytes=2-4", "", 206, "234", "bytes 2-4/10"},
			{"bytes=7-", "", 206, "789", "bytes 7-9/10"},
			{"bytes=-3", "", 206, "789", "bytes 7-9/10"},
			{"bytes=-99", "", 206, "0123456789", "bytes 0-9/10"},
			{"bytes=5-99", "", 206, "56789", "bytes 5-9/10"},
			{"bytes=10-", "", 416, "", "bytes */10"},
			{"bytes=-0", "", 416, "", "bytes */10"},
			{"bytes=0-1,4-5", "", 200, "0123456789", ""},
			{"bytes=4-2", "", 200, "0123456789", ""},
			{"words=1-2", "", 200, "0123456789", ""},
			{"bytes=2-4", tag, 206, "234", "bytes 2-4/10"},
			{"bytes=2-4", `"old"`, 200, "0123456789", ""},
			{"bytes=2-4", "W/" + tag, 200, "0123456789", ""},
			{"bytes=10-", `"old"`, 200, "0123456789", ""},
			{"bytes=2-4", time.Now().Add(-time.Hour).UTC().Format(http.TimeFormat), 200, "0123456789", ""},
		}
		for _, row := range rows {
			header := []string{"Range", row.field}
			if row.ifRange != "" {
				header = append(header, "If-Range", row.ifRange)
			}
			a := c.get("/x.txt", header...)
			assert.Equal(t, row.status, a.status, "%v", row)
			assert.Equal(t, row.body, a.body, "%v", row)
			assert.Equal(t, row.contentRange, a.header.Get("Content-Range"), "%v", row)
			if a.err == nil {
				assert.Equal(t, tag, a.header.Get("ETag"))
				assert.Equal(t, "text/plain; charset=utf-8", a.mime)
			}
		}
		assert.Equal(t, 304, c.get("/x.txt", "Range", "bytes=10-", "If-None-Match", tag).status)
	})
}

func TestFragments(t *testing.T) {
	onEachStore(t, true, func(t *testing.T, c *client) {
		tag := c.put("/x", `{"a": {"b": [1, {"c": 1.50}]}}`)
		a := c.get("/x?$path=a.b%5B1%5D")
		assert.Equal(t, []any{200, `{"c": 1.50}`, "application/json"}, []any{a.status, a.body, a.mime})
		assert.False(t, a.header.Has("ETag"))
		assert.Equal(t, "1.50", c.get("/x?$path=a.b%5B1%5D.c", "If-None-Match", tag).body, "the ETag is the whole document's")

		missing := c.get("/x?$path=a.z")
		assert.Equal(t, 404, missing.status)
		assert.Contains(t, missing.err.Detail, "a.z")
		bad := c.get("/x?$path=a%5B")
		assert.Equal(t, 400, bad.status)
		assert.Regexp(t, `^\$path: .*\d`, bad.err.Detail)
		for path, detail := range map[string]string{
			"$this":      "$this is for conditions in brackets",
			"$this.a":    "$this is for conditions in brackets",
			"":           "$path is empty",
			"a&$path=a":  `"$path" is there twice`,
			"a&$path=%5": `"$path" is there twice`,
		} {
			a := c.get("/x?$path=" + path)
			assert.Equal(t, 400, a.status, path)
			assert.Contains(t, a.err.Detail, detail)
		}
		assert.Equal(t, 404, c.get("/nothing?$path=a").status)
		assert.Equal(t, 400, c.get("/x?$path=a&$select=b").status)
	})
}

func TestThereIsNoWayOutOfTheStore(t *testing.T) {
	onEachStore(t, false, func(t *testing.T, c *client) {
		for _, path := range []string{"/a%2Fb", "/.hidden", "/%25.txt", "/x."} {
			assert.Equal(t, 201, c.do("PUT", path, stream("x", "")).status, path)
			assert.Equal(t, "x", c.get(path).body, path)
		}
		assert.Equal(t, 404, c.get("/a/b").status, "an encoded slash separates nothing")
	})
}
