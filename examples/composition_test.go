package examples

import (
	"bufio"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestComposition runs the commands of the READMEs of webhook and zip-backup.
func TestComposition(t *testing.T) {
	built := t.TempDir()
	build(t, built)
	for folder, sessions := range map[string]int{"webhook": 3, "zip-backup": 2} {
		t.Run(folder, func(t *testing.T) {
			dir := t.TempDir()
			require.NoError(t, os.Symlink(filepath.Join(built, "bin"), filepath.Join(dir, "bin")))
			lay(t, folder+"/services.json", filepath.Join(dir, "services.json"), anyPort)
			address, _ := serve(t, dir)
			readme, err := os.ReadFile(folder + "/README.md")
			require.NoError(t, err)
			session(t, dir, strings.Join(consoles(t, string(readme), sessions), ""), swaps{{readmeAddress, address}})
		})
	}
}

// TestAggregate runs the commands of the README of aggregate, with its APIs.
func TestAggregate(t *testing.T) {
	const apis = "127.0.0.1:4001"
	dir := t.TempDir()
	build(t, dir)
	lay(t, "aggregate/apis.json", filepath.Join(dir, "apis.json"), swaps{{apis, "127.0.0.1:0"}})
	upstream, _ := serve(t, dir, "--config", "apis.json")
	lay(t, "aggregate/services.json", filepath.Join(dir, "services.json"), append(swaps{{apis, upstream}}, anyPort...))
	address, _ := serve(t, dir)
	readme, err := os.ReadFile("aggregate/README.md")
	require.NoError(t, err)
	texts := strings.Join(consoles(t, string(readme), 3), "")
	session(t, dir, texts, swaps{{readmeAddress, address}, {apis, upstream}})
}

// TestNewsletter runs the commands of the README of newsletter, beside a mail
// server that keeps what it gets.
func TestNewsletter(t *testing.T) {
	dir := t.TempDir()
	build(t, dir)
	require.NoError(t, os.CopyFS(filepath.Join(dir, "templates"), os.DirFS("newsletter/templates")))
	port := catch(t, dir)
	lay(t, "newsletter/services.json", filepath.Join(dir, "services.json"), append(swaps{{`"port": 1025`, `"port": ` + port}}, anyPort...))
	address, _ := serve(t, dir)
	readme, err := os.ReadFile("newsletter/README.md")
	require.NoError(t, err)
	session(t, dir, strings.Join(consoles(t, string(readme), 5), ""), swaps{{readmeAddress, address}})
}

// TestMembers runs the commands of the README of members, of which the first come
// before the server does.
func TestMembers(t *testing.T) {
	dir := t.TempDir()
	build(t, dir)
	require.NoError(t, os.CopyFS(filepath.Join(dir, "templates"), os.DirFS("members/templates")))
	port := catch(t, dir)
	lay(t, "members/services.json", filepath.Join(dir, "services.json"), append(swaps{{`"port": 1025`, `"port": ` + port}}, anyPort...))
	readme, err := os.ReadFile("members/README.md")
	require.NoError(t, err)
	texts := consoles(t, string(readme), 6)
	session(t, dir, texts[0], nil)
	address, _ := serve(t, dir)
	session(t, dir, strings.Join(texts[1:], ""), swaps{{readmeAddress, address}})
}

// catch starts the mail server in dir, and returns its port.
func catch(t *testing.T, dir string) (port string) {
	t.Helper()
	program := filepath.Join(dir, "catch")
	out, err := exec.Command("go", "build", "-o", program, "../adaptors/smtpmail/smtptest/catch").CombinedOutput()
	require.NoError(t, err, string(out))
	server := exec.Command(program, "-listen", "127.0.0.1:0", "-dir", "mails")
	server.Dir, server.Stderr = dir, t.Output()
	told, err := server.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, server.Start())
	t.Cleanup(func() {
		assert.NoError(t, server.Process.Signal(syscall.SIGTERM))
		assert.NoError(t, server.Wait())
	})
	line, err := bufio.NewReader(told).ReadString('\n')
	require.NoError(t, err)
	address, ok := strings.CutPrefix(strings.TrimSpace(line), "listening on ")
	require.True(t, ok, line)
	_, port, err = net.SplitHostPort(address)
	require.NoError(t, err)
	return port
}
