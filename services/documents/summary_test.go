package documents_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/adaptors/filestore"
	"github.com/seed90475182/restspace/adaptors/memstore"
	"github.com/seed90475182/restspace/adaptors/s3store"
	"github.com/seed90475182/restspace/adaptors/s3store/s3test"
	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/bus/bustest"
)

func TestSummaries(t *testing.T) {
	ann, bert := `"ann.json":{"name":"Ann","address":{"city":"Bonn"}}`, `"bert.json":{"name":"Bert"}`
	carl, dora := `"carl.json":{"name":"Carl"}`, `"dora.json":{"name":"Dora"}`
	anja, hidden := `"club/anja.json":{"name":"Anja"}`, `".hidden.json":{"name":"Ada"}`
	list := func(entries ...string) string { return "{" + strings.Join(entries, ",") + "}" }
	rows := []struct{ query, want string }{
		{"/?$list=summary", list(ann, bert, carl, dora)},
		{"/?$list=summary,nodirs", list(ann, bert, carl, dora)},
		{"/?$list=summary,all", list(hidden, ann, bert, carl, dora)},
		{"/?$list=recursive,summary", list(ann, bert, carl, anja, dora)},
		{"/club/?$list=summary", list(`"anja.json":{"name":"Anja"}`)},
		{"/?$list=summary&$take=2", list(ann, bert)},
		{"/?$list=summary&$skip=1&$take=2", list(bert, carl)},
		{"/?$list=summary&$after=carl.json", list(dora)},
		{"/?$list=summary&$after=zzz", list()},
	}
	onEachStore(t, true, func(t *testing.T, c *client) {
		c.people()
		for range 2 { // read, and then remembered
			other := c.summarized("name", "address/city")
			other.service = bustest.Frozen(t, other.service)
			for _, row := range rows {
				a := other.get(row.query)
				require.Equal(t, 200, a.status, "%s: %v", row.query, a.err)
				assert.Equal(t, row.want, a.body, row.query)
				assert.Equal(t, "inode/directory+json", a.mime)
				assert.False(t, a.header.Has("ETag"))
			}
			assert.Equal(t, []string{"ann.json", "bert.json", "carl.json", "dora.json"}, c.summarized("name").pages("/?$list=summary&$take=1"))
			assert.Equal(t, 404, other.get("/nowhere/?$list=summary").status)
			other.sees = func(path []string) bool { return path[0] != "bert.json" }
			assert.Equal(t, list(ann, carl, dora), other.get("/?$list=summary").body)
		}
	})
}

// counted counts how often documents are read, and their facts.
type counted struct {
	adaptors.Store
	reads, facts atomic.Int32
}

func (s *counted) Get(ctx context.Context, key adaptors.Key, o adaptors.GetOptions) (*bus.Body, adaptors.Info, error) {
	if key[len(key)-1] != ".schema.json" {
		if o.Meta {
			s.facts.Add(1)
		} else {
			s.reads.Add(1)
		}
	}
	return s.Store.Get(ctx, key, o)
}

func TestSummariesAreReadOnce(t *testing.T) {
	for name, open := range stores() {
		t.Run(name, func(t *testing.T) {
			store := &counted{Store: open(t)}
			plain := newClient(t, store, true)
			c := plain.summarized("name")
			reads := func(want int) {
				t.Helper()
				store.reads.Store(0)
				require.Equal(t, 200, c.get("/?$list=summary,recursive").status)
				assert.EqualValues(t, want, store.reads.Load())
			}
			c.put("/ann", `{"name":"Ann"}`)
			c.put("/club/anja", `{"name":"Anja"}`)
			c.do("POST", "/", jsonBody(`{"name":"Bert"}`))
			c.do("PATCH", "/ann", jsonBody(`{"age":41}`))
			reads(0) // what is written is known
			plain.put("/carl", `{"name":"Carl"}`)
			plain.put("/ann", `{"name":"Anna"}`)
			reads(2) // what others write is not
			reads(0)
			assert.Equal(t, 412, c.do("PUT", "/ann", jsonBody(`{"name":"Bob"}`), "If-None-Match", "*").status)
			reads(0)
			require.Equal(t, 204, c.do("DELETE", "/carl", nil).status)
			reads(0)
			store.facts.Store(0)
			c = plain.summarized("name")
			reads(3) // a service that knows none
			assert.Zero(t, store.facts.Load(), "what is read anyway need not be asked about")
		})
	}
}

// onS3 returns a store in a bucket of the server.
func onS3(t testing.TB, server *s3test.Server, bucket string) adaptors.Store {
	s, err := s3store.Open(t.Context(), s3store.Config{
		Bucket: bucket, Endpoint: server.Endpoint,
		Credentials: s3store.Credentials{AccessKeyID: server.AccessKeyID, SecretAccessKey: server.SecretAccessKey},
	}, adaptors.Env{})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.Close()) })
	return s
}

// TestSummariesOnS3 sees that the server's listing is enough.
func TestSummariesOnS3(t *testing.T) {
	server := s3test.Start(t)
	bucket := server.Bucket(t)
	store := &counted{Store: onS3(t, server, bucket)}
	plain := newClient(t, store, true)
	c := plain.summarized("name")
	shows := func(want string, reads int, why string) {
		t.Helper()
		store.reads.Store(0)
		store.facts.Store(0)
		assert.Equal(t, want, c.get("/?$list=summary").body, why)
		assert.EqualValues(t, reads, store.reads.Load(), why)
		assert.Zero(t, store.facts.Load(), why)
	}
	c.put("/ann", `{"name":"Ann"}`)
	c.put("/bert", `{"name":"Bert"}`)
	shows(`{"ann.json":{"name":"Ann"},"bert.json":{"name":"Bert"}}`, 0, "written here")
	plain.put("/ann", `{"name":"Anna"}`)
	shows(`{"ann.json":{"name":"Anna"},"bert.json":{"name":"Bert"}}`, 1, "written by another")
	shows(`{"ann.json":{"name":"Anna"},"bert.json":{"name":"Bert"}}`, 0, "read before")
	server.WriteFile(t, bucket, "carl.json", `{"name":"Carl"}`)
	for range 2 {
		shows(`{"ann.json":{"name":"Anna"},"bert.json":{"name":"Bert"},"carl.json":{"name":"Carl"}}`, 1, "an object without an ETag")
	}
}

func TestSummariesFollowOtherWriters(t *testing.T) {
	onEachStore(t, true, func(t *testing.T, plain *client) {
		a, b := plain.summarized("name"), plain.summarized("age")
		a.service, b.service = bustest.Frozen(t, a.service), bustest.Frozen(t, b.service)
		for i := range 5 {
			writer := []*client{a, b, plain}[i%3]
			writer.put("/ann", fmt.Sprintf(`{"name":"Ann %d","age":%d}`, i, i))
			assert.Equal(t, fmt.Sprintf(`{"ann.json":{"name":"Ann %d"}}`, i), a.get("/?$list=summary").body)
			assert.Equal(t, fmt.Sprintf(`{"ann.json":{"age":%d}}`, i), b.get("/?$list=summary").body)
		}
		require.Equal(t, 204, plain.do("DELETE", "/ann", nil).status)
		assert.Equal(t, `{}`, a.get("/?$list=summary").body)
		plain.put("/ann", `{"name":"Ann again"}`)
		assert.Equal(t, `{"ann.json":{"name":"Ann again"}}`, a.get("/?$list=summary").body)
	})
}

func TestSummariesOfFilesThatAreEdited(t *testing.T) {
	root := t.TempDir()
	store, err := filestore.Open(filestore.Config{Root: root, Durability: filestore.None}, adaptors.Env{})
	require.NoError(t, err)
	defer store.Close()
	c := newClient(t, store, true).summarized("name", "tags")
	edit := func(name, text string) {
		require.NoError(t, os.WriteFile(filepath.Join(root, name), []byte(text), 0o600))
	}
	c.put("/ann", `{"name":"Ann"}`)
	assert.Equal(t, `{"ann.json":{"name":"Ann"}}`, c.get("/?$list=summary").body)
	edit("ann.json", `{"name":"Bob"}`)
	assert.Equal(t, `{"ann.json":{"name":"Bob"}}`, c.get("/?$list=summary").body, "edited")
	edit("new.json", `{"tags": [1,  2]}`)
	assert.Equal(t, `{"ann.json":{"name":"Bob"},"new.json":{"tags":[1,  2]}}`, c.get("/?$list=summary").body)
	edit("new.json", `{"tags": [1,  2}`)
	edit("list.json", `[{"name":"Ann"}]`)
	for range 2 {
		assert.Equal(t, `{"ann.json":{"name":"Bob"},"list.json":{}}`, c.get("/?$list=summary").body, "what is no JSON is left out")
	}
	edit("new.json", `{"name":"New"}`)
	assert.Equal(t, []string{"ann.json", "list.json", "new.json"}, c.pages("/?$list=summary&$take=1"))
	edit("large.json", `{"name":"`+strings.Repeat("x", maxBody)+`"}`)
	a := c.get("/?$list=summary")
	assert.Equal(t, 413, a.status)
	assert.Contains(t, a.err.Detail, "large.json has 65547 bytes, too many for a summary")
}

// TestSummariesAreForgotten has more of them than are remembered.
func TestSummariesAreForgotten(t *testing.T) {
	const remembered = 16 << 20
	store := &counted{Store: memstore.New()}
	c := newClient(t, store, true).summarized("text")
	documents := remembered/maxBody + 10
	for i := range documents {
		c.put(fmt.Sprintf("/n%04d", i), fmt.Sprintf(`{"text":"%s"}`, strings.Repeat("x", maxBody-50)))
	}
	read := func(query string) int32 {
		store.reads.Store(0)
		require.Equal(t, 200, c.get(query).status)
		return store.reads.Load()
	}
	last := fmt.Sprintf("/?$list=summary&$after=n%04d.json", documents-3)
	assert.Zero(t, read(last), "the last ones")
	assert.EqualValues(t, 1, read("/?$list=summary&$take=1"), "the first one was forgotten")
	assert.Zero(t, read("/?$list=summary&$take=1"))
	page := c.get("/?$list=summary")
	assert.LessOrEqual(t, len(page.body), remembered+1, "a page")
	rest := c.get(strings.TrimPrefix(next.FindStringSubmatch(page.header.Get("Link"))[1], "/base"))
	assert.Equal(t, documents, strings.Count(page.body+rest.body, ".json"))
	assert.Empty(t, rest.header.Get("Link"))
}

// TestSummariesWhileOthersWrite sees that no listing shows what a document was
// before a write that had been answered.
func TestSummariesWhileOthersWrite(t *testing.T) {
	const documents, versions = 8, 40
	onEachStore(t, true, func(t *testing.T, plain *client) {
		writers := []*client{plain.summarized("version"), plain.summarized("version"), plain}
		var answered [documents]atomic.Int64
		show := func(c *client) {
			var least [documents]int64
			for i := range least {
				least[i] = answered[i].Load()
			}
			shown := make(map[string]struct{ Version int64 })
			assert.NoError(t, json.Unmarshal([]byte(c.get("/?$list=summary").body), &shown))
			for i, version := range least {
				assert.GreaterOrEqual(t, shown[fmt.Sprintf("n%d.json", i)].Version, version)
			}
		}
		var group sync.WaitGroup
		for i := range documents {
			group.Go(func() {
				for version := range int64(versions) {
					writers[version%3].put(fmt.Sprintf("/n%d", i), fmt.Sprintf(`{"version":%d,"more":true}`, version))
					answered[i].Store(version)
					show(writers[i%2])
				}
			})
		}
		group.Wait()
		for _, c := range writers[:2] {
			show(c)
		}
	})
}
