package s3store_test

import (
	"context"
	"errors"
	"hash"
	"hash/fnv"
	"io"
	"io/fs"
	"log"
	"math/rand/v2"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/adaptors/s3store/s3test"
	"github.com/seed90475182/restspace/bus"
)

// noise returns a stream of size bytes, other ones for each seed, and the hash
// of what was read of it.
func noise(seed byte, size int64) (io.ReadCloser, hash.Hash64) {
	sum := fnv.New64a()
	return io.NopCloser(io.TeeReader(io.LimitReader(rand.NewChaCha8([32]byte{seed}), size), sum)), sum
}

const large = 21<<20 + 1

func TestLargeBodies(t *testing.T) {
	server := s3test.Start(t)
	c := configOf(t, server)
	s := open(t, c)
	key := adaptors.Key{"dir", "large.bin"}
	seen := make(map[string]bool)
	condition := adaptors.Condition{Absent: true}
	for i, size := range []int64{large, -1, 8 << 20, 8<<20 + 1, -1} { // -1: large, and nobody says so
		length := size
		if size < 0 {
			length = large
		}
		stream, sum := noise(1, length)
		stored, err := s.Put(t.Context(), key, bus.NewStream(stream, size, ""), condition)
		require.NoError(t, err)
		assert.Equal(t, i == 0, stored.Created)
		assert.Equal(t, length, stored.Size)
		assert.False(t, seen[stored.ETag], "also of the same bytes")
		seen[stored.ETag] = true

		body, info, err := s.Get(t.Context(), key, adaptors.GetOptions{})
		require.NoError(t, err)
		got := fnv.New64a()
		n, err := io.Copy(got, body.Reader())
		require.NoError(t, err)
		require.NoError(t, body.Close())
		assert.Equal(t, length, n)
		assert.Equal(t, sum.Sum64(), got.Sum64())
		stored.Created = false
		assert.Equal(t, stored, info)

		_, err = s.Put(t.Context(), key, noise0(large), condition)
		assert.ErrorIs(t, err, adaptors.ErrCondition)
		condition = adaptors.Condition{Match: []string{stored.ETag}}
	}
	assert.Zero(t, server.Unfinished(t, c.Bucket))
}

func TestLargeBodiesInMemoryAreSentAtOnce(t *testing.T) {
	server := s3test.Start(t)
	s := open(t, configOf(t, server))
	var requests []string
	server.Intercept(func(w http.ResponseWriter, r *http.Request, forward http.Handler) {
		requests = append(requests, r.Method)
		forward.ServeHTTP(w, r)
	})
	content := strings.Repeat("x", 9<<20)
	info, err := put(s, "a", content, adaptors.Condition{})
	require.NoError(t, err)
	assert.Equal(t, []string{"HEAD", "PUT"}, requests)
	again, err := put(s, "a", content, adaptors.Condition{Match: []string{info.ETag}})
	require.NoError(t, err)
	before, _, _ := strings.Cut(info.ETag, "-")
	after, _, _ := strings.Cut(again.ETag, "-")
	assert.NotEqual(t, before, after, "what the server compares, also of the same bytes")
	assert.Equal(t, content, read(t, s, "a"))
}

func TestPartsOfHugeBodiesAreLarger(t *testing.T) {
	server := s3test.Start(t)
	s := open(t, configOf(t, server))
	const huge = 200 << 30 // of which a server takes 10,000 parts
	var part atomic.Int64
	server.Intercept(first(always, http.MethodPut, "huge", func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
		part.Store(r.ContentLength)
		s3test.Refuse(w, r, http.StatusForbidden, "AccessDenied")
	}))
	_, err := s.Put(t.Context(), adaptors.Key{"huge"}, noise0(huge), adaptors.Condition{})
	require.Error(t, err)
	assert.GreaterOrEqual(t, part.Load(), int64(huge/10_000))
}

func TestLargeBodiesThatBreak(t *testing.T) {
	server := s3test.Start(t)
	c := configOf(t, server)
	s := open(t, c)
	broken := errors.New("broken")
	var printed strings.Builder
	log.SetOutput(&printed)
	defer log.SetOutput(os.Stderr)
	ctx, cancel := context.WithCancel(t.Context())
	refuse := first(always, http.MethodPut, "refused", refusal(http.StatusForbidden, "AccessDenied"))
	for _, row := range []struct {
		name  string
		ctx   context.Context
		atEnd func() error
		size  int64
		fault s3test.Interceptor
		is    error
	}{
		{"broken", t.Context(), func() error { return broken }, large + 1, nil, broken},
		{"unknown", t.Context(), func() error { return broken }, -1, nil, broken},
		{"short", t.Context(), func() error { return io.EOF }, large + 1, nil, io.ErrUnexpectedEOF},
		{"cancelled", ctx, func() error { cancel(); return io.EOF }, -1, nil, context.Canceled},
		{"refused", t.Context(), func() error { return io.EOF }, -1, refuse, nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			server.Intercept(row.fault)
			defer server.Intercept(nil)
			stream, _ := noise(2, large)
			body := bus.NewStream(io.NopCloser(io.MultiReader(stream, atEnd(row.atEnd))), row.size, "")
			_, err := s.Put(row.ctx, adaptors.Key{row.name}, body, adaptors.Condition{})
			require.Error(t, err)
			if row.is != nil {
				assert.ErrorIs(t, err, row.is)
			}
			_, _, err = s.Get(t.Context(), adaptors.Key{row.name}, adaptors.GetOptions{})
			assert.ErrorIs(t, err, fs.ErrNotExist)
			assert.Zero(t, server.Unfinished(t, c.Bucket), "uploads that nobody needs")
			assert.Empty(t, printed.String())
		})
	}
}

// atEnd is a reader without a byte: its error is what it is called for.
type atEnd func() error

func (f atEnd) Read([]byte) (int, error) { return 0, f() }

func TestLargeAnswersThatAreLost(t *testing.T) {
	server := s3test.Start(t)
	s := open(t, configOf(t, server))
	_, err := s.Put(t.Context(), adaptors.Key{"first"}, noise0(large), adaptors.Condition{Absent: true})
	require.NoError(t, err)
	server.Intercept(first(always, http.MethodPost, "lost", func(w http.ResponseWriter, r *http.Request, forward http.Handler) {
		if r.URL.Query().Has("uploads") {
			forward.ServeHTTP(w, r)
			return
		}
		lost(w, r, forward)
	}))
	info, err := s.Put(t.Context(), adaptors.Key{"lost"}, noise0(large), adaptors.Condition{Absent: true})
	require.NoError(t, err)
	assert.True(t, info.Created)
	assert.Equal(t, int64(large), info.Size)
	assert.WithinDuration(t, time.Now(), info.ModTime, time.Minute)
}

func TestUploadsThatAreGoneSinceTheyWereCompleted(t *testing.T) {
	server := s3test.Start(t)
	s := open(t, configOf(t, server))
	for name, condition := range map[string]adaptors.Condition{"a": {}, "b": {Absent: true}} {
		completions := 0
		server.Intercept(func(w http.ResponseWriter, r *http.Request, forward http.Handler) {
			if about(r, http.MethodPost, name) && r.URL.Query().Has("uploadId") {
				if completions++; completions > 1 {
					s3test.Refuse(w, r, http.StatusNotFound, "NoSuchUpload")
					return
				}
				lost(w, r, forward)
			}
			forward.ServeHTTP(w, r)
		})
		info, err := s.Put(t.Context(), adaptors.Key{name}, noise0(large), condition)
		require.NoError(t, err)
		assert.True(t, info.Created)
		assert.Greater(t, completions, 1)
	}
}

func TestSmallBodiesThatBreak(t *testing.T) {
	s := open(t, configOf(t, s3test.Start(t)))
	broken := errors.New("broken")
	body := func() *bus.Body {
		ten := io.MultiReader(strings.NewReader("0123456789"), atEnd(func() error { return broken }))
		return bus.NewStream(io.NopCloser(ten), -1, "")
	}
	_, err := s.Put(t.Context(), adaptors.Key{"a"}, body(), adaptors.Condition{})
	assert.ErrorIs(t, err, broken)
	_, err = adaptors.NewKeep(s, 5).Put(t.Context(), adaptors.Key{"a"}, body(), adaptors.Condition{})
	assert.Equal(t, http.StatusRequestEntityTooLarge, bus.Classify(err).Status)
}

func noise0(size int64) *bus.Body {
	stream, _ := noise(0, size)
	return bus.NewStream(stream, size, "")
}
