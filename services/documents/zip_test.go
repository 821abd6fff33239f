package documents_test

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/adaptors/memstore"
	"github.com/seed90475182/restspace/bus"
)

// unzip returns the contents of a zip by their names, and the names in order.
func unzip(t testing.TB, archive string) (map[string]string, []string) {
	t.Helper()
	r, err := zip.NewReader(strings.NewReader(archive), int64(len(archive)))
	require.NoError(t, err)
	contents, names := make(map[string]string), make([]string, 0, len(r.File))
	for _, file := range r.File {
		from, err := file.Open()
		require.NoError(t, err)
		content, err := io.ReadAll(from)
		require.NoError(t, err)
		contents[file.Name] = string(content)
		names = append(names, file.Name)
	}
	return contents, names
}

func TestZipHoldsWhatTheListingShows(t *testing.T) {
	onEachStore(t, true, func(t *testing.T, c *client) {
		c.fill("a", "b/x", "b/c/y", "d", ".schema.json", ".h/q", "50%25", "é%3F%23")
		for query, want := range map[string][]string{
			"/?$list=zip":               {"50%.json", "a.json", "d.json", "é?#.json"},
			"/?$list=zip,recursive":     {"50%.json", "a.json", "b/c/y.json", "b/x.json", "d.json", "é?#.json"},
			"/?$list=zip,recursive,all": {".h/q.json", ".schema.json", "50%.json", "a.json", "b/c/y.json", "b/x.json", "d.json", "é?#.json"},
			"/b/?$list=recursive,zip":   {"c/y.json", "x.json"},
			"/b/?$list=zip,nodirs":      {"x.json"},
		} {
			a := c.get(query)
			require.Equal(t, 200, a.status, query)
			assert.Equal(t, "application/zip", a.mime)
			contents, names := unzip(t, a.body)
			assert.Equal(t, want, names, query)
			if strings.HasPrefix(query, "/b/") {
				assert.Equal(t, `{ "b/x":1}`, contents["x.json"])
			}
		}
		assert.Equal(t, 404, c.get("/nowhere/?$list=zip").status)
		assert.Equal(t, `attachment; filename=b.zip`, c.get("/b/?$list=zip").header.Get("Content-Disposition"))
		assert.Equal(t, `attachment; filename=base.zip`, c.get("/?$list=zip").header.Get("Content-Disposition"))
		c.sees = func(path []string) bool { return path[0] != "b" }
		_, names := unzip(t, c.get("/?$list=zip,recursive").body)
		assert.NotContains(t, names, "b/x.json")
		assert.Contains(t, names, "a.json")
	})
}

func TestZipOfAnEmptyRoot(t *testing.T) {
	c := newClient(t, memstore.New(), true)
	_, names := unzip(t, c.get("/?$list=zip").body)
	assert.Empty(t, names)
}

func TestZipKeepsTimesAndPacksByType(t *testing.T) {
	c := newClient(t, memstore.New(), false)
	before := time.Now().Add(-2 * time.Second)
	text := strings.Repeat("restspace ", 5000)
	for _, name := range []string{"x.txt", "x.png", "x.json", "x.svg"} {
		require.Equal(t, 201, c.do("PUT", "/"+name, bus.NewBody([]byte(text), "")).status)
	}
	a := c.get("/?$list=zip")
	r, err := zip.NewReader(strings.NewReader(a.body), int64(len(a.body)))
	require.NoError(t, err)
	for _, file := range r.File {
		assert.Equal(t, file.Name == "x.png", file.Method == zip.Store, file.Name)
		assert.WithinRange(t, file.Modified, before, time.Now().Add(time.Second))
		assert.EqualValues(t, len(text), file.UncompressedSize64)
	}
}

func TestZipThatIsNotPossible(t *testing.T) {
	c := newClient(t, memstore.New(), true)
	c.fill("a", "b/x%2Fy", "b/z%2Fy/x")
	for query, status := range map[string]int{
		"/?$list=zip,items":                 400,
		"/?$list=zip,details":               400,
		"/?$list=zip&$take=5":               400,
		"/?$list=zip&$skip=5":               400,
		"/?$list=zip,recursive&$after=a":    400,
		"/b/?$list=zip":                     409,
		"/?$list=zip,recursive":             409,
		"/b/z%2Fy/?$list=zip":               200,
		"/b/?$list=zip,recursive&$take=100": 400,
	} {
		assert.Equal(t, status, c.get(query).status, query)
	}
	assert.Equal(t, "x%2Fy.json can't be in a zip, since there is a slash within its name: GET it by itself", c.get("/b/?$list=zip").err.Detail)
}

func TestZipHoldsSoManyDocuments(t *testing.T) {
	c := newClient(t, memstore.New(), true)
	put := func(i int) {
		_, err := c.keep.Put(t.Context(), adaptors.Key{fmt.Sprintf("%05d.json", i)}, bus.NewBody([]byte(`1`), ""), adaptors.Condition{})
		require.NoError(t, err)
	}
	for i := range 10_000 {
		put(i)
	}
	_, names := unzip(t, c.get("/?$list=zip").body)
	assert.Len(t, names, 10_000)
	assert.True(t, slices.IsSorted(names))
	put(10_000)
	a := c.get("/?$list=zip")
	assert.Equal(t, 400, a.status)
	assert.Equal(t, "more than 10000 documents are below the directory: ask for the zips of the directories in it, or copy them all with restspace copy", a.err.Detail)
}

// broken gives of each document named in it what comes of a failing disk: a
// part, and then an error; or an error at once.
type broken struct {
	adaptors.Store
	get map[string]error
}

func (s broken) Get(ctx context.Context, key adaptors.Key, o adaptors.GetOptions) (*bus.Body, adaptors.Info, error) {
	body, info, err := s.Store.Get(ctx, key, o)
	failure := s.get[key[0]]
	if failure == nil || err != nil {
		return body, info, err
	}
	if errors.Is(failure, io.ErrUnexpectedEOF) {
		return bus.NewStream(io.NopCloser(strings.NewReader("12")), 5, ""), info, nil
	}
	return nil, adaptors.Info{}, failure
}

// TestZipBreaks holds that a zip of which a document can't be read has no end,
// and that one which is gone meanwhile is left out.
func TestZipBreaks(t *testing.T) {
	store := memstore.New()
	newClient(t, store, true).fill("a", "b", "c")
	for failure, breaks := range map[error]bool{
		io.ErrUnexpectedEOF: true,
		errors.New("disk"):  true,
		context.Canceled:    true,
		adaptors.ErrKey:     true,
		fs.ErrNotExist:      false,
	} {
		c := newClient(t, broken{store, map[string]error{"b.json": failure}}, true)
		m := c.request("GET")
		m.URL.Query = "$list=zip"
		reply, err := c.service.Serve(t.Context(), m)
		require.NoError(t, err)
		archive, err := io.ReadAll(reply.Body.Stream())
		require.NoError(t, reply.Close())
		if breaks {
			require.ErrorIs(t, err, failure)
			_, err = zip.NewReader(strings.NewReader(string(archive)), int64(len(archive)))
			assert.ErrorIs(t, err, zip.ErrFormat)
			_, again := reply.Body.Stream().Read(make([]byte, 1))
			assert.Error(t, again)
			continue
		}
		require.NoError(t, err)
		_, names := unzip(t, string(archive))
		assert.Equal(t, []string{"a.json", "c.json"}, names)
	}
}

// TestZipThatNobodyReads holds that no document is opened, or stays open, for
// it.
func TestZipThatNobodyReads(t *testing.T) {
	store := &counting{Store: memstore.New()}
	c := newClient(t, store, true)
	c.fill("a", "b")
	for _, bytes := range []int64{0, 10} {
		m := c.request("GET")
		m.URL.Query = "$list=zip"
		reply, err := c.service.Serve(t.Context(), m)
		require.NoError(t, err)
		_, err = io.CopyN(io.Discard, reply.Body.Stream(), bytes)
		require.NoError(t, err)
		require.NoError(t, reply.Close())
		assert.Equal(t, store.opened, store.closed)
		assert.Equal(t, bytes > 0, store.opened > 0)
	}
}

// counting counts the bodies that are opened and closed.
type counting struct {
	adaptors.Store
	opened, closed int
}

func (s *counting) Get(ctx context.Context, key adaptors.Key, o adaptors.GetOptions) (*bus.Body, adaptors.Info, error) {
	body, info, err := s.Store.Get(ctx, key, o)
	if err != nil || o.Meta {
		return body, info, err
	}
	s.opened++
	return bus.NewStream(closing{body.Reader(), func() { s.closed++ }}, info.Size, info.MediaType), info, nil
}

type closing struct {
	io.Reader
	onClose func()
}

func (c closing) Close() error { c.onClose(); return nil }
