package transfer_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/adaptors/filestore"
	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/runtime/transfer"
)

// BenchmarkCopy copies one directory to another, which is empty. The runs named bare are a loop written by hand over the same
// stores, with the same number of workers and the same comparisons.
func BenchmarkCopy(b *testing.B) {
	for _, size := range []struct {
		name         string
		count, bytes int
	}{{"1KB", 2000, 1 << 10}, {"1MB", 32, 1 << 20}} {
		from := benchmarkStore(b)
		for i := range size.count {
			key := adaptors.Key{fmt.Sprint("dir", i%10), fmt.Sprint(i)}
			_, err := from.Put(b.Context(), key, bus.NewBody(bytes.Repeat([]byte{byte(i)}, size.bytes), ""), adaptors.Condition{})
			require.NoError(b, err)
		}
		for _, verify := range []bool{true, false} {
			name := fmt.Sprintf("%s/verify=%t/", size.name, verify)
			total := int64(size.count * size.bytes)
			b.Run(name+"bare", func(b *testing.B) { benchmarkRuns(b, total, from, verify, bareCopy) })
			b.Run(name+"copy", func(b *testing.B) { benchmarkRuns(b, total, from, verify, fullCopy) })
		}
	}
}

func benchmarkRuns(b *testing.B, total int64, from adaptors.Store, verify bool, run func(b *testing.B, from, to adaptors.Store, verify bool)) {
	b.SetBytes(total)
	for b.Loop() {
		b.StopTimer()
		to := benchmarkStore(b)
		b.StartTimer()
		run(b, from, to, verify)
	}
}

func benchmarkStore(b *testing.B) adaptors.Store {
	s, err := filestore.Open(filestore.Config{Root: b.TempDir(), Durability: filestore.None}, adaptors.Env{})
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, s.Close()) })
	return s
}

const benchmarkWorkers = 16

func fullCopy(b *testing.B, from, to adaptors.Store, verify bool) {
	c := transfer.Copy{From: adaptors.NewKeep(from, 0), To: adaptors.NewKeep(to, 0), Workers: benchmarkWorkers, NoVerify: !verify}
	if err := c.Run(b.Context()); err != nil || c.Counts().Failed > 0 {
		b.Fatal(err, c.Counts())
	}
}

func bareCopy(b *testing.B, from, to adaptors.Store, verify bool) {
	keys := make(chan adaptors.Key)
	var group errgroup.Group
	for range benchmarkWorkers {
		group.Go(func() error {
			buffer := make([]byte, 64<<10)
			for key := range keys {
				if err := bareCopyOne(b.Context(), from, to, key, verify, buffer); err != nil {
					return err
				}
			}
			return nil
		})
	}
	var walk func(dir adaptors.Key)
	walk = func(dir adaptors.Key) {
		for info, err := range from.List(b.Context(), dir, adaptors.ListOptions{}) {
			if err != nil {
				b.Fatal(err)
			}
			if key := append(slices.Clone(dir), info.Name); info.Dir {
				walk(key)
			} else {
				keys <- key
			}
		}
	}
	walk(nil)
	close(keys)
	if err := group.Wait(); err != nil {
		b.Fatal(err)
	}
}

func bareCopyOne(ctx context.Context, from, to adaptors.Store, key adaptors.Key, verify bool, buffer []byte) error {
	body, _, err := from.Get(ctx, key, adaptors.GetOptions{})
	if err != nil {
		return err
	}
	read, stored := sha256.New(), sha256.New()
	if verify && body.Stream() != nil {
		body = bus.NewStream(io.NopCloser(io.TeeReader(body.Reader(), read)), body.Size(), "")
	} else if verify {
		data, _ := body.Bytes(body.Size())
		read.Write(data)
	}
	if _, err = to.Put(ctx, key, body, adaptors.Condition{}); err != nil || !verify {
		return err
	}
	body, _, err = to.Get(ctx, key, adaptors.GetOptions{})
	if err != nil {
		return err
	}
	defer body.Close()
	if _, err := io.CopyBuffer(stored, body.Reader(), buffer); err != nil {
		return err
	}
	if !bytes.Equal(read.Sum(nil), stored.Sum(nil)) {
		return errors.New("another hash")
	}
	return nil
}
