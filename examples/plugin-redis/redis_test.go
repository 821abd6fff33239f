package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/adaptors/adaptortest"
	"github.com/seed90475182/restspace/adaptors/plugin/host"
)

// serves is set for the copies of this program that are plugins.
const serves = "RESTSPACE_TEST_PLUGIN"

func TestMain(m *testing.M) {
	if os.Getenv(serves) != "" {
		main()
	}
	goleak.VerifyTestMain(m)
}

// server is a redis-server that a test has started.
type server struct {
	address string // the path of its socket
	args    []string
	process *exec.Cmd
	client  *redis.Client
	stores  atomic.Int32
}

// startServer starts a Redis that keeps nothing, and ends it with the test.
func startServer(t *testing.T, args ...string) *server {
	t.Helper()
	dir, err := os.MkdirTemp("", "redis") // the path of a socket is short
	require.NoError(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	s := &server{address: filepath.Join(dir, "socket")}
	s.args = append([]string{"--port", "0", "--unixsocket", s.address, "--dir", dir, "--save", "", "--appendonly", "no"}, args...)
	s.client = redis.NewClient(&redis.Options{Addr: s.address, Protocol: 2})
	s.start(t)
	t.Cleanup(func() { s.end(); s.client.Close() })
	return s
}

func (s *server) start(t *testing.T) {
	t.Helper()
	s.process = exec.Command("redis-server", s.args...)
	require.NoError(t, s.process.Start(), "install the package redis-server: make testdeps does")
	require.Eventually(t, func() bool {
		answer, err := s.client.Do(context.Background(), "PING").Result()
		return answer == "PONG" || redis.IsAuthError(err)
	}, 20*time.Second, 10*time.Millisecond)
}

func (s *server) end() {
	_ = s.process.Process.Kill()
	_ = s.process.Wait()
}

// config returns one of a store with keys of its own.
func (s *server) config() Config {
	return Config{Address: s.address, Prefix: fmt.Sprintf("test%d:", s.stores.Add(1))}
}

// open opens a store in this process.
func (c Config) open(t *testing.T) *store {
	t.Helper()
	opened, err := open(t.Context(), c, adaptors.Env{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, opened.(*store).Close()) })
	return opened.(*store)
}

func TestStore(t *testing.T) {
	s := startServer(t)
	adaptortest.Store(t, func(t *testing.T) adaptors.Store { return s.config().open(t) })
}

// TestStoreAsPlugin has one process for all clauses, since it has nothing that is
// not in Redis.
func TestStoreAsPlugin(t *testing.T) {
	s := startServer(t)
	plugin := openPlugin(t, pluginKind(t), fmt.Sprintf(`{"address": %q}`, s.address))
	adaptortest.Store(t, func(t *testing.T) adaptors.Store {
		require.NoError(t, s.client.FlushAll(t.Context()).Err())
		return plugin
	})
}

// pluginKind returns what this program serves as a plugin.
func pluginKind(t *testing.T) adaptors.Kind {
	t.Helper()
	kind, err := host.Kind(adaptors.Plugin{Path: os.Args[0], Env: map[string]string{serves: "redis"}}, adaptors.StoreInterface)
	require.NoError(t, err)
	return kind
}

func env(t *testing.T) adaptors.Env {
	return adaptors.Env{Log: slog.New(slog.NewTextHandler(t.Output(), nil))}
}

func openPlugin(t *testing.T, kind adaptors.Kind, config string) *host.Store {
	t.Helper()
	raw := adaptors.RawConfig(config)
	opened, err := kind.New(t.Context(), &raw, env(t))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, opened.(*host.Store).Close()) })
	return opened.(*host.Store)
}
