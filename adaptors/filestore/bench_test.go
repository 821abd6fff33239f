package filestore

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/bus"
)

// The benchmarks named bare do the same system calls in a loop and nothing
// else: what filestore adds is the difference.

func benchmarkStore(b *testing.B) *Store {
	b.Helper()
	s, err := Open(Config{Root: b.TempDir()}, adaptors.Env{})
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, s.Close()) })
	return s
}

func BenchmarkGet1KB(b *testing.B) {
	s := benchmarkStore(b)
	_, err := s.putText(string(make([]byte, 1024)), "doc")
	require.NoError(b, err)
	_, err = s.putText(string(make([]byte, 1024)), "dir", "doc")
	require.NoError(b, err)
	buffer := make([]byte, 2048)
	ctx := context.Background()

	get := func(store adaptors.Store, key adaptors.Key) func(b *testing.B) {
		return func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				body, _, err := store.Get(ctx, key, adaptors.GetOptions{})
				if err != nil {
					b.Fatal(err)
				}
				if n, _ := body.Reader().Read(buffer); n != 1024 {
					b.Fatal(n)
				}
				if err := body.Close(); err != nil {
					b.Fatal(err)
				}
			}
		}
	}
	b.Run("bare", func(b *testing.B) {
		b.ReportAllocs()
		var st unix.Stat_t
		for b.Loop() {
			err := unix.Fstatat(int(s.root.base), "doc", &st, unix.AT_SYMLINK_NOFOLLOW)
			fd, err2 := unix.Openat(int(s.root.base), "doc", unix.O_RDONLY|unix.O_CLOEXEC|unix.O_NONBLOCK|unix.O_NOFOLLOW, 0)
			f := os.NewFile(uintptr(fd), "doc")
			err3 := unix.Fstat(fd, &st)
			n, err4 := f.Read(buffer)
			if err != nil || err2 != nil || err3 != nil || err4 != nil || n != 1024 || f.Close() != nil {
				b.Fatal(err, err2, err3, err4, n)
			}
		}
	})
	b.Run("store", get(s, adaptors.Key{"doc"}))
	b.Run("keep", func(b *testing.B) {
		keep := adaptors.NewKeep(s, 1<<20)
		b.ReportAllocs()
		for b.Loop() {
			body, _, err := keep.Get(ctx, adaptors.Key{"doc"}, adaptors.GetOptions{})
			if err != nil {
				b.Fatal(err)
			}
			if n, _ := body.Reader().Read(buffer); n != 1024 {
				b.Fatal(n)
			}
			_ = body.Close()
		}
	})
	b.Run("one directory deep", get(s, adaptors.Key{"dir", "doc"}))
	b.Run("root", func(b *testing.B) { // what os.Root would cost
		root, err := os.OpenRoot(s.path)
		require.NoError(b, err)
		defer root.Close()
		b.ReportAllocs()
		for b.Loop() {
			before, err := root.Lstat("doc")
			f, err2 := root.OpenFile("doc", os.O_RDONLY|unix.O_NONBLOCK, 0)
			after, err3 := f.Stat()
			n, err4 := f.Read(buffer)
			if err != nil || err2 != nil || err3 != nil || err4 != nil || n != 1024 || !os.SameFile(before, after) || f.Close() != nil {
				b.Fatal(err, err2, err3, err4, n)
			}
		}
	})
}

func BenchmarkPut1KB(b *testing.B) {
	data := make([]byte, 1024)
	for _, writers := range []int{1, 16} {
		b.Run(fmt.Sprintf("bare/%d", writers), func(b *testing.B) {
			s := benchmarkStore(b)
			benchmarkWriters(b, writers, func(name string) error { return barePut(s, name, data) })
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

// barePut is the system calls of a Put.
func barePut(s *Store, name string, data []byte) error {
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
