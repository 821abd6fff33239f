package filestore

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/adaptors"
)

// openLater returns a store whose clock is ahead by an hour, so that all
// changes are old.
func openLater(t *testing.T) *Store {
	s := openInternal(t, Config{Root: t.TempDir()})
	s.root.now = func() time.Time { return time.Now().Add(time.Hour) }
	return s
}

func (s *Store) getBytes(t *testing.T, key ...string) []byte {
	t.Helper()
	body, info, err := s.Get(context.Background(), key, adaptors.GetOptions{})
	require.NoError(t, err)
	assert.Equal(t, key[len(key)-1], info.Name)
	data, err := body.Bytes(body.Size())
	require.NoError(t, err)
	return data
}

// fromMemory reports whether the document at a key is not read anew.
func (s *Store) fromMemory(t *testing.T, key ...string) bool {
	t.Helper()
	first, second := s.getBytes(t, key...), s.getBytes(t, key...)
	return &first[0] == &second[0]
}

func TestCache(t *testing.T) {
	s := openLater(t)
	_, err := s.putText("one", "dir", "a")
	require.NoError(t, err)
	assert.True(t, s.fromMemory(t, "dir", "a"))
	_, before, err := s.Get(t.Context(), adaptors.Key{"dir", "a"}, adaptors.GetOptions{Meta: true})
	require.NoError(t, err)
	_, again, err := s.Get(t.Context(), adaptors.Key{"dir", "a"}, adaptors.GetOptions{})
	require.NoError(t, err)
	assert.Equal(t, before, again)

	_, err = s.putText("two", "dir", "a")
	require.NoError(t, err)
	assert.Equal(t, "two", string(s.getBytes(t, "dir", "a")))
	assert.Equal(t, "two", string(s.getBytes(t, "dir", "a")))

	body, _, err := s.Get(t.Context(), adaptors.Key{"dir", "a"}, adaptors.GetOptions{Range: &adaptors.Range{First: 1, Last: 2}})
	require.NoError(t, err)
	part, err := body.Bytes(10)
	require.NoError(t, err)
	assert.Equal(t, "wo", string(part))

	require.NoError(t, s.Delete(t.Context(), adaptors.Key{"dir", "a"}, adaptors.Condition{}))
	_, _, err = s.Get(t.Context(), adaptors.Key{"dir", "a"}, adaptors.GetOptions{})
	assert.ErrorIs(t, err, os.ErrNotExist)

	_, err = s.putText(strings.Repeat("x", small+1), "large")
	require.NoError(t, err)
	assert.False(t, s.fromMemory(t, "large"))
}

// What others do to the files is seen at once, also where they set the time of
// the modification back.
func TestCacheSeesOthers(t *testing.T) {
	for what, change := range map[string]func(t *testing.T, path string){
		"in place": func(t *testing.T, path string) {
			st, err := os.Stat(path)
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(path, []byte("two"), 0o600))
			require.NoError(t, os.Chtimes(path, time.Time{}, st.ModTime()))
		},
		"by a rename": func(t *testing.T, path string) {
			require.NoError(t, os.WriteFile(path+".new", []byte("two"), 0o600))
			require.NoError(t, os.Rename(path+".new", path))
		},
		"by a rename of the directory": func(t *testing.T, path string) {
			other := filepath.Join(filepath.Dir(filepath.Dir(path)), "other")
			require.NoError(t, os.Mkdir(other, 0o700))
			require.NoError(t, os.WriteFile(filepath.Join(other, "a"), []byte("two"), 0o600))
			require.NoError(t, os.Rename(filepath.Dir(path), other+"-aside"))
			require.NoError(t, os.Rename(other, filepath.Dir(path)))
		},
	} {
		t.Run(what, func(t *testing.T) {
			s := openLater(t)
			_, err := s.putText("one", "dir", "a")
			require.NoError(t, err)
			assert.True(t, s.fromMemory(t, "dir", "a"))
			change(t, filepath.Join(s.path, "dir", "a"))
			assert.Equal(t, "two", string(s.getBytes(t, "dir", "a")))
		})
	}
	s := openLater(t)
	_, err := s.putText("one", "a")
	require.NoError(t, err)
	assert.True(t, s.fromMemory(t, "a"))
	require.NoError(t, os.Remove(filepath.Join(s.path, "a")))
	require.NoError(t, os.Symlink("/etc/hostname", filepath.Join(s.path, "a")))
	_, _, err = s.Get(t.Context(), adaptors.Key{"a"}, adaptors.GetOptions{})
	assert.ErrorIs(t, err, os.ErrNotExist)
}

// What has changed just now may change again with the same time.
func TestCacheOfFreshContent(t *testing.T) {
	s := openInternal(t, Config{Root: t.TempDir()})
	_, err := s.putText("one", "a")
	require.NoError(t, err)
	assert.False(t, s.fromMemory(t, "a"))
}

func TestCacheIsBounded(t *testing.T) {
	var c cache
	data := make([]byte, small)
	for i := range uint64(3 * cacheSize / small) {
		c.put(i, &cached{data: data})
		c.put(i, &cached{data: data}) // counts once
		require.NotNil(t, c.get(0), "what is asked for stays, after %d", i)
	}
	most := cacheSize / small
	assert.Less(t, len(c.young), most)
	assert.Less(t, len(c.old), most)
	assert.Greater(t, len(c.old), most*9/10)
	assert.Nil(t, c.get(1))
}
