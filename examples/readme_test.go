package examples

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestReadme runs the commands of README.md, as a new user would, and compares
// what they print. `make run` is run as its two halves, so that the server can
// have an address and a directory of its own.
func TestReadme(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	require.NoError(t, err)
	dir := t.TempDir()
	build := exec.Command("make", "-C", "..", "build", "BIN="+filepath.Join(dir, "bin", "restspace"))
	out, err := build.CombinedOutput()
	require.NoError(t, err, string(out))
	config, err := os.ReadFile("../services.json")
	require.NoError(t, err)
	config = bytes.Replace(config, []byte("127.0.0.1:3100"), []byte("127.0.0.1:0"), 1)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "services.json"), config, 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "order.json"), []byte(`{"id": 17}`), 0o600))

	address := serve(t, dir)
	blocks := regexp.MustCompile("(?s)```console\n(.*?)```").FindAllSubmatch(readme, -1)
	require.Len(t, blocks, 2)
	for _, block := range blocks {
		session(t, dir, string(block[1]), address)
	}
}

// serve starts the server in dir and returns its address.
func serve(t *testing.T, dir string) string {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	server := exec.CommandContext(ctx, "bin/restspace", "serve")
	server.Dir, server.Stderr = dir, t.Output()
	server.Cancel = func() error { return server.Process.Signal(syscall.SIGTERM) }
	server.WaitDelay = 10 * time.Second
	out, err := server.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, server.Start())
	t.Cleanup(func() { cancel(); _ = server.Wait() })
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if address, ok := strings.CutPrefix(lines.Text(), "http://"); ok {
			return address
		}
	}
	t.Fatal("the server told no address")
	return ""
}

// session runs the commands of a block in one shell.
func session(t *testing.T, dir, block string, address string) {
	t.Helper()
	var commands, wants []string
	for line := range strings.Lines(block) {
		if command, ok := strings.CutPrefix(line, "$ "); ok {
			commands, wants = append(commands, strings.TrimSuffix(command, "\n")), append(wants, "")
			continue
		}
		require.NotEmpty(t, commands, "a block begins with a command")
		wants[len(wants)-1] += line
	}
	var script strings.Builder
	for _, command := range commands {
		fmt.Fprintf(&script, "%s\nprintf '\\000'\n", strings.ReplaceAll(command, "127.0.0.1:3100", address))
	}
	shell := exec.Command("sh", "-c", script.String())
	shell.Dir, shell.Stderr = dir, t.Output()
	out, err := shell.Output()
	require.NoError(t, err)
	parts := strings.Split(string(out), "\x00")
	require.Len(t, parts, len(commands)+1)
	for i, command := range commands {
		assert.Equal(t, plain(wants[i]), plain(parts[i]), command)
	}
}

// plain takes out what differs each time.
func plain(text string) string {
	text = strings.ReplaceAll(text, "\r", "")
	for _, varying := range []string{`(?m)^Etag: .*$`, `(?m)^Date: .*$`, `(?m)^X-Request-Id: .*$`, `"instance":"\w+"`} {
		text = regexp.MustCompile(varying).ReplaceAllString(text, "*")
	}
	return strings.TrimSuffix(text, "\n")
}
