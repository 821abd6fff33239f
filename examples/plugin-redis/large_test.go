package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"math/rand"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/bus"
)

var a = adaptors.Key{"a"}

// noise returns bytes that are the same for the same seed.
func noise(seed, size int64) []byte {
	data := make([]byte, size)
	rand.New(rand.NewSource(seed)).Read(data)
	return data
}

func stream(r io.Reader, size int64) *bus.Body { return bus.NewStream(io.NopCloser(r), size, "") }

func put(t *testing.T, s adaptors.Store, key adaptors.Key, data []byte) adaptors.Info {
	t.Helper()
	info, err := s.Put(t.Context(), key, bus.NewBody(data, ""), adaptors.Condition{})
	require.NoError(t, err)
	return info
}

func read(t *testing.T, s adaptors.Store, key adaptors.Key, of *adaptors.Range) []byte {
	t.Helper()
	body, _, err := s.Get(t.Context(), key, adaptors.GetOptions{Range: of})
	require.NoError(t, err)
	defer body.Close()
	data, err := body.Bytes(1 << 30)
	require.NoError(t, err)
	return data
}

func TestBodiesAroundTheSizeOfAChunk(t *testing.T) {
	s := startServer(t).config().open(t)
	for _, size := range []int64{0, 1, chunkSize - 1, chunkSize, chunkSize + 1, 2 * chunkSize, 5*chunkSize + 7} {
		data := noise(size, size)
		for _, body := range []*bus.Body{bus.NewBody(data, ""), stream(bytes.NewReader(data), size), stream(bytes.NewReader(data), -1)} {
			info, err := s.Put(t.Context(), a, body, adaptors.Condition{})
			require.NoError(t, err)
			assert.Equal(t, size, info.Size)
			assert.True(t, bytes.Equal(data, read(t, s, a, nil)), "other bytes came back of %d", size)
		}
	}
}

func TestRangesOfChunks(t *testing.T) {
	s := startServer(t).config().open(t)
	data := noise(1, 3*chunkSize+10)
	put(t, s, a, data)
	for _, r := range [][2]int64{{0, 0}, {0, chunkSize - 1}, {chunkSize - 1, chunkSize}, {chunkSize, chunkSize}, {5, 3 * chunkSize}, {3 * chunkSize, 3*chunkSize + 9}} {
		got := read(t, s, a, &adaptors.Range{First: r[0], Last: r[1]})
		assert.True(t, bytes.Equal(data[r[0]:r[1]+1], got), "%v: %d bytes", r, len(got))
	}
}

// TestChunksExpire looks at what Redis is told: what is a document's stays, and
// what was one's goes, but not while somebody reads it.
func TestChunksExpire(t *testing.T) {
	server := startServer(t)
	s := server.config().open(t)
	old := noise(1, 4*chunkSize)
	put(t, s, a, old)
	bodies := server.client.Keys(t.Context(), s.prefix+"body/*").Val()
	require.Len(t, bodies, 1)
	ttl := func() float64 { return server.client.TTL(t.Context(), bodies[0]).Val().Seconds() }
	assert.Negative(t, ttl(), "the chunks of a document do not expire")

	reader, _, err := s.Get(t.Context(), a, adaptors.GetOptions{})
	require.NoError(t, err)
	put(t, s, a, []byte("new"))
	assert.InDelta(t, grace.Seconds(), ttl(), 10)
	require.NoError(t, server.client.Expire(t.Context(), bodies[0], grace/6).Err()) // later
	start := make([]byte, 100)
	_, err = io.ReadFull(reader.Stream(), start)
	require.NoError(t, err)
	assert.InDelta(t, grace.Seconds(), ttl(), 10, "who reads keeps it")
	rest, err := io.ReadAll(reader.Stream())
	require.NoError(t, err)
	assert.True(t, bytes.Equal(old, append(start, rest...)))

	reader, _, err = s.Get(t.Context(), adaptors.Key{"a"}, adaptors.GetOptions{})
	require.NoError(t, err)
	require.NoError(t, reader.Close())
	large := put(t, s, adaptors.Key{"b"}, old)
	reader, _, err = s.Get(t.Context(), adaptors.Key{"b"}, adaptors.GetOptions{})
	require.NoError(t, err)
	require.NoError(t, s.Delete(t.Context(), adaptors.Key{"b"}, adaptors.Condition{Match: []string{large.ETag}}))
	for _, key := range server.client.Keys(t.Context(), s.prefix+"body/*").Val() {
		assert.Positive(t, server.client.TTL(t.Context(), key).Val(), "%s stays", key)
		require.NoError(t, server.client.Del(t.Context(), key).Err()) // much later
	}
	_, err = io.ReadAll(reader.Stream())
	assert.ErrorContains(t, err, "is gone")
}

// keys returns all that a store has in Redis, but for the revision and what says
// of deletions that they are done, which expires.
func (s *server) keys(t *testing.T, prefix string) (list []string) {
	t.Helper()
	for _, key := range s.client.Keys(t.Context(), prefix+"*").Val() {
		if key != prefix+"revision" && s.client.TTL(t.Context(), key).Val() < 0 {
			list = append(list, key)
		}
	}
	return list
}

func TestNothingIsLeftBehind(t *testing.T) {
	server := startServer(t)
	s := server.config().open(t)
	data := noise(1, 3*chunkSize)
	deep := adaptors.Key{"x", "y", "z"}
	put(t, s, deep, data)
	before := server.keys(t, s.prefix)
	assert.Len(t, before, 5, "the document, its body, and three directories")

	ctx, cancel := context.WithCancel(t.Context())
	for what, body := range map[string]io.Reader{
		"a body that breaks":  io.MultiReader(bytes.NewReader(data), broken{}),
		"a caller who leaves": io.MultiReader(bytes.NewReader(data), does(cancel)),
	} {
		_, err := s.Put(ctx, adaptors.Key{"n", "e", "w"}, stream(body, -1), adaptors.Condition{})
		assert.Error(t, err, what)
	}
	_, err := s.Put(t.Context(), adaptors.Key{"new"}, bus.NewBody(data, ""), adaptors.Condition{Exists: true})
	assert.ErrorIs(t, err, adaptors.ErrCondition)
	_, err = s.Put(t.Context(), append(deep, "below"), bus.NewBody(data, ""), adaptors.Condition{})
	assert.ErrorIs(t, err, fs.ErrExist, "a document is in the way")
	_, err = s.Put(t.Context(), deep[:2], bus.NewBody(data, ""), adaptors.Condition{})
	assert.ErrorIs(t, err, fs.ErrExist, "a directory is in the way")
	assert.ElementsMatch(t, before, server.keys(t, s.prefix))
	assert.Len(t, server.client.Keys(t.Context(), s.prefix+"body/*").Val(), 1, "nor does anything wait to expire")

	require.NoError(t, s.Delete(t.Context(), deep, adaptors.Condition{}))
	assert.Empty(t, server.keys(t, s.prefix))
}

// TestSlowBody has the chunks of a body expire while it is sent.
func TestSlowBody(t *testing.T) {
	server := startServer(t)
	s := server.config().open(t)
	later := func() {
		keys := server.client.Keys(t.Context(), s.prefix+"body/*").Val()
		assert.Len(t, keys, 1)
		assert.NoError(t, server.client.Del(t.Context(), keys...).Err())
	}
	data := noise(1, 2*chunkSize)
	body := io.MultiReader(bytes.NewReader(data), does(later), bytes.NewReader(data))
	_, err := s.Put(t.Context(), a, stream(body, -1), adaptors.Condition{})
	assert.ErrorContains(t, err, "paused")
	assert.Empty(t, server.keys(t, s.prefix))
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errors.New("broken") }

// does is a reader of nothing that does something.
type does func()

func (d does) Read([]byte) (int, error) { d(); return 0, io.EOF }
