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

// TestSwappedForLinks swaps a directory, and a document, for links to what
// must not be seen, as fast as it can, while others read and write there.
func TestSwappedForLinks(t *testing.T) {
	outside, root := t.TempDir(), t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(outside, "doc"), []byte("secret"), 0o600))
	s := openConfig(t, filestore.Config{Root: root, Durability: filestore.None})
	mustPut(t, s, "inside", "dir", "doc")
	dir := filepath.Join(root, "dir")
	require.NoError(t, os.Symlink(outside, filepath.Join(root, ".link")))

	stop := make(chan struct{})
	var swapper sync.WaitGroup
	swapper.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			_ = unix.Renameat2(unix.AT_FDCWD, dir, unix.AT_FDCWD, filepath.Join(root, ".link"), unix.RENAME_EXCHANGE)
		}
	})
	for i := range 1500 {
		if i%3 == 0 {
			_, _ = put(s, "inside", "dir", "doc")
		} else if content, err := read(s, "dir", "doc"); err == nil {
			require.Equal(t, "inside", content)
		} else {
			require.ErrorIs(t, err, fs.ErrNotExist)
		}
	}
	close(stop)
	swapper.Wait()
	data, err := os.ReadFile(filepath.Join(outside, "doc"))
	require.NoError(t, err)
	assert.Equal(t, "secret", string(data))
}
