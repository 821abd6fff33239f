package s3store_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/adaptors/adaptortest"
	"github.com/seed90475182/restspace/adaptors/s3store"
	"github.com/seed90475182/restspace/adaptors/s3store/s3test"
)

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
