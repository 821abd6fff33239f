package filestore_test

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/adaptors/filestore"
)

// assertHidden sees that a key is neither read, nor replaced, nor removed.
func assertHidden(t *testing.T, s *filestore.Store, key ...string) {
	t.Helper()
	_, err := read(s, key...)
	assert.ErrorIs(t, err, fs.ErrNotExist, "get")
	_, _, err = s.Get(context.Background(), key, adaptors.GetOptions{Meta: true})
	assert.ErrorIs(t, err, fs.ErrNotExist, "facts")
	_, err = put(s, "new", key...)
	assert.ErrorIs(t, err, fs.ErrExist, "put")
	assert.ErrorIs(t, s.Delete(context.Background(), key, adaptors.Condition{}), fs.ErrNotExist, "delete")
}

func TestLinksAreRefused(t *testing.T) {
	outside, root := t.TempDir(), t.TempDir()
	secret := filepath.Join(outside, "secret")
	require.NoError(t, os.WriteFile(secret, []byte("secret"), 0o600))
	s := open(t, root)
	mustPut(t, s, "inside", "dir", "doc")
	for name, target := range map[string]string{
		"file-outside": secret, "file-inside": "dir/doc", "dangling": "nowhere", "dir-outside": outside, "dir-inside": "dir", "loop": "loop",
	} {
		require.NoError(t, os.Symlink(target, filepath.Join(root, name)))
	}
	require.NoError(t, os.Symlink(outside, filepath.Join(root, "dir", "deep")))

	assert.Equal(t, []string{"dir"}, list(t, s))
	assert.Equal(t, []string{"doc"}, list(t, s, "dir"))
	for _, key := range [][]string{
		{"file-outside"}, {"file-inside"}, {"dangling"}, {"dir-outside"}, {"loop"},
		{"dir-outside", "secret"}, {"dir-inside", "doc"}, {"dir", "deep", "secret"}, {"loop", "x"}, {"dangling", "x"},
	} {
		t.Run(adaptors.Key(key).String(), func(t *testing.T) { assertHidden(t, s, key...) })
	}
	assert.Empty(t, list(t, s, "dir-outside"))
	assert.Empty(t, list(t, s, "dir-inside"))
	data, err := os.ReadFile(secret)
	require.NoError(t, err)
	assert.Equal(t, "secret", string(data))
}

func TestSpecialFilesAreNeverOpened(t *testing.T) {
	root := t.TempDir()
	s := open(t, root)
	special := map[string]uint32{"fifo": unix.S_IFIFO, "socket": unix.S_IFSOCK, "null": unix.S_IFCHR}
	for name, mode := range special {
		if err := unix.Mknod(filepath.Join(root, name), mode|0o600, int(unix.Mkdev(1, 3))); err != nil {
			t.Logf("NOT TESTED: %s: %v", name, err)
			continue
		}
		done := make(chan struct{})
		go func() {
			defer close(done)
			assertHidden(t, s, name)
		}()
		select {
		case <-done:
		case <-time.After(5 * time.Second):
			t.Fatalf("%s was opened: nobody comes to its other end", name)
		}
	}
	assert.Empty(t, list(t, s))
}

func TestHardLinksAreDocuments(t *testing.T) {
	root := t.TempDir()
	s := open(t, root)
	mustPut(t, s, "old", "a")
	require.NoError(t, os.Link(filepath.Join(root, "a"), filepath.Join(root, "b")))
	mustPut(t, s, "new", "a")
	content, err := read(s, "b")
	require.NoError(t, err)
	assert.Equal(t, "old", content)
}

// TestSwapped swaps a document, and its directory, for what must not be seen,
// as fast as it can, while others read and write there.
func TestSwapped(t *testing.T) {
	outside := t.TempDir()
	secret := filepath.Join(outside, "doc")
	require.NoError(t, os.WriteFile(secret, []byte("secret"), 0o600))
	tests := map[string]struct {
		swapped string
		make    func(path string) error
	}{
		"a directory for a link": {"dir", func(path string) error { return os.Symlink(outside, path) }},
		"a document for a link":  {"dir/doc", func(path string) error { return os.Symlink(secret, path) }},
		"a document for a FIFO":  {"dir/doc", func(path string) error { return unix.Mkfifo(path, 0o600) }},
	}
	for what, test := range tests {
		t.Run(what, func(t *testing.T) {
			root := t.TempDir()
			s := openConfig(t, filestore.Config{Root: root, Durability: filestore.None})
			mustPut(t, s, "inside", "dir", "doc")
			other := filepath.Join(root, ".other")
			require.NoError(t, test.make(other))
			stop := swap(filepath.Join(root, test.swapped), other)
			defer stop()
			for i := range 1500 {
				if i%3 == 0 {
					_, _ = put(s, "inside", "dir", "doc")
				} else if content, err := read(s, "dir", "doc"); err == nil {
					require.Equal(t, "inside", content)
				} else {
					require.ErrorIs(t, err, fs.ErrNotExist)
				}
			}
			data, err := os.ReadFile(secret)
			require.NoError(t, err)
			assert.Equal(t, "secret", string(data))
		})
	}
}

// swap exchanges two names until it is told to stop.
func swap(a, b string) (stop func()) {
	done := make(chan struct{})
	var swapper sync.WaitGroup
	swapper.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
				_ = unix.Renameat2(unix.AT_FDCWD, a, unix.AT_FDCWD, b, unix.RENAME_EXCHANGE)
			}
		}
	})
	return func() {
		close(done)
		swapper.Wait()
	}
}
