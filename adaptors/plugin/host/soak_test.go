package host_test

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/adaptors/plugin/plugintest"
)

// The programs of 1,000 stores are killed, each once in the middle of its use.
// Nothing is left of them.
func TestThousandKills(t *testing.T) {
	if os.Getenv("RESTSPACE_SOAK") == "" {
		t.Skip("takes minutes: set RESTSPACE_SOAK=1")
	}
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	var before left
	for i := range 1010 {
		if i == 10 { // what is made once has been
			before = leftNow(t, dir)
		}
		s, err := tryOpen(program(plugintest.Forks), "{}", &strings.Builder{})
		require.NoError(t, err)
		require.NoError(t, syscall.Kill(pid(t, s), syscall.SIGKILL))
		for end := time.Now().Add(20 * time.Second); read(s, string(plugintest.PID)) != nil; time.Sleep(time.Millisecond) {
			require.True(t, time.Now().Before(end), "kill %d", i)
		}
		require.NoError(t, s.Close())
	}
	after := leftNow(t, dir)
	t.Logf("before: %+v, after: %+v", before, after)
	assert.LessOrEqual(t, after.heapMB, before.heapMB+2)
	assert.LessOrEqual(t, after.residentMB, before.residentMB+16)
	after.heapMB, after.residentMB = before.heapMB, before.residentMB
	assert.Equal(t, before, after)
}

// left is what a process has.
type left struct{ descriptors, goroutines, children, sockets, heapMB, residentMB int }

func leftNow(t *testing.T, dir string) (l left) {
	t.Helper()
	runtime.GC()
	time.Sleep(500 * time.Millisecond) // for goroutines that are about to end
	l.descriptors, l.sockets, l.goroutines = len(entries(t, "/proc/self/fd")), len(entries(t, dir)), runtime.NumGoroutine()
	tasks, err := filepath.Glob("/proc/self/task/*/children")
	require.NoError(t, err)
	for _, file := range tasks {
		numbers, _ := os.ReadFile(file) // a thread may have ended
		l.children += len(strings.Fields(string(numbers)))
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	l.heapMB = int(m.HeapAlloc >> 20)
	resident, err := os.ReadFile("/proc/self/statm")
	require.NoError(t, err)
	l.residentMB = pages(t, string(resident)) * os.Getpagesize() >> 20
	return l
}

// pages returns the second number of a statm, the resident pages.
func pages(t *testing.T, statm string) int {
	t.Helper()
	return number(t, strings.Fields(statm)[1])
}
