package memstore_test

import (
	"context"
	"io/fs"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/adaptors/adaptortest"
	"github.com/seed90475182/restspace/adaptors/memstore"
	"github.com/seed90475182/restspace/bus"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestStore(t *testing.T) {
	adaptortest.Store(t, func(*testing.T) adaptors.Store { return memstore.New() })
}

func TestKeyInTheWay(t *testing.T) {
	s := memstore.New()
	put := func(key ...string) error {
		_, err := s.Put(context.Background(), key, bus.NewBody([]byte("x"), ""), adaptors.Condition{})
		return err
	}
	require.NoError(t, put("a", "b"))
	assert.ErrorIs(t, put("a"), fs.ErrExist)
	assert.ErrorIs(t, put("a", "b", "c"), fs.ErrExist)
	assert.ErrorIs(t, put("a", "b", "c", "d"), fs.ErrExist)
}

func TestStoresShareNoETags(t *testing.T) {
	seen := make(map[string]bool)
	for range 10 { // as a server that is started again and again
		info, err := memstore.New().Put(context.Background(), adaptors.Key{"a"}, bus.NewBody(nil, ""), adaptors.Condition{})
		require.NoError(t, err)
		assert.False(t, seen[info.ETag])
		seen[info.ETag] = true
	}
}
