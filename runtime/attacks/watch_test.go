package attacks

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// tree returns all that an attack may not change, a line each: the names and
// hashes of all files below $DATA, of the configuration and of the keys.
func (p *place) tree(t *testing.T) []string {
	t.Helper()
	var all []string
	for _, top := range []string{"data", "services.json", "auth.key"} {
		err := filepath.WalkDir(filepath.Join(p.dir, top), func(path string, entry fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			var content []byte
			if entry.Type().IsRegular() {
				content, err = os.ReadFile(path)
			}
			name, _ := filepath.Rel(p.dir, path)
			all = append(all, fmt.Sprintf("%s %s %x", name, entry.Type(), sha256.Sum256(content)))
			return err
		})
		require.NoError(t, err)
	}
	return all
}

// assertUnchanged compares with an earlier tree.
func (p *place) assertUnchanged(t *testing.T, before []string) {
	t.Helper()
	now := p.tree(t)
	onlyIn := func(a, b []string) []string {
		return slices.DeleteFunc(slices.Clone(a), func(line string) bool { return slices.Contains(b, line) })
	}
	assert.Empty(t, onlyIn(now, before), "files that are new, or have new content")
	assert.Empty(t, onlyIn(before, now), "files that are gone, or had this content")
}

// temporary returns the files of writes that are under way, or that were left.
func (p *place) temporary(t *testing.T) []string {
	t.Helper()
	left, err := filepath.Glob(p.data("*", ".tmp", "*"))
	require.NoError(t, err)
	return left
}

// vitals are what a process has of the system.
type vitals struct {
	descriptors, threads, rssMB int
}

var statusForm = regexp.MustCompile(`(?s)VmRSS:\s+(\d+) kB.*Threads:\s+(\d+)`)

// vitals reads them from /proc.
func (s *server) vitals(t *testing.T) vitals {
	t.Helper()
	proc := "/proc/" + strconv.Itoa(s.pid)
	descriptors, err := os.ReadDir(proc + "/fd")
	require.NoError(t, err)
	status, err := os.ReadFile(proc + "/status")
	require.NoError(t, err)
	found := statusForm.FindSubmatch(status)
	require.NotNil(t, found, "no memory and threads in %s/status", proc)
	kb, _ := strconv.Atoi(string(found[1]))
	threads, _ := strconv.Atoi(string(found[2]))
	return vitals{descriptors: len(descriptors), threads: threads, rssMB: kb / 1024}
}

// canary is a listener that nobody may be led to.
type canary struct {
	net.Listener
	hits atomic.Int64
}

func newCanary(t *testing.T) *canary {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	c := &canary{Listener: l}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			c.hits.Add(1)
			_ = conn.Close()
		}
	}()
	t.Cleanup(func() {
		_ = l.Close()
		<-done
	})
	return c
}

// leaks returns what of the inside of a server stands in a text that it shows
// to anybody.
func (p *place) leaks(text string, tokens []string) []string {
	var found []string
	for _, secret := range append([]string{p.data(), p.dir, "goroutine ", "runtime error", "root:x:0:0"}, tokens...) {
		if secret != "" && strings.Contains(text, secret) {
			found = append(found, secret)
		}
	}
	return append(found, canaryForm.FindAllString(text, -1)...)
}

// canaryForm is what stands in the documents that are not to be seen.
var canaryForm = regexp.MustCompile(`[A-Z]*-?CANARY[A-Z-]*`)
