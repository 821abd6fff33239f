package documents_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/adaptors/memstore"
	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/urlpattern"
)

// write stores a JSON text.
func (c *client) write(path, text string) answer {
	c.t.Helper()
	return c.do("PUT", path, jsonBody(text))
}

// looked counts what a store is asked.
type looked struct {
	adaptors.Store
	mu           sync.Mutex
	stats, reads int
}

func (s *looked) Get(ctx context.Context, key adaptors.Key, o adaptors.GetOptions) (*bus.Body, adaptors.Info, error) {
	s.mu.Lock()
	if o.Meta {
		s.stats++
	} else {
		s.reads++
	}
	s.mu.Unlock()
	return s.Store.Get(ctx, key, o)
}

// asked returns how often facts and bodies were read since the last call.
func (s *looked) asked() [2]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := [2]int{s.stats, s.reads}
	s.stats, s.reads = 0, 0
	return n
}

func TestSchemaGovernsWrites(t *testing.T) {
	onEachStore(t, true, func(t *testing.T, c *client) {
		require.Equal(t, 201, c.write("/a/.schema", `{"type":"object"}`).status)
		assert.Equal(t, 400, c.write("/a/b/c", `1`).status)
		assert.Equal(t, 201, c.write("/a/b/c", `{}`).status)
		assert.Equal(t, 201, c.write("/x", `1`).status)
		require.Equal(t, 200, c.write("/a/.schema", `{"type":"number"}`).status)
		assert.Equal(t, 200, c.write("/a/b/c", `1`).status, "it is looked at anew for each write")
		assert.Equal(t, 400, c.write("/a/b/c", `{}`).status)
		assert.Equal(t, `</base/a/.schema.json>; rel="describedby"`, c.get("/a/b/c").header.Get("Link"))
		require.Equal(t, 204, c.do("DELETE", "/a/.schema", nil).status)
		assert.Equal(t, 200, c.write("/a/b/c", `"x"`).status)
	})
}

func TestSchemaThatSomebodyBroke(t *testing.T) {
	c := newClient(t, memstore.New(), true)
	for _, text := range []string{`{`, `{"type":"objekt"}`, `{"title":"` + strings.Repeat("x", 200_000) + `"}`} {
		_, err := c.keep.Put(t.Context(), adaptors.Key{".schema.json"}, bus.NewBody([]byte(text), ""), adaptors.Condition{})
		require.NoError(t, err)
		a := c.write("/x", `1`)
		assert.Equal(t, 409, a.status)
		assert.Equal(t, "the document can't be checked, since the schema /.schema.json of this service is not valid: PUT that anew", a.err.Detail)
		assert.Error(t, a.err.Err)
	}
	assert.Equal(t, 200, c.write("/.schema", `{}`).status, "it can be mended")
	assert.Equal(t, 201, c.write("/x", `1`).status)
}

func TestErrorsOfADocumentAreBounded(t *testing.T) {
	c := newClient(t, memstore.New(), true)
	require.Equal(t, 201, c.write("/.schema", `{"items":{"type":"string"}}`).status)
	a := c.write("/x", "[1"+strings.Repeat(",1", 150)+"]")
	assert.Equal(t, 400, a.status)
	assert.Equal(t, bus.TypeInvalidDocument, a.err.Type)
	assert.Len(t, a.err.Members["errors"], 100)
	assert.Contains(t, a.err.Detail, "(and 150 more)")
}

func TestWhatASchemaCosts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &looked{Store: memstore.New()}
		c := newClient(t, store, true)
		require.Equal(t, 201, c.write("/.schema", `{"type":"object"}`).status)
		assert.Equal(t, [2]int{0, 0}, store.asked(), "a schema is governed by none")
		c.put("/a/b/c", `{}`)
		assert.Equal(t, [2]int{3, 1}, store.asked(), "one look at each level, and the schema is read")
		c.put("/a/b/c", `{}`)
		assert.Equal(t, [2]int{3, 0}, store.asked(), "it is not read again")
		for range 3 {
			assert.NotEmpty(t, c.get("/a/b/c").header.Get("Link"))
		}
		assert.Equal(t, [2]int{0, 3}, store.asked(), "readers only read")
		_, err := c.keep.Put(t.Context(), adaptors.Key{"a", ".schema.json"}, jsonBody(`{}`), adaptors.Condition{})
		require.NoError(t, err)
		assert.Contains(t, c.get("/a/b/c").header.Get("Link"), "/base/.schema.json", "of what others wrote they are told later")
		time.Sleep(5 * time.Second)
		store.asked()
		assert.Contains(t, c.get("/a/b/c").header.Get("Link"), "/base/a/.schema.json")
		assert.Equal(t, [2]int{2, 2}, store.asked())
		c.put("/a/b/.schema", `{}`)
		assert.Contains(t, c.get("/a/b/c").header.Get("Link"), "/base/a/b/.schema.json", "what is written here is known at once")
		c.do("DELETE", "/a/b/.schema", nil)
		assert.Contains(t, c.get("/a/b/c").header.Get("Link"), "/base/a/.schema.json")
		store.asked()
		c.get("/nothing/there")
		assert.Equal(t, [2]int{0, 1}, store.asked(), "what is not there has no schema")
	})
}

func TestLinkOnlyToWhatIsSeen(t *testing.T) {
	c := newClient(t, memstore.New(), true)
	require.Equal(t, 201, c.write("/.schema", `{}`).status)
	require.Equal(t, 201, c.write("/x", `1`).status)
	c.sees = func(path []string) bool { return path[0] != ".schema.json" }
	assert.Empty(t, c.get("/x").header.Get("Link"))
	c.sees = nil
	assert.NotEmpty(t, c.get("/x").header.Get("Link"))
	assert.Empty(t, c.get("/.schema").header.Get("Link"))
}

func TestFilesHaveNoSchema(t *testing.T) {
	c := newClient(t, memstore.New(), false)
	require.Equal(t, 201, c.write("/.schema.json", `{"type":"objekt"}`).status)
	assert.Equal(t, 201, c.write("/x.json", `1`).status)
	assert.Empty(t, c.get("/x.json").header.Get("Link"))
}

// slow has another write begin before each write of a document.
type slow struct {
	adaptors.Store
	meanwhile func()
	stored    []string // names, in their order
}

func (s *slow) Put(ctx context.Context, key adaptors.Key, b *bus.Body, c adaptors.Condition) (adaptors.Info, error) {
	name := key[len(key)-1]
	if name != ".schema.json" {
		s.meanwhile()
	}
	s.stored = append(s.stored, name)
	return s.Store.Put(ctx, key, b, c)
}

func TestNoDocumentSlipsPastASchema(t *testing.T) {
	store := &slow{Store: memstore.New()}
	c := newClient(t, store, true)
	var others sync.WaitGroup
	store.meanwhile = func() {
		others.Go(func() { assert.Equal(t, 201, c.write("/.schema", `{"type":"string"}`).status) })
		time.Sleep(50 * time.Millisecond) // enough for it to go wrong
	}
	assert.Equal(t, 201, c.write("/x", `1`).status)
	others.Wait()
	assert.Equal(t, []string{"x.json", ".schema.json"}, store.stored, "the schema waits for what was held to none")
}

func TestNoDocumentSlipsPastTheDeletionOfASchema(t *testing.T) {
	for _, path := range []string{"/x/.schema", "/x/?$recursive=true"} {
		synctest.Test(t, func(t *testing.T) {
			store := &slow{Store: memstore.New()}
			c := newClient(t, store, true)
			require.Equal(t, 201, c.write("/x/.schema", `{"type":"number"}`).status)
			var others sync.WaitGroup
			store.meanwhile = func() {
				others.Go(func() {
					assert.Equal(t, 204, c.do("DELETE", path, nil).status)
					assert.Contains(t, store.stored, "y.json", "%s waits for what was held to the schema", path)
				})
				time.Sleep(time.Second)
			}
			assert.Equal(t, 201, c.write("/x/y", `1`).status)
			others.Wait()
		})
	}
}

func TestWhoWaitsForASchemaCanLeave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &slow{Store: memstore.New()}
		c := newClient(t, store, true)
		ctx, leave := context.WithCancel(t.Context())
		var others sync.WaitGroup
		write := func(path string) {
			others.Go(func() {
				u, err := urlpattern.ParseURL(path)
				assert.NoError(t, err)
				_, err = c.service.Serve(ctx, &bus.Message{Method: "PUT", URL: u, Body: jsonBody(`{}`)})
				assert.ErrorIs(t, err, context.Canceled, path)
			})
			synctest.Wait()
		}
		store.meanwhile = func() {
			write("/.schema")
			write("/y")
			leave()
			others.Wait()
		}
		assert.Equal(t, 201, c.write("/x", `1`).status)
		assert.Equal(t, []string{"x.json"}, store.stored)
		store.meanwhile = func() {}
		assert.Equal(t, 201, c.write("/.schema", `{}`).status)
	})
}

// BenchmarkPutBelowSchema is BenchmarkPut below one, at the root and two levels
// higher.
func BenchmarkPutBelowSchema(b *testing.B) {
	for name, path := range map[string][]string{"at root": {"doc.json"}, "two below": {"a", "b", "doc.json"}} {
		b.Run(name, func(b *testing.B) {
			onEachStoreB(b, func(b *testing.B, c *client) {
				c.put("/.schema", `{"type":"object","properties":{"name":{"type":"string"},"text":{"maxLength":2000}},"required":["name"]}`)
				for b.Loop() {
					m := c.request("PUT", path...)
					m.Body = bus.NewBody([]byte(kilobyte), "application/json")
					if _, err := c.service.Serve(b.Context(), m); err != nil {
						b.Fatal(err)
					}
				}
			})
		})
	}
}

func BenchmarkGetBelowSchema(b *testing.B) {
	onEachStoreB(b, func(b *testing.B, c *client) {
		c.put("/.schema", `{"type":"object"}`)
		for b.Loop() {
			reply, err := c.service.Serve(b.Context(), c.request("GET", "doc.json"))
			if err != nil {
				b.Fatal(err)
			}
			_ = reply.Close()
		}
	})
}
