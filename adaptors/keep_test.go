package adaptors_test

import (
	"context"
	"io"
	"io/fs"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/adaptors/adaptortest"
	"github.com/seed90475182/restspace/adaptors/memstore"
	"github.com/seed90475182/restspace/bus"
)

// kept is a Keep as a Store, whose facts say nothing of media types.
type kept struct{ *adaptors.Keep }

func (k kept) Get(ctx context.Context, key adaptors.Key, o adaptors.GetOptions) (*bus.Body, adaptors.Info, error) {
	b, info, err := k.Keep.Get(ctx, key, o)
	info.MediaType = ""
	return b, info, err
}

func (k kept) Put(ctx context.Context, key adaptors.Key, b *bus.Body, c adaptors.Condition) (adaptors.Info, error) {
	info, err := k.Keep.Put(ctx, key, b, c)
	info.MediaType = ""
	return info, err
}

// TestKeepKeepsTheContract sees that nothing of a Store is lost in a Keep.
func TestKeepKeepsTheContract(t *testing.T) {
	adaptortest.Store(t, func(*testing.T) adaptors.Store {
		return kept{adaptors.NewKeep(memstore.New(), 64<<20)}
	})
}

func TestKeepChecksKeys(t *testing.T) {
	keep := adaptors.NewKeep(memstore.New(), 0)
	for _, key := range []adaptors.Key{{}, {""}, {"a", ""}, {strings.Repeat("x", 256)}, {"\xff"}} {
		_, _, err := keep.Get(t.Context(), key, adaptors.GetOptions{})
		assert.ErrorIs(t, err, adaptors.ErrKey, "get %q", key)
		body := &closing{Reader: strings.NewReader("x")}
		_, err = keep.Put(t.Context(), key, bus.NewStream(body, 1, ""), adaptors.Condition{})
		assert.ErrorIs(t, err, adaptors.ErrKey, "put %q", key)
		assert.True(t, body.closed, "put %q closes the body", key)
		assert.ErrorIs(t, keep.Delete(t.Context(), key, adaptors.Condition{}), adaptors.ErrKey, "delete %q", key)
		if len(key) == 0 {
			continue // the root has a listing
		}
		for _, err := range keep.List(t.Context(), key, adaptors.ListOptions{}) {
			assert.ErrorIs(t, err, adaptors.ErrKey, "list %q", key)
		}
	}
}

type closing struct {
	io.Reader
	closed bool
}

func (c *closing) Close() error {
	c.closed = true
	return nil
}

func TestKeepLimitsBodies(t *testing.T) {
	const limit = 1000
	keep := adaptors.NewKeep(memstore.New(), limit)
	for _, size := range []int{limit - 1, limit, limit + 1, 100 * limit} {
		content := strings.Repeat("x", size)
		for what, body := range map[string]*bus.Body{
			"bytes":          bus.NewBody([]byte(content), ""),
			"known stream":   bus.NewStream(io.NopCloser(strings.NewReader(content)), int64(size), ""),
			"unknown stream": bus.NewStream(io.NopCloser(strings.NewReader(content)), -1, ""),
		} {
			info, err := keep.Put(t.Context(), adaptors.Key{"dir", what}, body, adaptors.Condition{})
			if size <= limit {
				require.NoError(t, err, "%s of %d", what, size)
				assert.Equal(t, int64(size), info.Size)
				require.NoError(t, keep.Delete(t.Context(), adaptors.Key{"dir", what}, adaptors.Condition{}))
				continue
			}
			var known *bus.Error
			require.ErrorAs(t, err, &known, "%s of %d", what, size)
			assert.Equal(t, 413, known.Status)
			assert.Equal(t, bus.TypeBodyTooLarge, known.Type)
			assert.Contains(t, known.Detail, "limit of 1000 bytes")
		}
	}
	for info, err := range keep.List(t.Context(), adaptors.Key{"dir"}, adaptors.ListOptions{}) {
		t.Errorf("%s is left in the directory, %v", info.Name, err)
	}
}

func TestKeepSaysWhatFailed(t *testing.T) {
	keep := adaptors.NewKeep(memstore.New(), 0)
	_, _, err := keep.Get(t.Context(), adaptors.Key{"users", "7"}, adaptors.GetOptions{})
	assert.EqualError(t, err, "get users/7: file does not exist")
	_, err = keep.Put(t.Context(), adaptors.Key{"users", "7"}, nil, adaptors.Condition{Exists: true})
	assert.EqualError(t, err, "put users/7: the condition does not hold")
	assert.ErrorIs(t, err, adaptors.ErrCondition)
	err = keep.Delete(t.Context(), adaptors.Key{"users", "a/b"}, adaptors.Condition{})
	assert.EqualError(t, err, "delete users/a%2Fb: file does not exist")
	assert.ErrorIs(t, err, fs.ErrNotExist)
}

func TestKeepSetsMediaTypes(t *testing.T) {
	keep := adaptors.NewKeep(memstore.New(), 0)
	for name, want := range map[string]string{
		"a.json": "application/json", "A.JSON": "application/json", "page.html": "text/html; charset=utf-8",
		"x.tar.gz": "application/gzip", "none": "application/octet-stream", ".json": "application/json", "a.unknown": "application/octet-stream",
	} {
		stored, err := keep.Put(t.Context(), adaptors.Key{name}, bus.NewBody([]byte("{}"), "image/png"), adaptors.Condition{})
		require.NoError(t, err)
		assert.Equal(t, want, stored.MediaType, name)
		body, info, err := keep.Get(t.Context(), adaptors.Key{name}, adaptors.GetOptions{})
		require.NoError(t, err)
		assert.Equal(t, want, info.MediaType, name)
		assert.Equal(t, want, body.MediaType(), name)
		for listed, err := range keep.List(t.Context(), nil, adaptors.ListOptions{}) {
			require.NoError(t, err)
			assert.Equal(t, want, listed.MediaType, name)
		}
		require.NoError(t, keep.Delete(t.Context(), adaptors.Key{name}, adaptors.Condition{}))
	}
}

func TestKeepAllocatesLittle(t *testing.T) {
	store := memstore.New()
	keep := adaptors.NewKeep(store, 1<<20)
	key := adaptors.Key{"users", "7.json"}
	_, err := keep.Put(t.Context(), key, bus.NewBody(make([]byte, 1024), ""), adaptors.Condition{})
	require.NoError(t, err)
	get := func(s adaptors.Store) float64 {
		return testing.AllocsPerRun(100, func() {
			b, _, _ := s.Get(context.Background(), key, adaptors.GetOptions{})
			_ = b.Close()
		})
	}
	assert.LessOrEqual(t, get(keep)-get(store), 1.0, "what Keep adds to a Get")
}
