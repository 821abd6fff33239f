package documents_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/adaptors/memstore"
	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/services/documents"
	"github.com/seed90475182/restspace/urlpattern"
)

// fill stores documents that hold their own path.
func (c *client) fill(paths ...string) {
	c.t.Helper()
	for _, path := range paths {
		c.put("/"+path, fmt.Sprintf("{ %q:1}", path))
	}
}

func TestListings(t *testing.T) {
	rows := []struct{ query, want string }{
		{"/", `["a.json","b/","d.json"]`},
		{"", `["a.json","b/","d.json"]`},
		{"/b/", `["c/","x.json"]`},
		{"/?$list=all", `[".h/",".schema.json","a.json","b/","d.json"]`},
		{"/?$list=nodirs", `["a.json","d.json"]`},
		{"/?$list=all,nodirs", `[".schema.json","a.json","d.json"]`},
		{"/?$list=recursive", `["a.json","b/","b/c/","b/c/y.json","b/c/z.json","b/x.json","d.json"]`},
		{"/?$list=recursive,nodirs", `["a.json","b/c/y.json","b/c/z.json","b/x.json","d.json"]`},
		{"/b/?$list=recursive", `["c/","c/y.json","c/z.json","x.json"]`},
		{"/?$list=recursive,all,nodirs", `[".h/q.json",".schema.json","a.json","b/c/y.json","b/c/z.json","b/x.json","d.json"]`},
		{"/?$list=items", `{"a.json":{ "a":1},"d.json":{ "d":1}}`},
		{"/b/?$list=items,recursive", `{"c/y.json":{ "b/c/y":1},"c/z.json":{ "b/c/z":1},"x.json":{ "b/x":1}}`},
		{"/?$take=2", `["a.json","b/"]`},
		{"/?$skip=1&$take=1", `["b/"]`},
		{"/?$skip=9", `[]`},
		{"/?$after=a.json", `["b/","d.json"]`},
		{"/?$after=b/", `["d.json"]`},
		{"/?$after=b", `["b/","d.json"]`},
		{"/?$after=zzz", `[]`},
		{"/?$list=recursive&$after=b/", `["b/c/","b/c/y.json","b/c/z.json","b/x.json","d.json"]`},
		{"/?$list=recursive&$after=b/c/y.json", `["b/c/z.json","b/x.json","d.json"]`},
		{"/?$list=recursive&$after=b/c/zz", `["b/x.json","d.json"]`},
		{"/?$list=recursive&$after=gone/x.json", `[]`},
		{"/?$list=recursive&$after=.h/", `["a.json","b/","b/c/","b/c/y.json","b/c/z.json","b/x.json","d.json"]`},
	}
	onEachStore(t, true, func(t *testing.T, c *client) {
		c.fill("a", "b/x", "b/c/y", "b/c/z", "d", ".schema.json", ".h/q")
		for _, row := range rows {
			a := c.get(row.query)
			require.Equal(t, 200, a.status, "%s: %v", row.query, a.err)
			assert.Equal(t, row.want, a.body, row.query)
			assert.Equal(t, "inode/directory+json", a.mime)
			assert.False(t, a.header.Has("ETag"))
		}
		assert.Equal(t, 404, c.get("/nowhere/").status)
		assert.Equal(t, 404, c.get("/nowhere/?$after=x").status)
		assert.Equal(t, 404, c.get("/b").status, "no redirect: it is another document")
		assert.Equal(t, `[]`, c.get("/.h/?$after=zzz").body, "a directory that exists, after its end")
		assert.Equal(t, 200, c.get("/", "If-None-Match", "*").status)
	})
}

func TestListingsThatAreNotPossible(t *testing.T) {
	c := newClient(t, stores()["memory"](t), true)
	rows := []struct{ query, detail string }{
		{"$list=tar", `the flag "tar" is not supported: use details, items, summary, recursive, nodirs, all, zip`},
		{"$list=", `the flag "" is not supported`},
		{"$list=details,items", "write one of them"},
		{"$list=summary,items", "write one of them"},
		{"$list=summary", "the configuration of this service does not say which members they have: use items"},
		{"$list=summary&$top=1", "details, summary and zip are not for what is found"},
		{"$list=details&$list=all", `"$list" is there twice`},
		{"$take=0", "a number from 1 to 10000"},
		{"$take=10001", "a number from 1 to 10000"},
		{"$take=-1", "a number from 1 to 10000"},
		{"$take=x", `$take is "x"`},
		{"$skip=-1", "a number from 0 to"},
		{"$skip=99999999999", "a number from 0 to"},
		{"$after=", "write a name"},
		{"$after=/", "write a name"},
		{"$after=/a", "write a name"},
		{"$after=a/b", "add recursive"},
		{"$after=../../etc", "path, byte 0"},
		{"$list=recursive&$after=../x", "path, byte 0"},
		{"$after=%252e%252e", "path, byte 0"},
		{"$after=a%00", "path, byte 1"},
		{"cursor=../../etc", `"cursor" is not supported here: use $list, $take, $skip, $after`},
	}
	for _, row := range rows {
		a := c.get("/?" + row.query)
		if assert.Equal(t, 400, a.status, row.query) {
			assert.Contains(t, a.err.Detail, row.detail, row.query)
		}
	}
}

func TestDetails(t *testing.T) {
	onEachStore(t, true, func(t *testing.T, c *client) {
		tag := c.put("/d/x", `12`)
		var list []map[string]any
		a := c.get("/?$list=details,recursive")
		require.NoError(t, json.Unmarshal([]byte(a.body), &list))
		require.Len(t, list, 2)
		assert.Equal(t, map[string]any{"name": "d/"}, list[0])
		assert.Regexp(t, `^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$`, list[1]["modified"])
		delete(list[1], "modified")
		assert.Equal(t, map[string]any{"name": "d/x.json", "size": 2.0, "type": "application/json", "etag": strings.Trim(tag, `"`)}, list[1])
	})
}

func TestNamesInListingsFollowAURL(t *testing.T) {
	onEachStore(t, false, func(t *testing.T, c *client) {
		names := []string{"a b", "a%2Fb", "100%25", "q%3Fx%23y", "ü", `"`, "c%252Fd"}
		for _, name := range names {
			require.Equal(t, 201, c.do("PUT", "/d/"+name, stream(name, "")).status)
		}
		var list []string
		require.NoError(t, json.Unmarshal([]byte(c.get("/?$list=recursive,nodirs").body), &list))
		assert.Len(t, list, len(names))
		for _, name := range list {
			assert.Equal(t, 200, c.get("/"+name).status, name)
		}
		assert.Contains(t, list, "d/a b")
		assert.Contains(t, list, "d/a%2Fb")
		assert.Equal(t, list, c.pages("/?$list=recursive,nodirs&$take=1"))
	})
}

var next = regexp.MustCompile(`^<(/base[^>]*)>; rel="next"$`)

// pages follows the links from a listing, and returns the names on all pages.
func (c *client) pages(path string) []string {
	c.t.Helper()
	all := []string{}
	for n := 0; path != ""; n++ {
		require.Less(c.t, n, 1000)
		a := c.get(path)
		require.Equal(c.t, 200, a.status, "%s: %v", path, a.err)
		var page []string
		if a.body[0] == '{' {
			for _, m := range regexp.MustCompile(`"([^"]*)":\{`).FindAllStringSubmatch(a.body, -1) {
				page = append(page, m[1])
			}
		} else {
			require.NoError(c.t, json.Unmarshal([]byte(a.body), &page))
		}
		all = append(all, page...)
		path = ""
		if link := a.header.Get("Link"); link != "" {
			require.Regexp(c.t, next, link)
			path = strings.TrimPrefix(next.FindStringSubmatch(link)[1], "/base")
		}
	}
	return all
}

// TestPagesAreTheWhole draws trees, takes and users: all pages together are
// what one page shows.
func TestPagesAreTheWhole(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		c := newClient(t, stores()["memory"](t), true).summarized("name")
		segment := rapid.SampledFrom([]string{"a", "b", "a.json", "b-", "b%2Fa", ".c", "ä ö"})
		for _, path := range rapid.SliceOfN(rapid.SliceOfN(segment, 1, 4), 1, 20).Draw(r, "paths") {
			c.do("PUT", "/"+strings.Join(path, "/"), jsonBody(`{}`)) // one may be in the way of another
		}
		hidden := rapid.SampledFrom([]string{"", "a", "b", "a.json"}).Draw(r, "hidden")
		if hidden != "" {
			c.sees = func(path []string) bool { return !slices.Contains(path, hidden) }
		}
		flags := rapid.SampledFrom([]string{"recursive", "recursive,nodirs", "recursive,all", "nodirs", "all", "recursive,items", "recursive,summary"}).Draw(r, "flags")
		whole := c.pages("/?$list=" + flags)
		take := rapid.IntRange(1, 5).Draw(r, "take")
		assert.Equal(r, whole, c.pages(fmt.Sprintf("/?$list=%s&$take=%d", flags, take)))
		skip := rapid.IntRange(0, len(whole)).Draw(r, "skip")
		rest := c.pages(fmt.Sprintf("/?$list=%s&$take=%d&$skip=%d", flags, take, skip))
		assert.Equal(r, whole[skip:], rest, "skip %d", skip)
		if hidden != "" {
			for _, name := range whole {
				segments := strings.Split(name, "/")
				assert.NotContains(r, segments[:len(segments)-1], hidden)
			}
		}
	})
}

func TestListingsShowWhatMayBeRead(t *testing.T) {
	onEachStore(t, true, func(t *testing.T, c *client) {
		c.fill("a", "b", "private/x", "private/y", "z")
		var asked []string
		c.sees = func(path []string) bool {
			asked = append(asked, strings.Join(path, "/"))
			return path[0] != "private" && path[0] != "b.json"
		}
		assert.Equal(t, `["a.json","z.json"]`, c.get("/").body)
		assert.Contains(t, asked, "private/", "a directory's path ends in an empty segment")
		assert.Equal(t, `["a.json","z.json"]`, c.get("/?$list=recursive").body)
		assert.Equal(t, `{"a.json":{ "a":1},"z.json":{ "z":1}}`, c.get("/?$list=items,recursive").body)
		assert.Equal(t, `["z.json"]`, c.get("/?$list=recursive&$after=private/x.json").body, "nor with a cursor inside it")
		assert.Equal(t, `["a.json","z.json"]`, c.get("/?$take=2").body)
		assert.False(t, c.get("/?$take=2").header.Has("Link"))
		assert.Equal(t, `["z.json"]`, c.get("/?$skip=1").body, "what is not seen is not counted")
	})
}

func TestLinkKeepsTheQuery(t *testing.T) {
	c := newClient(t, stores()["memory"](t), true)
	c.fill("d e/a&b", "d e/c", "d e/d")
	assert.Equal(t, `</base/d%20e/?$list=all,nodirs&$take=1&$after=a%26b.json>; rel="next"`,
		c.get("/d%20e/?$list=all,nodirs&$skip=0&$take=1").header.Get("Link"))
	assert.False(t, c.get("/d%20e/?$take=3").header.Has("Link"), "the last page has no next")
}

func TestItemsOfFiles(t *testing.T) {
	onEachStore(t, false, func(t *testing.T, c *client) {
		for name, content := range map[string]string{"a.json": " [1.50]\n", "b.json": "{bad", "c.txt": "say \"hi\"\n", "d.txt": "\xff", "e.bin": "\x00\x01"} {
			require.Equal(t, 201, c.do("PUT", "/"+name, stream(content, "")).status)
		}
		assert.Equal(t, `{"a.json":[1.50],"b.json":"{bad","c.txt":"say \"hi\"\n","d.txt":"/w==","e.bin":"AAE="}`, c.get("/?$list=items").body)

		require.Equal(t, 201, c.do("PUT", "/f.bin", stream(strings.Repeat("x", maxBody+1), "")).status)
		a := c.get("/?$list=items")
		assert.Equal(t, 413, a.status)
		assert.Contains(t, a.err.Detail, "f.bin has 65537 bytes")
	})
}

func TestPagesOfItemsAreBounded(t *testing.T) {
	c := newClient(t, stores()["memory"](t), true)
	var names []string
	for i := range 12 {
		name := fmt.Sprintf("n%02d", i)
		c.put("/"+name, `{"x":"`+strings.Repeat("x", maxBody-8)+`"}`)
		names = append(names, name+".json")
	}
	a := c.get("/?$list=items")
	assert.LessOrEqual(t, len(a.body), 5*maxBody)
	assert.Contains(t, a.header.Get("Link"), "$after=n0")
	got := slices.DeleteFunc(c.pages("/?$list=items"), func(s string) bool { return s == "x" })
	assert.Equal(t, names, got)
}

func TestForeignFilesAreNoDocuments(t *testing.T) {
	onEachStore(t, false, func(t *testing.T, files *client) {
		files.do("PUT", "/README.md", stream("x", ""))
		files.do("PUT", "/a.json", stream("1", ""))
		c := &client{t: t, service: documents.New(documents.Config{Keep: files.keep, JSON: true, MaxBody: maxBody})}
		assert.Equal(t, `["a.json"]`, c.get("/").body)
	})
}

func FuzzListFlags(f *testing.F) {
	f.Add("$list=recursive,items&$take=3&$after=a/b.json")
	f.Add("$skip=1&$list=all,nodirs,details&$after=%2e%2e")
	f.Add("$after=%252F//")
	c := newClient(f, stores()["memory"](f), true)
	c.fill("a/b", "a/c", "d", ".e/f")
	f.Fuzz(func(t *testing.T, query string) {
		m := &bus.Message{Method: "GET", URL: urlpattern.URL{Path: []string{"base"}, Dir: true, Base: 1, Query: query}}
		reply, err := c.service.Serve(t.Context(), m)
		if err != nil {
			assert.Equal(t, 400, bus.Classify(err).Status, "%v", err)
			return
		}
		data, err := reply.Body.Bytes(1 << 20)
		require.NoError(t, err)
		assert.True(t, json.Valid(data), "%s", data)
	})
}

func TestPageOfLongNames(t *testing.T) {
	const documents, room = 2200, 16 << 20
	c := newClient(t, memstore.New(), false)
	dir := adaptors.Key(slices.Repeat([]string{strings.Repeat("d", 250)}, 32))
	for i := range documents {
		_, err := c.keep.Put(t.Context(), append(slices.Clone(dir), fmt.Sprint(i)), bus.NewBody(nil, ""), adaptors.Condition{})
		require.NoError(t, err)
	}
	names := make(map[string]bool)
	for next := "/?$list=recursive,nodirs"; next != ""; {
		a := c.get(next)
		require.Equal(t, 200, a.status)
		assert.LessOrEqual(t, len(a.body), room+1)
		var page []string
		require.NoError(t, json.Unmarshal([]byte(a.body), &page))
		for _, name := range page {
			names[name] = true
		}
		link, found := strings.CutPrefix(a.header.Get("Link"), "</base")
		next, _, _ = strings.Cut(link, ">")
		assert.Equal(t, found, len(names) < documents)
	}
	assert.Len(t, names, documents)
}
