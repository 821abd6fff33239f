package s3store_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/adaptors/s3store"
	"github.com/seed90475182/restspace/bus"
)

// openOther opens a store of another server than the one of s3test: all is in
// memory, credentials are not looked at, and conditions are compared by PUT of a
// whole object, and by no other request.
func openOther(t *testing.T) *s3store.Store {
	backend := s3mem.New()
	require.NoError(t, backend.CreateBucket("bucket"))
	server := httptest.NewServer(gofakes3.New(backend).Server())
	t.Cleanup(server.Close)
	return open(t, s3store.Config{
		Bucket: "bucket", Endpoint: server.URL,
		Credentials: s3store.Credentials{AccessKeyID: "any", SecretAccessKey: "any"},
	})
}

func TestOtherServerComparesWhatItCan(t *testing.T) {
	s := openOther(t)
	absent := adaptors.Condition{Absent: true}
	old, err := put(s, "a", "old", absent)
	require.NoError(t, err)
	_, err = put(s, "a", "another", absent)
	assert.ErrorIs(t, err, adaptors.ErrCondition)
	match := adaptors.Condition{Match: []string{old.ETag}}
	now, err := put(s, "a", "now", match)
	require.NoError(t, err)
	_, err = put(s, "a", "late", match)
	assert.ErrorIs(t, err, adaptors.ErrCondition)
	match.Match[0] = now.ETag

	for says, write := range map[string]func() error{
		"that a large document is not there yet:": func() error {
			_, err := s.Put(t.Context(), adaptors.Key{"b"}, noise0(large), absent)
			return err
		},
		"that a large document is the one that was read:": func() error {
			_, err := s.Put(t.Context(), adaptors.Key{"a"}, noise0(large), match)
			return err
		},
		"that the document to delete is the one that was read:": func() error {
			return s.Delete(t.Context(), adaptors.Key{"a"}, match)
		},
	} {
		failed := bus.Classify(write())
		assert.Equal(t, http.StatusNotImplemented, failed.Status, says)
		assert.Contains(t, failed.Detail, says)
	}
	assert.Equal(t, []string{"a"}, list(t, s))
	assert.Equal(t, "now", read(t, s, "a"))
	assert.NoError(t, s.Delete(t.Context(), adaptors.Key{"a"}, adaptors.Condition{}))
	assert.Empty(t, list(t, s))
}

func TestOtherServerHoldsWhatIsWritten(t *testing.T) {
	s := openOther(t)
	_, err := s.Put(t.Context(), adaptors.Key{"dir", "large"}, noise0(large), adaptors.Condition{})
	require.NoError(t, err)
	assert.Len(t, read(t, s, "dir", "large"), large)

	names := adaptors.Key{"%2F", "/", "A", "a", "a+b", "a b", "ä", "a\u0308", "😀"}
	for _, name := range names {
		_, err := put(s, name, name, adaptors.Condition{})
		require.NoError(t, err)
	}
	assert.ElementsMatch(t, append(names, "dir"), list(t, s))
	for _, name := range names {
		assert.Equal(t, name, read(t, s, name))
	}
}

// The server refuses a range that is longer than the object.
func TestOtherServerGivesRanges(t *testing.T) {
	s := openOther(t)
	_, err := put(s, "a", "0123456789", adaptors.Condition{})
	require.NoError(t, err)
	for of, want := range map[adaptors.Range]string{
		{First: 2, Last: 4}:     "234",
		{First: 8, Last: 1000}:  "89",
		{First: -1, Last: 3}:    "789",
		{First: -1, Last: 1000}: "0123456789",
	} {
		body, info, err := s.Get(t.Context(), adaptors.Key{"a"}, adaptors.GetOptions{Range: &of})
		require.NoError(t, err, of)
		data, err := body.Bytes(1000)
		require.NoError(t, err, of)
		assert.Equal(t, want, string(data), of)
		assert.Equal(t, int64(10), info.Size, of)
		assert.NoError(t, body.Close())
	}
}
