package filestore_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"golang.org/x/sys/unix"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/adaptors/adaptortest"
	"github.com/seed90475182/restspace/adaptors/filestore"
	"github.com/seed90475182/restspace/bus"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// open returns the store of a directory, closed at the end of the test.
func open(t testing.TB, root string) *filestore.Store {
	t.Helper()
	return openConfig(t, filestore.Config{Root: root})
}

func openConfig(t testing.TB, c filestore.Config) *filestore.Store {
	t.Helper()
	s, err := filestore.Open(c, adaptors.Env{})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.Close()) })
	return s
}

func put(s *filestore.Store, content string, key ...string) (adaptors.Info, error) {
	return s.Put(context.Background(), key, bus.NewBody([]byte(content), ""), adaptors.Condition{})
}

func mustPut(t testing.TB, s *filestore.Store, content string, key ...string) adaptors.Info {
	t.Helper()
	info, err := put(s, content, key...)
	require.NoError(t, err)
	return info
}

func read(s *filestore.Store, key ...string) (string, error) {
	body, _, err := s.Get(context.Background(), key, adaptors.GetOptions{})
	if err != nil {
		return "", err
	}
	data, err := body.Bytes(1 << 20)
	return string(data), err
}

func list(t *testing.T, s *filestore.Store, prefix ...string) []string {
	t.Helper()
	names := []string{}
	for info, err := range s.List(context.Background(), prefix, adaptors.ListOptions{}) {
		require.NoError(t, err)
		names = append(names, info.Name)
	}
	return names
}

func TestStore(t *testing.T) {
	for _, durability := range []filestore.Durability{filestore.Full, filestore.FileOnly, filestore.None} {
		t.Run(string(durability), func(t *testing.T) {
			adaptortest.Store(t, func(t *testing.T) adaptors.Store {
				return openConfig(t, filestore.Config{Root: t.TempDir(), Durability: durability})
			})
		})
	}
}

func TestModes(t *testing.T) {
	old := unix.Umask(0)
	defer unix.Umask(old)
	root := filepath.Join(t.TempDir(), "data", "notes")
	s := open(t, root)
	mustPut(t, s, "x", "dir", "doc")
	for path, mode := range map[string]fs.FileMode{
		filepath.Dir(root): 0o750, root: 0o750, filepath.Join(root, "dir"): 0o750, filepath.Join(root, "dir", "doc"): 0o600,
		filepath.Join(root, ".tmp"): 0o700, filepath.Join(root, ".lock"): 0o600,
	} {
		info, err := os.Stat(path)
		require.NoError(t, err)
		assert.Equal(t, mode, info.Mode().Perm(), path)
	}
}

func TestLayout(t *testing.T) {
	root := t.TempDir()
	s := open(t, root)
	mustPut(t, s, "content", "users", ".schema.json")
	data, err := os.ReadFile(filepath.Join(root, "users", "%2Eschema.json"))
	require.NoError(t, err)
	assert.Equal(t, "content", string(data))
}

func TestNothingIsLeftBehind(t *testing.T) {
	root := t.TempDir()
	s := open(t, root)
	mustPut(t, s, "x", "a")
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	for what, try := range map[string]func() error{
		"success": func() error { _, err := put(s, "y", "a"); return err },
		"create":  func() error { return putWhere(context.Background(), s, adaptors.Condition{Absent: true}, "new") },
		"condition": func() error {
			return putWhere(context.Background(), s, adaptors.Condition{Absent: true}, "a")
		},
		"condition in no directory": func() error {
			return putWhere(context.Background(), s, adaptors.Condition{Exists: true}, "dir", "a")
		},
		"in the way": func() error { _, err := put(s, "y", "a", "b"); return err },
		"cancelled":  func() error { return putWhere(cancelled, s, adaptors.Condition{}, "a") },
		"short": func() error {
			f, err := os.Open(filepath.Join(root, "a"))
			require.NoError(t, err)
			_, err = s.Put(context.Background(), adaptors.Key{"b"}, bus.NewStream(f, 100, ""), adaptors.Condition{})
			return err
		},
	} {
		err := try()
		assert.Equal(t, what == "success" || what == "create", err == nil, "%s: %v", what, err)
		left, err := os.ReadDir(filepath.Join(root, ".tmp"))
		require.NoError(t, err)
		assert.Empty(t, left, what)
	}
	assert.Equal(t, []string{"a", "new"}, list(t, s))
}

func putWhere(ctx context.Context, s *filestore.Store, c adaptors.Condition, key ...string) error {
	_, err := s.Put(ctx, key, bus.NewBody([]byte("x"), ""), c)
	return err
}

func TestKeyInTheWay(t *testing.T) {
	s := open(t, t.TempDir())
	mustPut(t, s, "x", "a", "b")
	for _, key := range [][]string{{"a"}, {"a", "b", "c"}, {"a", "b", "c", "d"}} {
		_, err := put(s, "y", key...)
		assert.ErrorIs(t, err, fs.ErrExist, "%q", key)
	}
	assert.Equal(t, []string{"b"}, list(t, s, "a"))
}

// TestKeyInTheWayRace writes a document and one below it at the same time.
func TestKeyInTheWayRace(t *testing.T) {
	s := openConfig(t, filestore.Config{Root: t.TempDir(), Durability: filestore.None})
	var group sync.WaitGroup
	for _, key := range []adaptors.Key{{"a"}, {"a", "b"}} {
		for _, c := range []adaptors.Condition{{}, {Absent: true}} {
			group.Go(func() {
				for range 500 {
					err := putWhere(context.Background(), s, c, key...)
					if err != nil && !errors.Is(err, fs.ErrExist) {
						assert.ErrorIs(t, err, adaptors.ErrCondition)
					}
					if err := s.Delete(context.Background(), key, adaptors.Condition{}); err != nil {
						assert.ErrorIs(t, err, fs.ErrNotExist)
					}
				}
			})
		}
	}
	group.Wait()
	assert.Empty(t, list(t, s))
}

func TestTheBodyIsTheFileItselfUnlessItIsSmall(t *testing.T) {
	s := open(t, t.TempDir())
	mustPut(t, s, strings.Repeat("0123456789", 2000), "a")
	get := func(length int64) *bus.Body {
		body, _, err := s.Get(context.Background(), adaptors.Key{"a"}, adaptors.GetOptions{Range: &adaptors.Range{First: 3, Last: 2 + length}})
		require.NoError(t, err)
		assert.Equal(t, length, body.Size())
		t.Cleanup(func() { assert.NoError(t, body.Close()) })
		return body
	}
	assert.Nil(t, get(3).Stream())
	data, err := get(3).Bytes(3)
	require.NoError(t, err)
	assert.Equal(t, "345", string(data))
	assert.Nil(t, get(16<<10).Stream())
	assert.IsType(t, (*os.File)(nil), get(16<<10+1).Stream())
}

func TestEditedByHand(t *testing.T) {
	root := t.TempDir()
	s := open(t, root)
	before := mustPut(t, s, "old", "a")
	require.NoError(t, os.WriteFile(filepath.Join(root, "a"), []byte("new"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(root, "b"), []byte("added"), 0o600))
	body, after, err := s.Get(context.Background(), adaptors.Key{"a"}, adaptors.GetOptions{})
	require.NoError(t, err)
	require.NoError(t, body.Close())
	assert.NotEqual(t, before.ETag, after.ETag)
	assert.Equal(t, []string{"a", "b"}, list(t, s))
}

func TestNamesOfNoKeyAreHidden(t *testing.T) {
	root := t.TempDir()
	s := open(t, root)
	for _, name := range []string{".hidden", "%41", "%2f", "a.", "trailing ", "back\\slash", "not utf-8 \xff"} {
		require.NoError(t, os.WriteFile(filepath.Join(root, name), nil, 0o600))
	}
	mustPut(t, s, "x", "shown")
	assert.Equal(t, []string{"shown"}, list(t, s))
}

func TestClosed(t *testing.T) {
	s, err := filestore.Open(filestore.Config{Root: t.TempDir()}, adaptors.Env{})
	require.NoError(t, err)
	mustPut(t, s, "x", "a")
	body, _, err := s.Get(context.Background(), adaptors.Key{"a"}, adaptors.GetOptions{})
	require.NoError(t, err)
	require.NoError(t, s.Close())

	data, err := body.Bytes(10)
	require.NoError(t, err, "a body outlives its store")
	assert.Equal(t, "x", string(data))
	_, err = read(s, "a")
	assert.ErrorIs(t, err, fs.ErrClosed)
	_, err = put(s, "y", "a")
	assert.ErrorIs(t, err, fs.ErrClosed)
	for _, err := range s.List(context.Background(), nil, adaptors.ListOptions{}) {
		assert.ErrorIs(t, err, fs.ErrClosed)
	}
}
