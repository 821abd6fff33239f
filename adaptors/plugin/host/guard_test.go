package host_test

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/adaptors/plugin/plugintest"
)

// hosts is set for the copies of this program that are a server with a plugin.
const hosts = "RESTSPACE_TEST_HOST"

// serveOthers is a server that prints the number of its plugin's process, and
// waits to be killed.
func serveOthers() {
	fault := os.Getenv(hosts)
	if fault == "" {
		return
	}
	s, err := tryOpen(program(plugintest.Fault(fault)), "{}", os.Stderr)
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	number, err := get(s, string(plugintest.PID))
	fmt.Println(number, err)
	select {}
}

// The process groups of this test end with their server, whatever is in them.
func TestNothingIsLeftOfAKilledServer(t *testing.T) {
	for name, row := range map[string]struct {
		fault   plugintest.Fault
		stopped bool
		members int
	}{
		"well":             {plugintest.None, false, 2},
		"stopped":          {plugintest.None, true, 2},
		"deaf":             {plugintest.Deaf, false, 2},
		"deaf and stopped": {plugintest.Deaf, true, 2},
		"children":         {plugintest.Forks, false, 4},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			server := exec.Command(os.Args[0])
			server.Env = append(os.Environ(), hosts+"="+string(row.fault), "TMPDIR="+dir)
			out, err := server.StdoutPipe()
			require.NoError(t, err)
			require.NoError(t, server.Start())
			var number int
			_, err = fmt.Fscan(out, &number)
			assert.NoError(t, err)
			group, err := syscall.Getpgid(number)
			assert.NoError(t, err)
			assert.Len(t, plugintest.Group(group), row.members)
			assert.NotEmpty(t, entries(t, dir), "the socket has a directory")
			if row.stopped {
				assert.NoError(t, syscall.Kill(-group, syscall.SIGSTOP))
				for _, member := range plugintest.Group(group) {
					assert.Eventually(t, func() bool { return isStopped(member) }, 20*time.Second, time.Millisecond)
				}
			}
			assert.NoError(t, server.Process.Kill())
			_ = server.Wait()
			assert.Eventually(t, func() bool { return len(plugintest.Group(group)) == 0 && len(entries(t, dir)) == 0 },
				20*time.Second, 10*time.Millisecond, "left: %v %v", plugintest.Group(group), entries(t, dir))
		})
	}
}

// A program without a watching shell ends by what its standard input tells it.
func TestAPluginEndsWithItsStandardInput(t *testing.T) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = []string{plugintest.Env + "=" + string(plugintest.None), "RESTSPACE_PLUGIN=adaptor"}
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	_, err = io.ReadFull(out, make([]byte, 4))
	assert.NoError(t, err)
	assert.NoError(t, in.Close())
	assert.NoError(t, cmd.Wait())
}

// isStopped reports whether a process is.
func isStopped(number int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", number))
	return err == nil && bytes.Contains(stat, []byte(") T "))
}

// entries returns the names in a directory.
func entries(t *testing.T, dir string) (names []string) {
	t.Helper()
	list, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, entry := range list {
		names = append(names, entry.Name())
	}
	return names
}
