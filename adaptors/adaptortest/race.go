package adaptortest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/bus"
)

func racing() []Clause {
	return []Clause{
		{Name: "of many writers with one ETag exactly one wins", Check: oneReplacer},
		{Name: "of many creators of a key exactly one wins", Check: oneCreator},
		{Name: "of many deleters with one ETag exactly one wins", Check: oneDeleter},
		{Name: "of a writer and a deleter with one ETag exactly one wins", Check: writerOrDeleter},
		{Name: "writers that retry on ErrCondition lose no update", Check: noLostUpdate},
		{Name: "a reader beside writers sees one content, whole", Check: noTornRead},
		{Name: "writers beside deleters of one directory do not fail", Check: directoryRace},
	}
}

const (
	rounds  = 10
	runners = 8
)

// race runs f in parallel and returns how many of them had no error. An error
// that is none of losing fails the test.
func race(t T, f func(i int) error, losing ...error) int {
	t.Helper()
	var won atomic.Int32
	var group sync.WaitGroup
	start := make(chan struct{})
	for i := range runners {
		group.Go(func() {
			<-start
			err := f(i)
			for _, lost := range losing {
				if errors.Is(err, lost) {
					return
				}
			}
			if assert.NoError(t, err) {
				won.Add(1)
			}
		})
	}
	close(start)
	group.Wait()
	return int(won.Load())
}

// slow returns a body of a stream, so that writers overlap.
func slow(content string) *bus.Body {
	return bus.NewStream(io.NopCloser(io.MultiReader(strings.NewReader(content[:1]), strings.NewReader(content[1:]))), -1, "")
}

func oneReplacer(t T, s adaptors.Store) {
	etag := put(t, s, key("d", "a"), "start").ETag
	for range rounds {
		var winner atomic.Value
		won := race(t, func(i int) error {
			content := fmt.Sprintf("writer %d", i)
			info, err := s.Put(context.Background(), key("d", "a"), slow(content), adaptors.Condition{Match: []string{etag}})
			if err == nil {
				winner.Store([2]string{content, info.ETag})
			}
			return err
		}, adaptors.ErrCondition)
		require.Equal(t, 1, won, "winners")
		content, info := read(t, s, key("d", "a"))
		require.Equal(t, winner.Load(), [2]string{content, info.ETag})
		etag = info.ETag
	}
}

func oneCreator(t T, s adaptors.Store) {
	for round := range rounds {
		k := key("d", fmt.Sprint(round), "a")
		var winner atomic.Value
		won := race(t, func(i int) error {
			content := fmt.Sprintf("creator %d", i)
			_, err := s.Put(context.Background(), k, slow(content), adaptors.Condition{Absent: true})
			if err == nil {
				winner.Store(content)
			}
			return err
		}, adaptors.ErrCondition)
		require.Equal(t, 1, won, "winners")
		content, _ := read(t, s, k)
		require.Equal(t, winner.Load(), content)
	}
}

func oneDeleter(t T, s adaptors.Store) {
	for range rounds {
		etag := put(t, s, key("d", "a"), "x").ETag
		won := race(t, func(int) error {
			return s.Delete(context.Background(), key("d", "a"), adaptors.Condition{Match: []string{etag}})
		}, adaptors.ErrCondition, fs.ErrNotExist)
		require.Equal(t, 1, won, "winners")
	}
}

func writerOrDeleter(t T, s adaptors.Store) {
	for range rounds {
		c := adaptors.Condition{Match: []string{put(t, s, key("d", "a"), "x").ETag}}
		won := race(t, func(i int) error {
			if i%2 == 0 {
				return s.Delete(context.Background(), key("d", "a"), c)
			}
			_, err := s.Put(context.Background(), key("d", "a"), slow("y!"), c)
			return err
		}, adaptors.ErrCondition, fs.ErrNotExist)
		require.Equal(t, 1, won, "winners")
	}
}

func noLostUpdate(t T, s adaptors.Store) {
	put(t, s, key("counter"), "")
	race(t, func(int) error {
		for range rounds {
			for {
				body, info, err := s.Get(context.Background(), key("counter"), adaptors.GetOptions{})
				if err != nil {
					return err
				}
				data, err := body.Bytes(maxBody)
				if err = errors.Join(err, body.Close()); err != nil {
					return err
				}
				_, err = s.Put(context.Background(), key("counter"), text(string(data)+"+"), adaptors.Condition{Match: []string{info.ETag}})
				if err == nil {
					break
				}
				if !errors.Is(err, adaptors.ErrCondition) {
					return err
				}
			}
		}
		return nil
	})
	content, _ := read(t, s, key("counter"))
	assert.Equal(t, runners*rounds, len(content), "updates")
}

func noTornRead(t T, s adaptors.Store) {
	content := func(i int) string { return strings.Repeat(fmt.Sprint(i), 1000*(i+1)) }
	put(t, s, key("a"), content(0))
	race(t, func(i int) error {
		for range 5 * rounds {
			if i%2 == 0 {
				if _, err := s.Put(context.Background(), key("a"), text(content(i)), adaptors.Condition{}); err != nil {
					return err
				}
				continue
			}
			body, info, err := s.Get(context.Background(), key("a"), adaptors.GetOptions{})
			if err != nil {
				return err
			}
			data, err := body.Bytes(maxBody)
			if err = errors.Join(err, body.Close()); err != nil {
				return err
			}
			assert.Equal(t, info.Size, int64(len(data)), "the size of a Get")
			if assert.NotEmpty(t, data) {
				assert.Truef(t, content(int(data[0]-'0')) == string(data), "%d bytes that nobody wrote together", len(data))
			}
		}
		return nil
	})
}

func directoryRace(t T, s adaptors.Store) {
	race(t, func(i int) error {
		k := key("d", "e", fmt.Sprint("own", i))
		for range 2 * rounds {
			if _, err := s.Put(context.Background(), k, text("x"), adaptors.Condition{}); err != nil {
				return err
			}
			if err := s.Delete(context.Background(), k, adaptors.Condition{}); err != nil {
				return err
			}
		}
		return nil
	})
	assert.Empty(t, names(t, s, nil, ""))
}
