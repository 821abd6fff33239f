// Package stracetest watches the system calls of a process for a test, or has
// them fail: with strace, which make testdeps installs.
package stracetest

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Attach has strace watch all threads of a process, with options such as -e
// inject=fsync:error=EIO, until the returned function is called or the test
// ends; that returns what strace saw. Where strace is missing, or not allowed,
// the test is skipped.
func Attach(t *testing.T, pid int, options ...string) (end func() string) {
	t.Helper()
	strace, err := exec.LookPath("strace")
	if err != nil {
		t.Skip("NOT TESTED: there is no strace: make testdeps installs it")
	}
	out := filepath.Join(t.TempDir(), "trace")
	var said bytes.Buffer
	cmd := exec.Command(strace, append([]string{"-f", "-y", "-o", out, "-p", strconv.Itoa(pid)}, options...)...)
	cmd.Stderr = &said
	require.NoError(t, cmd.Start())
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for !attached(pid) {
		select {
		case err := <-ended:
			t.Skipf("NOT TESTED: strace: %v: %s", err, said.String())
		case <-time.After(5 * time.Millisecond):
		}
	}
	end = sync.OnceValue(func() string {
		_ = cmd.Process.Signal(os.Interrupt) // it may have ended with the process
		<-ended
		seen, _ := os.ReadFile(out) // without it the caller misses what it looks for
		return string(seen)
	})
	t.Cleanup(func() { end() })
	return end
}

// attached reports whether all threads of the process are traced.
func attached(pid int) bool {
	threads, _ := filepath.Glob("/proc/" + strconv.Itoa(pid) + "/task/*/status")
	for _, thread := range threads {
		status, err := os.ReadFile(thread)
		if err == nil && strings.Contains(string(status), "TracerPid:\t0\n") {
			return false
		}
	}
	return len(threads) > 0
}
