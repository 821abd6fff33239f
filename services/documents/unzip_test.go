package documents_test

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/adaptors/memstore"
	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/services/documents"
)

// file is an entry of a zip as a test has it: what change does to its header
// makes of it what no zip program would.
type file struct {
	name, content string
	change        func(h *zip.FileHeader)
}

func zipOf(t testing.TB, files ...file) []byte {
	t.Helper()
	var archive bytes.Buffer
	w := zip.NewWriter(&archive)
	for _, f := range files {
		h := zip.FileHeader{Name: f.name, Method: zip.Deflate}
		if f.change == nil {
			to, err := w.CreateHeader(&h)
			require.NoError(t, err)
			_, err = io.WriteString(to, f.content)
			require.NoError(t, err)
			continue
		}
		h.Method = zip.Store
		h.CRC32 = crc32.ChecksumIEEE([]byte(f.content))
		h.CompressedSize64, h.UncompressedSize64 = uint64(len(f.content)), uint64(len(f.content))
		f.change(&h)
		to, err := w.CreateRaw(&h)
		require.NoError(t, err)
		_, err = io.WriteString(to, f.content)
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return archive.Bytes()
}

func mode(m fs.FileMode) func(*zip.FileHeader) {
	return func(h *zip.FileHeader) { h.SetMode(m) }
}

const maxFile = 2 * maxBody

// newUnzipper is newClient with directories that have PUT.
func newUnzipper(t testing.TB, store adaptors.Store, json bool) *client {
	c := newClient(t, store, json)
	c.service = documents.New(documents.Config{Keep: c.keep, JSON: json, MaxBody: maxBody, MaxFile: maxFile})
	return c
}

func (c *client) unzip(path string, archive []byte, header ...string) answer {
	c.t.Helper()
	return c.do(http.MethodPut, path, bus.NewBody(archive, "application/zip"), header...)
}

func TestUnzip(t *testing.T) {
	for name, open := range stores() {
		t.Run(name, func(t *testing.T) {
			c := newUnzipper(t, open(t), true)
			c.put("/in/a", `"old"`)
			archive := zipOf(t, file{name: "a.json", content: `"new"`}, file{name: "b", content: `[1.10]`},
				file{name: "sub/", change: mode(fs.ModeDir | 0o755)}, file{name: "sub/50% é.json", content: `{"x":1}`}, file{name: ".h/.x.json", content: `1`})
			a := c.unzip("/in/", archive)
			require.Equal(t, 200, a.status, a.err)
			assert.Equal(t, `{"created":3,"replaced":1}`, a.body)
			assert.Equal(t, "application/json", a.mime)
			assert.Equal(t, `[".h/",".h/.x.json","a.json","b.json","sub/","sub/50%25 é.json"]`, c.get("/in/?$list=recursive,all").body)
			assert.Equal(t, `"new"`, c.get("/in/a").body)
			assert.Equal(t, `[1.10]`, c.get("/in/b").body)

			a = c.unzip("/in/", archive)
			assert.Equal(t, `{"created":0,"replaced":4}`, a.body, "again")
			again := c.get("/in/?$list=zip,recursive,all").body
			assert.Equal(t, `{"created":4,"replaced":0}`, c.unzip("/copy/", []byte(again)).body, "what came out goes in")
			assert.Equal(t, c.get("/in/?$list=items,recursive,all").body, c.get("/copy/?$list=items,recursive,all").body)
			assert.Equal(t, `{"created":4,"replaced":0}`, c.unzip("", []byte(again)).body, "into the root")
		})
	}
}

func TestUnzipFiles(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	c := newUnzipper(t, memstore.New(), false)
	archive := zipOf(t, file{name: "a.bin", content: strings.Repeat("restspace", 9000)}, file{name: "empty.txt"})
	for _, body := range []*bus.Body{
		bus.NewBody(archive, "application/x-zip-compressed"),
		bus.NewStream(io.NopCloser(bytes.NewReader(archive)), -1, "Application/Zip; x=y"),
	} {
		require.Equal(t, 200, c.do("PUT", "/in/", body).status)
		assert.Len(t, c.get("/in/a.bin").body, 81000)
		assert.Equal(t, 200, c.get("/in/empty.txt").status)
		require.Equal(t, 204, c.do("DELETE", "/in/?$recursive=true", nil).status)
	}
	left, err := filepath.Glob(filepath.Join(os.TempDir(), "*"))
	require.NoError(t, err)
	assert.Empty(t, left)
}

// TestUnzipRefuses holds that nothing is stored where one entry can't be.
func TestUnzipRefuses(t *testing.T) {
	good := file{name: "good.json", content: "1"}
	lie := func(size uint64) func(*zip.FileHeader) {
		return func(h *zip.FileHeader) { h.UncompressedSize64 = size }
	}
	many := make([]file, 70)
	for i := range many {
		many[i] = file{name: fmt.Sprintf("%d.json", i), content: `"` + strings.Repeat("x", 1<<14) + `"`}
	}
	deep := strings.Repeat("a/", 64) + "b.json"
	for _, row := range []struct {
		name   string
		files  []file
		status int
		detail string
	}{
		{"absolute", []file{{name: "/etc/pwned", content: "1"}}, 400, "its name is absolute"},
		{"up", []file{{name: "../pwned.json", content: "1"}}, 400, `".." as a segment`},
		{"up inside", []file{{name: "a/../../pwned.json", content: "1"}}, 400, `".." as a segment`},
		{"dot", []file{{name: "./x.json", content: "1"}}, 400, `"." or ".."`},
		{"backslash", []file{{name: `..\pwned`, content: "1"}}, 400, "backslash"},
		{"drive", []file{{name: `C:\pwned`, content: "1"}}, 400, "backslash"},
		{"two slashes", []file{{name: "a//x.json", content: "1"}}, 400, "an empty segment"},
		{"NUL", []file{{name: "a\x00.json", content: "1"}}, 400, "control character"},
		{"no name", []file{{name: "", content: "1", change: mode(0o644)}}, 400, "absolute, or empty"},
		{"not UTF-8", []file{{name: "a\xff.json", content: "1"}}, 400, "not UTF-8"},
		{"long name", []file{{name: strings.Repeat("n", 300), content: "1"}}, 400, "255 bytes"},
		{"long with its extension", []file{{name: strings.Repeat("n", 252), content: "1"}}, 400, "shorten it"},
		{"deep", []file{{name: deep, content: "1"}}, 400, "64 segments"},
		{"twice", []file{{name: "a.json", content: "1"}, {name: "a.json", content: "2"}}, 400, "the same document"},
		{"twice by two names", []file{{name: "a.json", content: "1"}, {name: "a", content: "2"}}, 400, "the same document"},
		{"file, then directory", []file{{name: "a.json", content: "1"}, {name: "a.json/b", content: "2"}}, 400, "would be below"},
		{"directory, then file", []file{{name: "a.json/c/b", content: "2"}, {name: "a.json", content: "1"}}, 400, "at once"},
		{"empty directory, then file", []file{{name: "a.json/"}, {name: "a.json", content: "1"}}, 400, "at once"},
		{"link", []file{{name: "ln.json", content: "/etc", change: mode(fs.ModeSymlink | 0o777)}}, 400, "it is a link"},
		{"fifo", []file{{name: "p.json", content: "1", change: mode(fs.ModeNamedPipe | 0o644)}}, 400, "special file"},
		{"device", []file{{name: "p.json", content: "1", change: mode(fs.ModeDevice | 0o644)}}, 400, "special file"},
		{"socket", []file{{name: "p.json", content: "1", change: mode(fs.ModeSocket | 0o644)}}, 400, "special file"},
		{"directory without its slash", []file{{name: "p.json", content: "1", change: mode(fs.ModeDir | 0o755)}}, 400, "at once"},
		{"encrypted", []file{{name: "p.json", content: "1", change: func(h *zip.FileHeader) { h.Flags |= 1 }}}, 400, "encrypted"},
		{"method", []file{{name: "p.json", content: "1", change: func(h *zip.FileHeader) { h.Method = 12 }}}, 400, "packed by method 12"},
		{"checksum", []file{{name: "p.json", content: "1", change: func(h *zip.FileHeader) { h.CRC32++ }}}, 400, "can't be unpacked"},
		{"longer than it says", []file{{name: "p.json", content: "123", change: lie(2)}}, 400, "can't be unpacked"},
		{"shorter than it says", []file{{name: "p.json", content: "123", change: lie(4)}}, 400, "can't be unpacked"},
		{"far shorter than it says", []file{{name: "p.json", content: "123", change: lie(1 << 62)}}, 413, "too many for its size"},
		{"sizes that overflow", []file{{name: "p.json", content: "123", change: lie(1 << 63)}, {name: "q.json", content: "123", change: lie(1 << 63)}}, 413, "too many for its size"},
		{"too large", []file{{name: "p.json", content: `"` + strings.Repeat("x", maxBody) + `"`}}, 413, "more than the limit of 65536"},
		{"a bomb", many, 413, "unpacked, too many"},
		{"no JSON", []file{{name: "p.json", content: "{"}}, 400, "byte 1 (line 1, column 2)"},
		{"empty", []file{{name: "p.json"}}, 400, "no JSON value"},
	} {
		t.Run(row.name, func(t *testing.T) {
			c := newUnzipper(t, memstore.New(), true)
			a := c.unzip("/in/", zipOf(t, append([]file{good}, row.files...)...))
			require.Equal(t, row.status, a.status, a.err)
			assert.Contains(t, a.err.Detail, row.detail)
			assert.Equal(t, `[]`, c.get("/?$list=all").body)
		})
	}
}

func TestUnzipRefusesADirectoryWithContent(t *testing.T) {
	c := newUnzipper(t, memstore.New(), true)
	archive := zipOf(t, file{name: "good", content: "1"}, file{name: "dirX", content: "1"})
	a := c.unzip("/", bytes.ReplaceAll(archive, []byte("dirX"), []byte("dir/")))
	assert.Equal(t, 400, a.status)
	assert.Contains(t, fmt.Sprint(a.err), "a file and a directory at once")
}

func TestUnzipNamesEveryBadEntry(t *testing.T) {
	c := newUnzipper(t, memstore.New(), true)
	a := c.unzip("/", zipOf(t, file{name: "a", content: "1"}, file{name: "b", content: "{"}, file{name: "c", content: strings.Repeat(" ", maxBody+1)}))
	require.Equal(t, 400, a.status)
	assert.Contains(t, a.err.Detail, `nothing was stored, since the entry "b" can't be: byte 1`)
	assert.Contains(t, a.err.Detail, "; there are 2 bad entries")
	assert.Equal(t, 2, a.err.Members["bad"])
	text, err := bus.Problem(a.err, "", "").Body.Bytes(1 << 20)
	require.NoError(t, err)
	assert.Contains(t, string(text), `{"name":"c","detail":"it has 65537 bytes, more than the limit of 65536 for a document"}`)

	many := make([]file, 300)
	for i := range many {
		many[i] = file{name: fmt.Sprintf("%d", i)}
	}
	a = c.unzip("/", zipOf(t, many...))
	assert.Equal(t, 300, a.err.Members["bad"])
	assert.Len(t, a.err.Members["entries"], 100)
}

func TestUnzipTakesOnlyWholeZips(t *testing.T) {
	archive := zipOf(t, file{name: "a", content: "1"})
	c := newUnzipper(t, memstore.New(), true)
	for _, row := range []struct {
		name, path string
		body       *bus.Body
		header     []string
		status     int
	}{
		{"no zip", "/", bus.NewBody([]byte("1"), "application/zip"), nil, 400},
		{"cut", "/", bus.NewBody(archive[:len(archive)-3], "application/zip"), nil, 400},
		{"another type", "/", bus.NewBody(archive, "application/json"), nil, 415},
		{"no type", "/", bus.NewBody(archive, ""), nil, 415},
		{"no body", "/", bus.NewBody(nil, "application/zip"), nil, 400},
		{"no document", "/", bus.NewBody(zipOf(t), "application/zip"), nil, 400},
		{"directories only", "/", bus.NewBody(zipOf(t, file{name: "a/"}), "application/zip"), nil, 400},
		{"too large", "/", bus.NewStream(io.NopCloser(io.LimitReader(endless{}, maxFile+1)), -1, "application/zip"), nil, 413},
		{"one byte less", "/", bus.NewStream(io.NopCloser(io.LimitReader(endless{}, maxFile)), -1, "application/zip"), nil, 400},
		{"a part", "/", bus.NewBody(archive, "application/zip"), []string{"Content-Range", "bytes 0-3/9"}, 400},
		{"an ETag", "/", bus.NewBody(archive, "application/zip"), []string{"If-Match", `"a"`}, 400},
		{"a query", "/?$recursive=true", bus.NewBody(archive, "application/zip"), nil, 400},
	} {
		a := c.do("PUT", row.path, row.body, row.header...)
		assert.Equal(t, row.status, a.status, "%s: %v", row.name, a.err)
	}
	assert.Equal(t, `[]`, c.get("/?$list=all").body)
	assert.Equal(t, 405, newClient(t, memstore.New(), true).unzip("/", archive).status, "where it is not set")
}

func TestUnzipTakesSoManyEntries(t *testing.T) {
	c := newClient(t, memstore.New(), true)
	c.service = documents.New(documents.Config{Keep: c.keep, JSON: true, MaxBody: 64 << 20, MaxFile: 64 << 20})
	send := func(count, length int) answer {
		entries := make([]file, count)
		for i := range entries {
			entries[i] = file{name: fmt.Sprintf("%05d%s", i, strings.Repeat("n", length)), content: "1"}
		}
		return c.unzip("/", zipOf(t, entries...))
	}
	for _, row := range []struct{ count, length int }{{10_001, 1}, {9_000, 900}} {
		a := send(row.count, row.length)
		assert.Equal(t, 413, a.status)
		assert.Equal(t, "the zip has more than 10000 entries, or very long names: send it in parts", a.err.Detail)
	}
	assert.Equal(t, `[]`, c.get("/?$list=all").body)
	assert.Equal(t, `{"created":10000,"replaced":0}`, send(10_000, 1).body)
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

func TestUnzipUnderConditions(t *testing.T) {
	c := newUnzipper(t, memstore.New(), true)
	c.put("/a", "1")
	both, other := zipOf(t, file{name: "a", content: "2"}, file{name: "b", content: "2"}), zipOf(t, file{name: "a", content: "3"})
	for _, row := range []struct {
		archive []byte
		field   string
		status  int
		detail  string
	}{
		{both, "If-None-Match", 412, `"a" can't be: it is already there: send the zip without it`},
		{both, "If-Match", 412, `"b" can't be: it is not there: send the zip without it`},
		{other, "If-None-Match", 412, `"a" can't be: it is already there`},
		{other, "If-Match", 200, ""},
	} {
		a := c.unzip("/", row.archive, row.field, "*")
		assert.Equal(t, row.status, a.status)
		assert.Contains(t, fmt.Sprint(a.err), row.detail)
		assert.Equal(t, 404, c.get("/b").status)
	}
	assert.Equal(t, "3", c.get("/a").body)
}

func TestUnzipBesideOthers(t *testing.T) {
	for name, open := range stores() {
		t.Run(name, func(t *testing.T) {
			c := newUnzipper(t, open(t), false)
			c.put("/doc", "1")
			c.put("/dir/x", "1")
			for path, archive := range map[string][]byte{
				"/":           zipOf(t, file{name: "a", content: "1"}, file{name: "doc/x", content: "1"}),
				"/doc/":       zipOf(t, file{name: "a", content: "1"}),
				"/dir/x/y/z/": zipOf(t, file{name: "a", content: "1"}),
			} {
				a := c.unzip(path, archive)
				assert.Equal(t, 409, a.status, path)
				assert.Contains(t, fmt.Sprint(a.err), "a document is where its directory should be")
			}
			a := c.unzip("/", zipOf(t, file{name: "a", content: "1"}, file{name: "dir", content: "1"}))
			assert.Equal(t, 409, a.status)
			assert.Contains(t, fmt.Sprint(a.err), "a directory has its name")
			assert.Equal(t, `["dir/","doc"]`, c.get("/").body)
		})
	}
}

// refusing is a store in which writes of a document fail.
type refusing struct {
	adaptors.Store
	key string
	err error
}

func (s refusing) Put(ctx context.Context, key adaptors.Key, b *bus.Body, c adaptors.Condition) (adaptors.Info, error) {
	if key[len(key)-1] == s.key {
		return adaptors.Info{}, s.err
	}
	return s.Store.Put(ctx, key, b, c)
}

func TestUnzipTellsHowFarItCame(t *testing.T) {
	for _, row := range []struct {
		err    error
		status int
		kind   string
		reason string
	}{
		{syscall.ENOSPC, 507, bus.TypeStorageFull, ""},
		{io.ErrClosedPipe, 500, bus.TypeIncomplete, ": the server could not store it"},
		{adaptors.ErrCondition, 409, bus.TypeIncomplete, ": the document is not in the state"},
		{context.DeadlineExceeded, 504, bus.TypeTimeout, ": the time for the request is over: send the zip again in parts, or raise limits.timeout of the service"},
	} {
		c := newUnzipper(t, refusing{memstore.New(), "c.json", row.err}, true)
		c.put("/a", "0")
		large := `"` + strings.Repeat("x", maxBody-2) + `"` // so that not all are written at one time
		a := c.unzip("/", zipOf(t, file{name: "a", content: "1"}, file{name: "b", content: "1"}, file{name: "c", content: "1"},
			file{name: "d", content: large}, file{name: "e", content: large}, file{name: "f", content: large}))
		assert.Equal(t, row.status, a.status)
		assert.Equal(t, row.kind, a.err.Type)
		created, replaced := a.err.Members["created"].(int), a.err.Members["replaced"].(int)
		assert.Equal(t, 1, replaced)
		assert.Contains(t, a.err.Detail, fmt.Sprintf(`of 6 documents %d are stored, and the others are not, since "c" could not be`, created+replaced)+row.reason)
		assert.Equal(t, map[string]any{"created": created, "replaced": 1, "missing": 5 - created, "failed": "c"}, a.err.Members)
		assert.Equal(t, created+replaced, strings.Count(c.get("/").body, ".json"))
	}
}

// TestUnzipStopsAtAFailure holds that nothing is begun after a failure.
func TestUnzipStopsAtAFailure(t *testing.T) {
	c := newUnzipper(t, refusing{memstore.New(), ".schema.json", syscall.ENOSPC}, true)
	a := c.unzip("/", zipOf(t, file{name: "a", content: "1"}, file{name: ".schema", content: "{}"}))
	assert.Equal(t, 507, a.status)
	assert.Equal(t, map[string]any{"created": 0, "replaced": 0, "missing": 2, "failed": ".schema"}, a.err.Members)
	assert.Equal(t, `[]`, c.get("/?$list=all").body)
}

func TestUnzipWritesWhatItsUserMay(t *testing.T) {
	c := newUnzipper(t, memstore.New(), true)
	c.put("/old/a", "0")
	rights := map[string][2]bool{"old": {false, true}, "new": {true, false}, "all": {true, true}}
	send := func(names ...string) answer {
		files := make([]file, len(names))
		for i, name := range names {
			files[i] = file{name: name, content: "1"}
		}
		u := c.request("PUT")
		u.Body = bus.NewBody(zipOf(t, files...), "application/zip")
		u.Writes = func(path []string) (bool, bool) { return rights[path[0]][0], rights[path[0]][1] }
		reply, err := c.service.Serve(t.Context(), u)
		if err != nil {
			return answer{status: bus.Classify(err).Status, err: bus.Classify(err)}
		}
		return answer{status: reply.Status}
	}
	assert.Equal(t, 200, send("old/a", "new/a", "all/a").status)
	for _, name := range []string{"none/a", "old/b", "new/a"} {
		a := send("all/b", name)
		assert.Equal(t, 403, a.status, name)
		assert.Equal(t, 404, c.get("/all/b").status)
	}
	assert.Equal(t, 400, send("none/a", "../x").status)
}

func TestUnzipHoldsDocumentsToSchemas(t *testing.T) {
	const name, age = `{"required": ["name"]}`, `{"required": ["age"]}`
	c := newUnzipper(t, memstore.New(), true)
	c.put("/.schema", name)
	for _, row := range []struct {
		path   string
		files  []file
		status int
		detail string
	}{
		{"/", []file{{name: "a", content: `{"name":1}`}, {name: "b/c", content: `{"age":1}`}}, 400, `the entry "b/c" can't be: it does not satisfy the schema`},
		{"/", []file{{name: "a", content: `{"name":1}`}, {name: "b/c", content: `{"age":1}`}, {name: "b/.schema.json", content: age}}, 200, ""},
		{"/b/", []file{{name: "d", content: `{"name":1}`}}, 400, "does not satisfy the schema"},
		{"/b/", []file{{name: "d", content: `{"name":1}`}, {name: ".schema", content: name}, {name: "e", content: `{"name":1}`}}, 200, ""},
		{"/x/", []file{{name: ".schema.json", content: `{"required": 1}`}, {name: "d", content: `{"name":1}`}}, 400, "this is no schema"},
		{"/b/", []file{{name: "d", content: `{"age":1}`}, {name: ".schema", content: age}, {name: "f/g", content: `{}`}}, 400, `the entry "f/g" can't be`},
		{"/b/", []file{{name: "d", content: `{"name":2}`}}, 200, ""},
	} {
		before := c.get("/?$list=items,recursive,all").body
		a := c.unzip(row.path, zipOf(t, row.files...))
		assert.Equal(t, row.status, a.status, "%v %v", row, a.err)
		if row.status != 200 {
			assert.Contains(t, fmt.Sprint(a.err), row.detail)
			assert.Equal(t, before, c.get("/?$list=items,recursive,all").body)
		}
	}
	own, err := documents.ParseSchema([]byte(name), "")
	require.NoError(t, err)
	c = newUnzipper(t, memstore.New(), true)
	c.service = documents.New(documents.Config{Keep: c.keep, JSON: true, MaxBody: maxBody, MaxFile: maxFile, Schema: own})
	bad := file{name: "x", content: `{"age":1}`}
	assert.Equal(t, 400, c.unzip("/in/", zipOf(t, bad)).status, "the schema of the configuration")
	assert.Equal(t, 200, c.unzip("/", zipOf(t, bad, file{name: ".schema.json", content: age})).status, "which one in the zip replaces")

	many := make([]file, 101)
	for i := range many {
		many[i] = file{name: fmt.Sprintf("%d/.schema.json", i), content: name}
	}
	assert.Equal(t, 413, c.unzip("/many/", zipOf(t, many...)).status)
	assert.Equal(t, 200, c.unzip("/many/", zipOf(t, many[:100]...)).status)
}

func FuzzUnzip(f *testing.F) {
	f.Add(zipOf(f, file{name: "a", content: "1"}, file{name: "b/c.json", content: "[]"}))
	f.Add(zipOf(f, file{name: "../a", content: "1"}))
	f.Add(zipOf(f, file{name: "l", content: "x", change: mode(fs.ModeSymlink)}))
	f.Add(zipOf(f))
	f.Fuzz(func(t *testing.T, archive []byte) {
		c := newUnzipper(t, memstore.New(), true)
		a := c.unzip("/in/", archive)
		require.Less(t, a.status, 500)
		if a.status != 200 {
			require.Equal(t, `[]`, c.get("/?$list=all").body)
			return
		}
		require.Equal(t, `["in/"]`, c.get("/?$list=all").body)
		again := c.get("/in/?$list=zip,recursive,all")
		require.Equal(t, 200, again.status)
		contents, _ := unzip(t, again.body)
		require.NotEmpty(t, contents)
		for name, content := range contents {
			require.NoError(t, documents.CheckJSON([]byte(content)), name)
		}
	})
}
