package filestore

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/bus"
)

func openInternal(t *testing.T, c Config) *Store {
	t.Helper()
	s, err := Open(c, adaptors.Env{})
	require.NoError(t, err)
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func (s *Store) putText(content string, key ...string) (adaptors.Info, error) {
	return s.Put(context.Background(), key, bus.NewBody([]byte(content), ""), adaptors.Condition{})
}

// TestTimesNeverRepeat writes with a clock that stands, that goes back, and
// that goes back while the server is down.
func TestTimesNeverRepeat(t *testing.T) {
	root := t.TempDir()
	start := time.Now()
	var last time.Time
	for _, clock := range []time.Time{start, start, start.Add(-time.Hour), start.Add(time.Minute), start.Add(-time.Hour)} {
		s := openInternal(t, Config{Root: root})
		s.root.now = func() time.Time { return clock }
		for range 3 {
			info, err := s.putText("same", "a")
			require.NoError(t, err)
			assert.True(t, info.ModTime.After(last), "%s after %s, the clock at %s", info.ModTime, last, clock)
			last = info.ModTime
		}
		require.NoError(t, s.Close())
	}
	assert.WithinDuration(t, start.Add(time.Minute), last, time.Second, "a clean end reserves nothing")
}

func TestTimesNeverRepeatAfterACrash(t *testing.T) {
	root := t.TempDir()
	s := openInternal(t, Config{Root: root})
	s.root.now = func() time.Time { return time.Now().Add(time.Hour) } // it will be set right while the server is down
	before, err := s.putText("same", "a")
	require.NoError(t, err)
	require.NoError(t, s.root.lock.Unlock()) // as the kernel does, and nothing else

	again := openInternal(t, Config{Root: root})
	after, err := again.putText("same", "a")
	require.NoError(t, err)
	assert.True(t, after.ModTime.After(before.ModTime))
	assert.WithinDuration(t, before.ModTime, after.ModTime, 2*time.Second)
}

// TestListingOfManyPages lists directories of a page and more, from the
// beginning and from every name.
func TestListingOfManyPages(t *testing.T) {
	for _, count := range []int{9, 10, 11, 20, 21, 95} {
		root := t.TempDir()
		s := openInternal(t, Config{Root: root})
		s.pageSize = 10
		var want []string
		for i := range count {
			name := fmt.Sprintf("%x", sha256.Sum256([]byte{byte(i)}))
			if i%10 == 0 {
				require.NoError(t, os.Mkdir(filepath.Join(root, name), 0o700))
				name += "/"
			} else {
				require.NoError(t, os.WriteFile(filepath.Join(root, name), nil, 0o600))
			}
			want = append(want, name)
		}
		slices.Sort(want)
		for i, after := range append([]string{""}, want...) {
			got := []string{}
			for info, err := range s.List(context.Background(), nil, adaptors.ListOptions{After: after}) {
				require.NoError(t, err)
				if info.Dir {
					info.Name += "/"
				}
				got = append(got, info.Name)
			}
			require.Equal(t, want[i:], got, "%d names, after %q", count, after)
		}
	}
}

func TestSelection(t *testing.T) {
	offer := func(names ...string) []string {
		s := selection{after: "b", size: 2}
		for _, name := range names {
			dir := name[len(name)-1] == '/'
			s.offer([]byte(strings.TrimSuffix(name, "/")), map[bool]kind{true: directory, false: document}[dir])
		}
		return s.positions()
	}
	assert.Equal(t, []string{"c", "d"}, offer("g", "f", "e", "d", "c", "b", "a"))
	assert.Equal(t, []string{"c"}, offer("d", "d", "c", "c", "d", "e"), "a directory that gives names twice: a shorter page, and there is more")
	assert.Equal(t, []string{"b-", "b/"}, offer("c", "b/", "b", "b-"), "the slash counts")
}

// syncs counts the syncs of files and of directories, and fails those that it
// is told to.
type syncs struct {
	mu          sync.Mutex
	files, dirs int
	failFiles   error
	failDirs    error
}

func (c *syncs) sync(fd int) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return err
	}
	if isRegular(&st) {
		c.files++
		return c.failFiles
	}
	c.dirs++
	return c.failDirs
}

func TestWhatIsSynced(t *testing.T) {
	tests := []struct {
		durability  Durability
		key         adaptors.Key
		files, dirs int
	}{
		{Full, adaptors.Key{"a"}, 1, 1},
		{Full, adaptors.Key{"d", "e", "a"}, 1, 3}, // the document's, and each that holds a new one
		{FileOnly, adaptors.Key{"d", "a"}, 1, 0},
		{None, adaptors.Key{"d", "a"}, 0, 0},
	}
	for _, test := range tests {
		s := openInternal(t, Config{Root: t.TempDir(), Durability: test.durability})
		var count syncs
		s.root.sync = count.sync
		_, err := s.putText("x", test.key...)
		require.NoError(t, err)
		assert.Equal(t, test.files, count.files, "%s %s: files", test.durability, test.key)
		assert.Equal(t, test.dirs, count.dirs, "%s %s: directories", test.durability, test.key)
		count.dirs = 0
		require.NoError(t, s.Delete(context.Background(), test.key, adaptors.Condition{}))
		assert.Equal(t, min(1, test.dirs), count.dirs, "%s %s: directories of a delete", test.durability, test.key)
	}
}

func TestFailedSyncOfAFile(t *testing.T) {
	s := openInternal(t, Config{Root: t.TempDir()})
	before, err := s.putText("old", "a")
	require.NoError(t, err)
	require.NoError(t, s.Health())
	count := syncs{failFiles: unix.EIO}
	s.root.sync = count.sync

	for _, key := range []adaptors.Key{{"a"}, {"d", "new"}} {
		_, err = s.putText("new", key...)
		require.ErrorIs(t, err, unix.EIO)
	}
	assert.Equal(t, 2, count.files, "no descriptor is synced twice")
	assert.ErrorIs(t, s.Health(), unix.EIO)
	_, after, err := s.Get(context.Background(), adaptors.Key{"a"}, adaptors.GetOptions{Meta: true})
	require.NoError(t, err)
	assert.Equal(t, before.ETag, after.ETag)
	assert.NoError(t, s.root.temp.each(context.Background(), func(name []byte, _ kind) error {
		t.Errorf("the temporary file %s is left", name)
		return nil
	}))

	s.root.sync = unix.Fsync
	_, err = s.putText("new", "a")
	require.NoError(t, err)
	assert.ErrorIs(t, s.Health(), unix.EIO, "what was lost stays lost")
}

func TestFailedSyncOfADirectory(t *testing.T) {
	s := openInternal(t, Config{Root: t.TempDir()})
	count := syncs{failDirs: unix.EIO}
	s.root.sync = count.sync
	_, err := s.putText("new", "d", "a")
	require.ErrorIs(t, err, unix.EIO)
	assert.ErrorContains(t, err, "the document is stored, but may not survive a power cut")
	assert.ErrorIs(t, s.Health(), unix.EIO)
	assert.ErrorIs(t, s.Delete(context.Background(), adaptors.Key{"d", "a"}, adaptors.Condition{}), unix.EIO)
}

// TestNoLockAroundASync lets one writer of a key wait in its sync, of the file
// and then of the directory, while another one of the same key goes past it.
func TestNoLockAroundASync(t *testing.T) {
	for _, waits := range []string{"file", "directory"} {
		t.Run(waits, func(t *testing.T) {
			s := openInternal(t, Config{Root: t.TempDir()})
			reached, resume := make(chan struct{}), make(chan struct{})
			var waited atomic.Bool
			s.root.sync = func(fd int) error {
				var st unix.Stat_t
				if err := unix.Fstat(fd, &st); err != nil {
					return err
				}
				if isRegular(&st) == (waits == "file") && !waited.Swap(true) {
					close(reached)
					<-resume
				}
				return nil
			}
			done := make(chan error)
			go func() {
				_, err := s.putText("slow", "a")
				done <- err
			}()
			<-reached
			_, err := s.putText("quick", "a")
			close(resume)
			require.NoError(t, err)
			require.NoError(t, <-done)
		})
	}
}
