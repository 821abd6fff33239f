package examples

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestRedis runs the commands of plugin-redis/README.md with a Redis of its own.
func TestRedis(t *testing.T) {
	readme, err := os.ReadFile("plugin-redis/README.md")
	require.NoError(t, err)
	dir := t.TempDir()
	build(t, dir)
	out, err := exec.Command("go", "build", "-C", "plugin-redis", "-o", filepath.Join(dir, "redis-store"), ".").CombinedOutput()
	require.NoError(t, err, string(out))
	t.Setenv("REDIS_PASSWORD", "secret")
	t.Setenv("REDISCLI_AUTH", "secret")
	port := startRedis(t)
	redis := swaps{{"127.0.0.1:6379", "127.0.0.1:" + port}, {"-p 6379", "-p " + port}}
	lay(t, "plugin-redis/services.json", filepath.Join(dir, "services.json"), append(redis, anyPort...))
	address, _ := serve(t, dir)
	session(t, dir, consoles(t, string(readme), 1)[0], append(redis, [2]string{readmeAddress, address}))
}

// startRedis starts a Redis that keeps nothing, and returns its port.
func startRedis(t *testing.T) (port string) {
	t.Helper()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	_, port, err = net.SplitHostPort(free.Addr().String())
	require.NoError(t, err)
	require.NoError(t, free.Close())
	redis := exec.Command("redis-server", "--port", port, "--bind", "127.0.0.1", "--requirepass", os.Getenv("REDIS_PASSWORD"), "--save", "", "--dir", t.TempDir())
	redis.Stderr = t.Output()
	require.NoError(t, redis.Start(), "install the package redis-server: make testdeps does")
	t.Cleanup(func() { _ = redis.Process.Kill(); _ = redis.Wait() })
	require.Eventually(t, func() bool {
		conn, err := net.Dial("tcp", "127.0.0.1:"+port)
		if err == nil {
			conn.Close()
		}
		return err == nil
	}, 10*time.Second, 10*time.Millisecond)
	return port
}
