package examples

import (
	"bufio"
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
	build(t, dir)
	lay(t, "../services.json", filepath.Join(dir, "services.json"), anyPort)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "order.json"), []byte(`{"id": 17}`), 0o600))
	address, _ := serve(t, dir)
	texts := consoles(t, string(readme), 2)
	session(t, dir, strings.Join(texts, ""), swaps{{readmeAddress, address}})
}

// readmeAddress is where the servers of all examples listen.
const readmeAddress = "127.0.0.1:3100"

// swaps are what READMEs and configurations say, each with what stands for it
// in a test.
type swaps [][2]string

var anyPort = swaps{{readmeAddress, "127.0.0.1:0"}}

func (s swaps) toTest(text string) string {
	for _, pair := range s {
		text = strings.ReplaceAll(text, pair[0], pair[1])
	}
	return text
}

func (s swaps) toReadme(text string) string {
	for _, pair := range s {
		text = strings.ReplaceAll(text, pair[1], pair[0])
	}
	return text
}

// lay copies a text, as it is in a test, to where the test runs.
func lay(t *testing.T, from, to string, s swaps) {
	t.Helper()
	text, err := os.ReadFile(from)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(to, []byte(s.toTest(string(text))), 0o600))
}

// build makes the program, in bin of dir.
func build(t *testing.T, dir string) {
	t.Helper()
	out, err := exec.Command("make", "-C", "..", "build", "BIN="+filepath.Join(dir, "bin", "restspace")).CombinedOutput()
	require.NoError(t, err, string(out))
}

// serve starts the server in dir. It returns its address, and what ends it
// before the test does.
func serve(t *testing.T, dir string, flags ...string) (address string, end func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	server := exec.CommandContext(ctx, "bin/restspace", append([]string{"serve"}, flags...)...)
	server.Dir, server.Stderr = dir, t.Output()
	server.Cancel = func() error { return server.Process.Signal(syscall.SIGTERM) }
	server.WaitDelay = 10 * time.Second
	out, err := server.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, server.Start())
	end = func() { cancel(); _ = server.Wait() }
	t.Cleanup(end)
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if address, ok := strings.CutPrefix(lines.Text(), "http://"); ok {
			return address, end
		}
	}
	t.Fatal("the server told no address")
	return "", nil
}

// consoles returns the sessions in a README, of which there are n.
func consoles(t *testing.T, readme string, n int) (texts []string) {
	t.Helper()
	for _, found := range regexp.MustCompile("(?s)```console\n(.*?)```").FindAllStringSubmatch(readme, -1) {
		texts = append(texts, found[1])
	}
	require.Len(t, texts, n)
	return texts
}

// session runs the commands of a text in one shell, and compares what they
// print.
func session(t *testing.T, dir, text string, s swaps) {
	t.Helper()
	var commands, wants []string
	for line := range strings.Lines(text) {
		if command, ok := strings.CutPrefix(line, "$ "); ok {
			commands, wants = append(commands, strings.TrimSuffix(command, "\n")), append(wants, "")
			continue
		}
		require.NotEmpty(t, commands, "a session begins with a command")
		wants[len(wants)-1] += line
	}
	var script strings.Builder
	for _, command := range commands {
		fmt.Fprintf(&script, "%s\nprintf '\\000'\n", s.toTest(command))
	}
	shell := exec.Command("sh", "-c", script.String())
	shell.Dir, shell.Stderr = dir, t.Output()
	shell.Env = append(os.Environ(), "PATH="+filepath.Join(dir, "bin")+":"+os.Getenv("PATH"))
	out, err := shell.Output()
	require.NoError(t, err)
	parts := strings.Split(string(out), "\x00")
	require.Len(t, parts, len(commands)+1)
	for i, command := range commands {
		assert.Equal(t, plain(wants[i]), plain(s.toReadme(parts[i])), command)
	}
}

// plain takes out what differs each time.
func plain(text string) string {
	text = strings.ReplaceAll(text, "\r", "")
	text = regexp.MustCompile(` {3,}`).ReplaceAllString(text, "  ") // columns are as wide as what is in them
	for _, varying := range []string{
		`(?m)^Etag: .*$`, `(?m)^Date: .*$`, `(?m)^X-Request-Id: .*$`, `"instance":"\w+"`, `"exp":\d+`, `"messageId":"\w+@`,
		` +[\d.]+m?s\b`, // of a trace
	} {
		text = regexp.MustCompile(varying).ReplaceAllString(text, "*")
	}
	return strings.TrimSuffix(text, "\n")
}
