package filestore

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/adaptors/adaptortest"
	"github.com/seed90475182/restspace/bus"
)

// The runs named raw, or bare, make the same system calls and do nothing else:
// what filestore adds is the difference.

func benchmarkStore(b *testing.B) *Store {
	b.Helper()
	s, err := Open(Config{Root: b.TempDir()}, adaptors.Env{})
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, s.Close()) })
	return s
}

// sizes are those of the documents that benchmarks read and write.
var sizes = [...]struct {
	name  string
	bytes int
}{{"1KB", 1 << 10}, {"10MB", 10 << 20}}

func BenchmarkGet(b *testing.B) {
	s := benchmarkStore(b)
	buffer := make([]byte, copySize)
	for _, size := range sizes {
		_, err := s.putText(string(make([]byte, size.bytes)), size.name)
		require.NoError(b, err)
		key := adaptors.Key{size.name}
		raw := func() error { return rawGet(s, size.name, size.bytes, buffer) }
		store := func() error { return readAll(s, key, buffer) }
		b.Run(size.name, func(b *testing.B) { adaptortest.Compare(b, int64(size.bytes), raw, store) })
	}
}

// rawGet is the system calls of a Get and of who reads it: what is small comes
// into memory of its own, the rest through a buffer.
func rawGet(s *Store, name string, size int, buffer []byte) error {
	var st unix.Stat_t
	fd, err := unix.Openat(int(s.root.base), name, unix.O_RDONLY|unix.O_CLOEXEC|unix.O_NONBLOCK|unix.O_NOFOLLOW|unix.O_NOCTTY, 0)
	if err == nil {
		err = unix.Fstat(fd, &st)
	}
	if size <= small {
		buffer = make([]byte, size)
	}
	for read := 0; read < size && err == nil; {
		var n int
		n, err = unix.Read(fd, buffer)
		read += n
	}
	return errors.Join(err, unix.Close(fd))
}

// readAll gets a document and reads what is not in memory then.
func readAll(s adaptors.Store, key adaptors.Key, buffer []byte) error {
	body, _, err := s.Get(context.Background(), key, adaptors.GetOptions{})
	if err != nil {
		return err
	}
	if stream := body.Stream(); stream != nil {
		for read := int64(0); read < body.Size() && err == nil; {
			var n int
			n, err = stream.Read(buffer)
			read += int64(n)
		}
	}
	return errors.Join(err, body.Close())
}

// BenchmarkWays is Get of a small document in other places, and as it would be
// with os.Root.
func BenchmarkWays(b *testing.B) {
	s := benchmarkStore(b)
	content := string(make([]byte, 1024))
	_, err := s.putText(content, "doc")
	require.NoError(b, err)
	_, err = s.putText(content, "dir", "doc")
	require.NoError(b, err)
	buffer := make([]byte, 2048)
	keep := adaptors.NewKeep(s, 1<<20)
	root, err := os.OpenRoot(s.path)
	require.NoError(b, err)
	defer root.Close()
	for _, way := range []struct {
		name string
		get  func() error
	}{
		{"keep", func() error {
			body, _, err := keep.Get(b.Context(), adaptors.Key{"doc"}, adaptors.GetOptions{})
			return errors.Join(err, body.Close())
		}},
		{"one directory deep", func() error { return readAll(s, adaptors.Key{"dir", "doc"}, buffer) }},
		{"os.Root", func() error {
			before, err := root.Lstat("doc")
			f, err2 := root.OpenFile("doc", os.O_RDONLY|unix.O_NONBLOCK, 0)
			after, err3 := f.Stat()
			_, err4 := f.Read(buffer)
			if !os.SameFile(before, after) {
				err4 = os.ErrNotExist
			}
			return errors.Join(err, err2, err3, err4, f.Close())
		}},
	} {
		b.Run(way.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := way.get(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkPut(b *testing.B) {
	s := benchmarkStore(b)
	for _, size := range sizes {
		data := make([]byte, size.bytes)
		raw := func() error { return rawPut(s, "raw", data) }
		store := func() error {
			_, err := s.Put(context.Background(), adaptors.Key{"store"}, bus.NewBody(data, ""), adaptors.Condition{})
			return err
		}
		b.Run(size.name, func(b *testing.B) { adaptortest.Compare(b, int64(size.bytes), raw, store) })
	}
}

// BenchmarkPutters has several writers at once.
func BenchmarkPutters(b *testing.B) {
	data := make([]byte, 1024)
	for _, writers := range []int{1, 16} {
		b.Run(fmt.Sprintf("raw/%d", writers), func(b *testing.B) {
			s := benchmarkStore(b)
			benchmarkWriters(b, writers, func(name string) error { return rawPut(s, name, data) })
		})
		b.Run(fmt.Sprintf("store/%d", writers), func(b *testing.B) {
			s := benchmarkStore(b)
			benchmarkWriters(b, writers, func(name string) error {
				_, err := s.Put(context.Background(), adaptors.Key{name}, bus.NewBody(data, ""), adaptors.Condition{})
				return err
			})
		})
	}
}

// benchmarkWriters has put write 1,000 names in turn from that many goroutines.
func benchmarkWriters(b *testing.B, writers int, put func(name string) error) {
	var next atomic.Int64
	b.ReportAllocs()
	b.ResetTimer()
	done := make(chan error)
	for range writers {
		go func() {
			for {
				i := next.Add(1)
				if i > int64(b.N) {
					done <- nil
					return
				}
				if err := put(strconv.FormatInt(i%1000, 10)); err != nil {
					done <- err
					return
				}
			}
		}()
	}
	for range writers {
		require.NoError(b, <-done)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "puts/s")
}

// rawPut is the system calls of a Put.
func rawPut(s *Store, name string, data []byte) error {
	var st unix.Stat_t
	if err := unix.Stat(s.path, &st); err != nil {
		return err
	}
	temp := strconv.FormatUint(s.root.temps.Add(1), 36)
	fd, err := unix.Openat(int(s.root.temp), temp, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return err
	}
	f := os.NewFile(uintptr(fd), temp)
	if _, err := f.Write(data); err != nil {
		return err
	}
	now := unix.NsecToTimespec(s.root.now().UnixNano())
	if err := unix.UtimesNanoAt(int(s.root.temp), temp, []unix.Timespec{now, now}, 0); err != nil {
		return err
	}
	if err := unix.Fstat(fd, &st); err != nil {
		return err
	}
	if err := unix.Fsync(fd); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	_ = unix.Fstatat(int(s.root.base), name, &st, unix.AT_SYMLINK_NOFOLLOW)
	if err := unix.Renameat(int(s.root.temp), temp, int(s.root.base), name); err != nil {
		return err
	}
	return unix.Fsync(int(s.root.base))
}

func BenchmarkListFirstPage(b *testing.B) {
	s := benchmarkStore(b)
	for i := range 100_000 {
		require.NoError(b, os.WriteFile(filepath.Join(s.path, fmt.Sprintf("document-%06d.json", i*7919%1_000_000)), nil, 0o600))
	}
	b.Run("bare", func(b *testing.B) { // one pass of getdents
		b.ReportAllocs()
		for b.Loop() {
			d, err := s.root.base.open(".")
			require.NoError(b, err)
			buffer := make([]byte, 64<<10)
			for n := 1; n > 0; {
				n, err = unix.ReadDirent(int(d), buffer)
				require.NoError(b, err)
			}
			d.close()
		}
	})
	b.Run("store", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			n := 0
			for _, err := range s.List(context.Background(), nil, adaptors.ListOptions{}) {
				require.NoError(b, err)
				if n++; n == maxPage {
					break
				}
			}
		}
	})
	b.Run("ReadDir", func(b *testing.B) { // with all names in memory
		b.ReportAllocs()
		for b.Loop() {
			f, err := os.Open(s.path)
			require.NoError(b, err)
			_, err = f.ReadDir(-1)
			require.NoError(b, err)
			require.NoError(b, f.Close())
		}
	})
}
