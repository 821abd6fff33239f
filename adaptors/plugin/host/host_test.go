package host_test

import (
	"context"
	"log/slog"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/adaptors/adaptortest"
	"github.com/seed90475182/restspace/adaptors/memstore"
	"github.com/seed90475182/restspace/adaptors/plugin"
	"github.com/seed90475182/restspace/adaptors/plugin/host"
)

// serves is set for the copies of this program that are plugins.
const serves = "RESTSPACE_TEST_PLUGIN"

func TestMain(m *testing.M) {
	if os.Getenv(serves) != "" {
		plugin.Serve(memstore.Kind())
	}
	os.Exit(m.Run())
}

// open opens a store of a plugin that is this program.
func open(t *testing.T) adaptors.Store {
	kind, err := host.Kind(adaptors.Plugin{Path: os.Args[0], Env: map[string]string{serves: "memory"}}, adaptors.StoreInterface)
	require.NoError(t, err)
	made, err := kind.New(context.Background(), kind.Config(), adaptors.Env{Name: "test", Log: slog.New(slog.NewTextHandler(t.Output(), nil))})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, made.(*host.Store).Close()) })
	return made.(adaptors.Store)
}

func TestStoreOverTheWire(t *testing.T) { adaptortest.Store(t, open) }
