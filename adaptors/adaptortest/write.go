package adaptortest

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"strings"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/bus"
)

func writing() []Clause {
	return []Clause{
		{Name: "Put reads a stream of known and of unknown size", Check: putStreams},
		{Name: "Put replaces all of the old content", Check: putReplaces},
		{Name: "Put says whether the key was new", Check: putSaysCreated},
		{Name: "Put closes its body whatever it returns", Check: putCloses},
		{Name: "a failed Put changes nothing", Check: failedPut},
		{Name: "a body that ends early is an error", Check: shortBody},
		{Name: "a cancelled context leaves nothing behind", Check: cancelledPut},
		{Name: "a cancelled Delete deletes nothing", Check: cancelledDelete},
		{Name: "a deleted key is gone", Check: deleted},
		{Name: "an ETag is never the same for two contents of a key", Check: etagsNeverRepeat},
	}
}

// stream is the body of a test: it counts how often it was closed, and may
// fail at its end.
type stream struct {
	io.Reader
	atEnd  func() error // instead of io.EOF, where it is an error
	closed int
}

func (s *stream) Read(p []byte) (int, error) {
	n, err := s.Reader.Read(p)
	if err == io.EOF && s.atEnd != nil {
		if failure := s.atEnd(); failure != nil {
			return n, failure
		}
	}
	return n, err
}

func (s *stream) Close() error {
	s.closed++
	return nil
}

func putStreams(t T, s adaptors.Store) {
	content := strings.Repeat("stream ", 50_000)
	for _, size := range []int64{-1, int64(len(content))} {
		info, err := s.Put(context.Background(), key("a"), bus.NewStream(&stream{Reader: strings.NewReader(content)}, size, ""), adaptors.Condition{})
		require.NoErrorf(t, err, "size %d", size)
		assert.Equal(t, int64(len(content)), info.Size)
		got, _ := read(t, s, key("a"))
		assert.Truef(t, content == got, "size %d: other bytes came back", size)
	}
}

func putReplaces(t T, s adaptors.Store) {
	for _, content := range []string{"a long one", "short", "", "a longer one than all"} {
		put(t, s, key("a"), content)
		got, _ := read(t, s, key("a"))
		assert.Equal(t, content, got)
	}
}

func putSaysCreated(t T, s adaptors.Store) {
	assert.True(t, put(t, s, key("d", "a"), "1").Created, "a new key is not said to be created")
	assert.False(t, put(t, s, key("d", "a"), "2").Created, "a replaced key is said to be created")
	remove(t, s, key("d", "a"))
	info, err := s.Put(context.Background(), key("d", "a"), text("3"), adaptors.Condition{Absent: true})
	require.NoError(t, err)
	assert.True(t, info.Created, "a key that had been deleted is not said to be created")
	info, err = s.Put(context.Background(), key("d", "a"), text("4"), adaptors.Condition{Match: []string{info.ETag}})
	require.NoError(t, err)
	assert.False(t, info.Created, "a key whose ETag matched is said to be created")
}

func putCloses(t T, s adaptors.Store) {
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	broken := func() error { return errors.New("broken") }
	tests := []struct {
		what  string
		ctx   context.Context
		c     adaptors.Condition
		atEnd func() error
		size  int64
	}{
		{"success", context.Background(), adaptors.Condition{}, nil, 4},
		{"a condition that does not hold", context.Background(), adaptors.Condition{Match: []string{"no"}}, nil, 4},
		{"a broken body", context.Background(), adaptors.Condition{}, broken, -1},
		{"a short body", context.Background(), adaptors.Condition{}, nil, 5},
		{"a cancelled context", cancelled, adaptors.Condition{}, nil, 4},
	}
	for _, test := range tests {
		b := &stream{Reader: strings.NewReader("body"), atEnd: test.atEnd}
		_, err := s.Put(test.ctx, key("a"), bus.NewStream(b, test.size, ""), test.c)
		assert.Equalf(t, test.what == "success", err == nil, "%s: %v", test.what, err)
		assert.Positivef(t, b.closed, "%s: the body was not closed", test.what)
	}
}

// failing puts bodies that must fail, to a key that is there, to one that is
// not, and to one in a directory of its own, and sees that nothing changes.
func failing(t T, s adaptors.Store, put func(k adaptors.Key) error) {
	here, absent, below := key("here"), key("absent"), key("dir", "below")
	_, err := s.Put(context.Background(), here, text("content"), adaptors.Condition{})
	require.NoError(t, err)
	before := stateOf(t, s, here)
	for _, k := range []adaptors.Key{here, absent, below} {
		assert.Errorf(t, put(k), "put %s", k)
	}
	assert.Equal(t, before, stateOf(t, s, here))
	for _, k := range []adaptors.Key{absent, below} {
		_, _, err := s.Get(context.Background(), k, adaptors.GetOptions{})
		assert.ErrorIsf(t, err, fs.ErrNotExist, "get %s", k)
	}
	assert.Empty(t, names(t, s, key("dir"), ""))
}

func failedPut(t T, s adaptors.Store) {
	// A connection that breaks ends a stream with io.ErrUnexpectedEOF.
	for _, broken := range []error{errors.New("broken"), io.ErrUnexpectedEOF} {
		for _, size := range []int64{-1, 10_000} {
			failing(t, s, func(k adaptors.Key) error {
				b := &stream{Reader: strings.NewReader(strings.Repeat("x", 5_000)), atEnd: func() error { return broken }}
				_, err := s.Put(context.Background(), k, bus.NewStream(b, size, ""), adaptors.Condition{})
				return err
			})
		}
	}
}

func shortBody(t T, s adaptors.Store) {
	for _, length := range []int{0, 1, 99} {
		failing(t, s, func(k adaptors.Key) error {
			b := &stream{Reader: strings.NewReader(strings.Repeat("x", length))}
			_, err := s.Put(context.Background(), k, bus.NewStream(b, 100, ""), adaptors.Condition{})
			return err
		})
	}
}

func cancelledPut(t T, s adaptors.Store) {
	failing(t, s, func(k adaptors.Key) error { // before
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		_, err := s.Put(ctx, k, text("new"), adaptors.Condition{})
		return err
	})
	failing(t, s, func(k adaptors.Key) error { // while the body is read
		ctx, cancel := context.WithCancel(context.Background())
		b := &stream{Reader: strings.NewReader("new"), atEnd: func() error { cancel(); return nil }}
		_, err := s.Put(ctx, k, bus.NewStream(b, -1, ""), adaptors.Condition{})
		assert.ErrorIs(t, err, context.Canceled)
		return err
	})
}

func cancelledDelete(t T, s adaptors.Store) {
	put(t, s, key("a"), "content")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	assert.ErrorIs(t, s.Delete(ctx, key("a"), adaptors.Condition{}), context.Canceled)
	content, _ := read(t, s, key("a"))
	assert.Equal(t, "content", content)
}

func deleted(t T, s adaptors.Store) {
	put(t, s, key("a"), "a")
	put(t, s, key("b"), "b")
	remove(t, s, key("a"))
	_, _, err := s.Get(context.Background(), key("a"), adaptors.GetOptions{})
	assert.ErrorIs(t, err, fs.ErrNotExist)
	assert.Equal(t, []string{"b"}, names(t, s, nil, ""))
	assert.ErrorIs(t, s.Delete(context.Background(), key("a"), adaptors.Condition{}), fs.ErrNotExist)
}

func etagsNeverRepeat(t T, s adaptors.Store) {
	seen, contents := make(map[string]int), make(map[string]string)
	for i := range 60 {
		if i%5 == 4 {
			remove(t, s, key("a"))
		}
		content := []string{"same", "same", "diff"}[i%3]
		info := put(t, s, key("a"), content)
		require.NotEmpty(t, info.ETag)
		before, again := seen[info.ETag]
		require.Falsef(t, again, "writes %d and %d have the ETag %q", before, i, info.ETag)
		seen[info.ETag] = i
		if other, again := contents[info.Content]; info.Content != "" && again {
			require.Equal(t, other, content, "both have the Content %q", info.Content)
		}
		contents[info.Content] = content
	}
}
