package filestore_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/adaptors/adaptortest"
	"github.com/seed90475182/restspace/adaptors/filestore"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// open returns the store of a directory, closed at the end of the test.
func open(t *testing.T, root string) *filestore.Store {
	t.Helper()
	s, err := filestore.Open(filestore.Config{Root: root}, adaptors.Env{})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.Close()) })
	return s
}

func TestStore(t *testing.T) {
	adaptortest.Store(t, func(t *testing.T) adaptors.Store { return open(t, t.TempDir()) })
}
