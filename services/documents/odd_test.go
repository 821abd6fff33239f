package documents_test

import (
	"context"
	"iter"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/adaptors/memstore"
	"github.com/seed90475182/restspace/bus"
)

// odd is a store whose listings show "zombie.json" last, which was deleted a
// moment ago, and which counts the bodies that it opens.
type odd struct {
	adaptors.Store
	opened int
}

func (s *odd) List(ctx context.Context, prefix adaptors.Key, o adaptors.ListOptions) iter.Seq2[adaptors.Info, error] {
	return func(yield func(adaptors.Info, error) bool) {
		for info, err := range s.Store.List(ctx, prefix, o) {
			if !yield(info, err) {
				return
			}
		}
		yield(adaptors.Info{Name: "zombie.json", Size: -1}, nil)
	}
}

func (s *odd) Get(ctx context.Context, key adaptors.Key, o adaptors.GetOptions) (*bus.Body, adaptors.Info, error) {
	if !o.Meta {
		s.opened++
	}
	return s.Store.Get(ctx, key, o)
}

func TestWhatIsDeletedMeanwhile(t *testing.T) {
	c := newClient(t, &odd{Store: memstore.New()}, true)
	c.fill("x", "y")
	assert.Equal(t, `{"x.json":{ "x":1},"y.json":{ "y":1}}`, c.get("/?$list=items").body)
	assert.Regexp(t, `^\[\{"name":"x.json".*\},\{"name":"y.json".*\}\]$`, c.get("/?$list=details").body)
	assert.Equal(t, 204, c.do("DELETE", "/?$recursive=true", nil).status)
	assert.Equal(t, 404, c.get("/x").status)
}

func TestCachesAreAnsweredWithoutABody(t *testing.T) {
	store := &odd{Store: memstore.New()}
	c := newClient(t, store, true)
	tag := c.put("/x", "1")
	assert.Equal(t, 304, c.get("/x", "If-None-Match", tag).status)
	assert.Zero(t, store.opened)
	assert.Equal(t, 200, c.get("/x", "If-None-Match", `"old"`).status)
	assert.Equal(t, 1, store.opened)
}

func TestNamesThatNoURLHasAreNotListed(t *testing.T) {
	store := memstore.New()
	c := newClient(t, store, false)
	for _, name := range []string{"a", `b\c`, "d\u202ee", ".."} {
		_, err := store.Put(t.Context(), adaptors.Key{name}, bus.NewBody([]byte("x"), ""), adaptors.Condition{})
		require.NoError(t, err)
	}
	assert.Equal(t, `["a"]`, c.get("/?$list=all").body)
	assert.Equal(t, []string{"a"}, c.pages("/?$list=all&$take=1"))
}

func TestADocumentOfExtensionOnly(t *testing.T) {
	c := newClient(t, memstore.New(), true)
	c.put("/d/.json", "1")
	assert.Equal(t, "1", c.get("/d/.json").body)
	c.sees = func(path []string) bool { return path[len(path)-1] == "" }
	assert.Equal(t, `[]`, c.get("/d/?$list=all").body, "who may read the directory may not read this")
}
