package adaptortest

import (
	"context"
	"io/fs"
	"strings"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/adaptors"
)

func reading() []Clause {
	return []Clause{
		{Name: "a missing key is fs.ErrNotExist", Check: missing},
		{Name: "a missing key is fs.ErrNotExist through Keep", Check: missingThroughKeep},
		{Name: "a directory is no document", Check: directoryIsNoDocument},
		{Name: "Get gives what Put stored", Check: getGivesWhatPutStored},
		{Name: "Get gives the same facts as Put", Check: sameFacts},
		{Name: "metadata comes without a body", Check: metadata},
		{Name: "a range is the bytes that were asked for", Check: ranges},
		{Name: "a range without a byte of the body is ErrRange with the facts", Check: badRanges},
		{Name: "a cancelled Get is the error of its context", Check: cancelledGet},
		{Name: "a reader keeps the old content while the key is replaced", Check: heldWhileReplaced},
		{Name: "a reader keeps the old content while the key is deleted", Check: heldWhileDeleted},
	}
}

func missing(t T, s adaptors.Store) {
	put(t, s, key("here", "too"), "x")
	for _, k := range []adaptors.Key{key("no"), key("no", "such", "key"), key("here", "no"), key("here", "too", "no")} {
		_, _, err := s.Get(context.Background(), k, adaptors.GetOptions{})
		assert.ErrorIsf(t, err, fs.ErrNotExist, "get %s", k)
		_, _, err = s.Get(context.Background(), k, adaptors.GetOptions{Meta: true})
		assert.ErrorIsf(t, err, fs.ErrNotExist, "facts of %s", k)
		_, _, err = s.Get(context.Background(), k, adaptors.GetOptions{Range: &adaptors.Range{First: 0, Last: 1}})
		assert.ErrorIsf(t, err, fs.ErrNotExist, "range of %s", k)
		assert.ErrorIsf(t, s.Delete(context.Background(), k, adaptors.Condition{}), fs.ErrNotExist, "delete %s", k)
	}
}

func missingThroughKeep(t T, s adaptors.Store) { missing(t, adaptors.NewKeep(s, 1<<20)) }

func directoryIsNoDocument(t T, s adaptors.Store) {
	put(t, s, key("a", "b", "c"), "x")
	for _, k := range []adaptors.Key{key("a"), key("a", "b")} {
		_, _, err := s.Get(context.Background(), k, adaptors.GetOptions{})
		assert.ErrorIsf(t, err, fs.ErrNotExist, "get %s", k)
		assert.ErrorIsf(t, s.Delete(context.Background(), k, adaptors.Condition{}), fs.ErrNotExist, "delete %s", k)
	}
	content, _ := read(t, s, key("a", "b", "c"))
	assert.Equal(t, "x", content)
}

func getGivesWhatPutStored(t T, s adaptors.Store) {
	for name, content := range map[string]string{
		"empty": "", "one": "1", "text": "grüße\r\n", "zeros": "\x00\x00\x00", "large": strings.Repeat("0123456789abcdef", 1<<17),
	} {
		put(t, s, key(name), content)
		got, info := read(t, s, key(name))
		assert.Truef(t, content == got, "%s: %d bytes came back of %d, or others", name, len(got), len(content))
		assert.Equal(t, name, info.Name)
		assert.Equal(t, int64(len(content)), info.Size)
	}
}

func sameFacts(t T, s adaptors.Store) {
	before := time.Now().Add(-time.Minute)
	stored := put(t, s, key("dir", "doc.json"), "{}")
	require.NotEmpty(t, stored.ETag)
	assert.Equal(t, "doc.json", stored.Name)
	assert.Equal(t, int64(2), stored.Size)
	assert.True(t, stored.Created, "a new key is not said to be created")
	assert.WithinRange(t, stored.ModTime, before, time.Now().Add(time.Minute))

	_, info := read(t, s, key("dir", "doc.json"))
	assert.True(t, stored.ModTime.Equal(info.ModTime), "put says %s and get %s", stored.ModTime, info.ModTime)
	stored.Created, stored.ModTime, info.ModTime = false, time.Time{}, time.Time{}
	assert.Equal(t, stored, info)
	for listed, err := range s.List(context.Background(), key("dir"), adaptors.ListOptions{}) {
		require.NoError(t, err)
		if listed.ETag != "" {
			assert.Equal(t, stored.ETag, listed.ETag, "what List says")
		}
		if listed.Content != "" {
			assert.Equal(t, stored.Content, listed.Content, "what List says")
		}
	}
}

func metadata(t T, s adaptors.Store) {
	stored := put(t, s, key("a"), "content")
	body, info, err := s.Get(context.Background(), key("a"), adaptors.GetOptions{Meta: true})
	require.NoError(t, err)
	assert.Nil(t, body)
	assert.Equal(t, stored.ETag, info.ETag)
	assert.Equal(t, int64(7), info.Size)
}

func ranges(t T, s adaptors.Store) {
	put(t, s, key("a"), "0123456789")
	tests := []struct {
		of   adaptors.Range
		want string
	}{
		{adaptors.Range{First: 0, Last: -1}, "0123456789"},
		{adaptors.Range{First: 0, Last: 0}, "0"},
		{adaptors.Range{First: 3, Last: 5}, "345"},
		{adaptors.Range{First: 9, Last: 9}, "9"},
		{adaptors.Range{First: 7, Last: -1}, "789"},
		{adaptors.Range{First: 5, Last: 1000}, "56789"},
		{adaptors.Range{First: -1, Last: 3}, "789"},
		{adaptors.Range{First: -1, Last: 1000}, "0123456789"},
	}
	for _, test := range tests {
		body, info, err := s.Get(context.Background(), key("a"), adaptors.GetOptions{Range: &test.of})
		require.NoErrorf(t, err, "%+v", test.of)
		assert.Equalf(t, test.want, drain(t, body), "%+v", test.of)
		assert.Equalf(t, int64(10), info.Size, "%+v: the size is the whole body's", test.of)
	}
}

func badRanges(t T, s adaptors.Store) {
	put(t, s, key("a"), "0123456789")
	put(t, s, key("empty"), "")
	tests := []struct {
		name string
		size int64
		of   adaptors.Range
	}{
		{"a", 10, adaptors.Range{First: 10, Last: -1}},
		{"a", 10, adaptors.Range{First: 11, Last: 20}},
		{"a", 10, adaptors.Range{First: -1, Last: 0}},
		{"empty", 0, adaptors.Range{First: 0, Last: -1}},
		{"empty", 0, adaptors.Range{First: -1, Last: 5}},
	}
	for _, test := range tests {
		body, info, err := s.Get(context.Background(), key(test.name), adaptors.GetOptions{Range: &test.of})
		assert.ErrorIsf(t, err, adaptors.ErrRange, "%+v", test.of)
		assert.Nil(t, body)
		assert.Equalf(t, test.size, info.Size, "%+v: the size", test.of)
	}
}

func cancelledGet(t T, s adaptors.Store) {
	put(t, s, key("a"), "x")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, _, err := s.Get(ctx, key("a"), adaptors.GetOptions{})
	assert.ErrorIs(t, err, context.Canceled)
	for _, err := range s.List(ctx, nil, adaptors.ListOptions{}) {
		assert.ErrorIs(t, err, context.Canceled)
	}
}

func heldWhileReplaced(t T, s adaptors.Store) {
	old := strings.Repeat("old", 100_000)
	put(t, s, key("a"), old)
	body, _, err := s.Get(context.Background(), key("a"), adaptors.GetOptions{})
	require.NoError(t, err)
	for range 3 {
		put(t, s, key("a"), "new")
	}
	assert.True(t, old == drain(t, body), "the reader has something else")
	content, _ := read(t, s, key("a"))
	assert.Equal(t, "new", content)
}

func heldWhileDeleted(t T, s adaptors.Store) {
	put(t, s, key("d", "a"), "old")
	body, _, err := s.Get(context.Background(), key("d", "a"), adaptors.GetOptions{})
	require.NoError(t, err)
	remove(t, s, key("d", "a"))
	assert.Equal(t, "old", drain(t, body))
}
