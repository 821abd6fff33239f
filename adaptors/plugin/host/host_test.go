package host_test

import (
	"context"
	"io"
	"log/slog"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/adaptors/adaptortest"
	"github.com/seed90475182/restspace/adaptors/plugin/host"
	"github.com/seed90475182/restspace/adaptors/plugin/plugintest"
)

func TestMain(m *testing.M) {
	plugintest.Main()
	serveOthers()
	serveBenchmarks()
	goleak.VerifyTestMain(m)
}

// program returns a plugin that is this program, with a fault.
func program(fault plugintest.Fault) adaptors.Plugin {
	return adaptors.Plugin{Path: os.Args[0], Env: map[string]string{plugintest.Env: string(fault)}, Timeout: 10 * time.Second}
}

// tryOpen opens a store of a plugin.
func tryOpen(p adaptors.Plugin, config string, log io.Writer) (*host.Store, error) {
	kind, err := host.Kind(p, adaptors.StoreInterface)
	if err != nil {
		return nil, err
	}
	raw := adaptors.RawConfig(config)
	made, err := kind.New(context.Background(), &raw, adaptors.Env{Name: "test", Log: slog.New(slog.NewTextHandler(log, nil))})
	if err != nil {
		return nil, err
	}
	return made.(*host.Store), nil
}

// open opens one that is closed at the end of the test.
func open(t *testing.T, p adaptors.Plugin) *host.Store {
	t.Helper()
	s, err := tryOpen(p, "{}", t.Output())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

// pid returns the number of the process behind a store.
func pid(t testing.TB, s *host.Store) int {
	t.Helper()
	text, err := get(s, string(plugintest.PID))
	require.NoError(t, err)
	return number(t, text)
}

func number(t testing.TB, text string) int {
	t.Helper()
	n, err := strconv.Atoi(text)
	require.NoError(t, err)
	return n
}

// get reads a document to its end.
func get(s *host.Store, name string) (string, error) {
	body, _, err := s.Get(context.Background(), adaptors.Key{name}, adaptors.GetOptions{})
	if err != nil {
		return "", err
	}
	defer body.Close()
	data, err := io.ReadAll(body.Reader())
	return string(data), err
}

func TestStoreOverTheWire(t *testing.T) {
	adaptortest.Store(t, func(t *testing.T) adaptors.Store { return open(t, program(plugintest.None)) })
}
