package s3store_test

import (
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/adaptors/adaptortest"
	"github.com/seed90475182/restspace/adaptors/s3store"
	"github.com/seed90475182/restspace/adaptors/s3store/s3test"
	"github.com/seed90475182/restspace/bus"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// configOf returns a config for a new bucket of a server.
func configOf(t testing.TB, server *s3test.Server) s3store.Config {
	return s3store.Config{
		Bucket: server.Bucket(t), Endpoint: server.Endpoint,
		Credentials: s3store.Credentials{AccessKeyID: server.AccessKeyID, SecretAccessKey: server.SecretAccessKey},
	}
}

func open(t testing.TB, c s3store.Config) *s3store.Store {
	s, err := s3store.Open(t.Context(), c, adaptors.Env{})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.Close()) })
	return s
}

func TestStore(t *testing.T) {
	server := s3test.Start(t)
	adaptortest.Store(t, func(t *testing.T) adaptors.Store { return open(t, configOf(t, server)) })
}

func TestPrefixesAreStoresOfTheirOwn(t *testing.T) {
	c := configOf(t, s3test.Start(t))
	whole := open(t, c)
	c.Prefix = "shop/notes"
	part := open(t, c)
	_, err := put(part, "a.json", "{}", adaptors.Condition{Absent: true})
	require.NoError(t, err)
	assert.Equal(t, "{}", read(t, whole, "shop", "notes", "a.json"))
	assert.Equal(t, []string{"a.json"}, list(t, part))
	assert.Equal(t, []string{"shop"}, list(t, whole))

	long := make(adaptors.Key, 4)
	for i := range long {
		long[i] = strings.Repeat("x", 252) // with the slashes and the prefix 1022 bytes
	}
	_, err = part.Put(t.Context(), long, text("x"), adaptors.Condition{})
	assert.NoError(t, err)
	long[0] += "xxx"
	_, err = part.Put(t.Context(), long, text("x"), adaptors.Condition{})
	require.ErrorIs(t, err, adaptors.ErrKey)
	assert.Equal(t, "the path takes 1014 bytes when it is stored: shorten it to 1013", bus.Classify(err).Detail)
}

func TestObjectsOfOtherTools(t *testing.T) {
	server := s3test.Start(t)
	c := configOf(t, server)
	s := open(t, c)
	server.WriteFile(t, c.Bucket, "by-hand.txt", "hello")
	server.WriteFile(t, c.Bucket, ".hidden", "not a document")
	server.WriteFile(t, c.Bucket, "%41", "nor this: it is the name of nothing")
	assert.Equal(t, []string{"by-hand.txt"}, list(t, s))
	assert.Equal(t, "hello", read(t, s, "by-hand.txt"))
	_, err := put(s, "by-hand.txt", "new", adaptors.Condition{Exists: true})
	assert.ErrorContains(t, err, "no ETag")
	assert.Equal(t, http.StatusNotImplemented, bus.Classify(err).Status)
	err = s.Delete(t.Context(), adaptors.Key{"by-hand.txt"}, adaptors.Condition{Exists: true})
	assert.ErrorContains(t, err, "no ETag")
	info, err := put(s, "by-hand.txt", "hello", adaptors.Condition{})
	require.NoError(t, err)
	assert.False(t, info.Created)
	assert.NoError(t, s.Delete(t.Context(), adaptors.Key{"by-hand.txt"}, adaptors.Condition{Match: []string{info.ETag}}))
}

func TestStoresOfABucketShareTheirConnections(t *testing.T) {
	c := configOf(t, s3test.Start(t))
	pool := new(adaptors.Pool)
	a, err := s3store.Open(t.Context(), c, adaptors.Env{Pool: pool})
	require.NoError(t, err)
	c.Prefix = "b"
	b, err := s3store.Open(t.Context(), c, adaptors.Env{Pool: pool})
	require.NoError(t, err)
	_, err = put(a, "a", "x", adaptors.Condition{})
	require.NoError(t, err)
	require.NoError(t, a.Close())
	_, err = put(b, "a", "x", adaptors.Condition{})
	assert.NoError(t, err)
	assert.NoError(t, b.Close())
}

func TestCredentialsOfTheEnvironment(t *testing.T) {
	server := s3test.Start(t)
	c := configOf(t, server)
	t.Setenv("AWS_ACCESS_KEY_ID", c.Credentials.AccessKeyID)
	t.Setenv("AWS_SECRET_ACCESS_KEY", c.Credentials.SecretAccessKey)
	c.Credentials = s3store.Credentials{}
	authority := httptest.NewTLSServer(nil)
	authority.Close()
	bundle := filepath.Join(t.TempDir(), "authorities.pem")
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: authority.Certificate().Raw})
	require.NoError(t, os.WriteFile(bundle, certificate, 0o600))
	for _, file := range []string{"", bundle} {
		t.Setenv("AWS_CA_BUNDLE", file)
		_, err := put(open(t, c), "a.json", "{}", adaptors.Condition{})
		assert.NoError(t, err, "AWS_CA_BUNDLE %q", file)
	}
}
