package attacks

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/runtime/stracetest"
)

// administration is where the configuration is read and replaced.
const administration = "/.well-known/restspace/config"

// administered returns the configuration of the fixture, with more mounts,
// that role A may replace.
func administered(t *testing.T, mounts ...string) string {
	t.Helper()
	config := fixtureConfig(t)
	if len(mounts) > 0 {
		config = withMount(t, mounts...)
	}
	return replaced(t, config, `"listen": "127.0.0.1:0"`, `"listen": "127.0.0.1:0", "adminRoles": "A"`)
}

// configStale is CONFIG-019: of two who have read the same configuration, the
// second one to write is told so, and undoes nothing.
func configStale(t *testing.T, _ attack) {
	a := newArena(t)
	a.reload(t, administered(t), saysLoaded)
	read := a.get(t, administration)
	require.Equal(t, 200, read.status)
	require.Equal(t, administered(t), read.body)
	condition := "If-Match: " + read.header.Get("Etag")
	first, second := administered(t, mount("/first", "first", forAll)), administered(t, mount("/second", "second", forAll))
	require.Equal(t, 200, a.put(t, administration, first, condition).status)
	before := a.tree(t)
	for _, fields := range [][]string{{condition}, {"If-None-Match: *"}, {`If-Match: "` + strings.Repeat("0", 32) + `"`}, {"If-Match: W/" + read.header.Get("Etag")}} {
		assert.Equal(t, 412, a.put(t, administration, second, fields...).status, fields)
	}
	assert.Equal(t, 428, a.put(t, administration, second).status, "without a condition")
	a.assertUnchanged(t, before)
	assert.Equal(t, 200, a.get(t, "/first/").status)
	assert.Equal(t, 404, a.get(t, "/second/").status)
	a.assertAlive(t)
}

// configCut is CONFIG-020: a new file is brought to the disk before it takes
// the name, and then the name, so that a power cut leaves one or the other.
func configCut(t *testing.T, _ attack) {
	t.Run("killed", configKilled)
	t.Run("in order", func(t *testing.T) {
		p := newPlace(t)
		p.configure(t, administered(t))
		s := p.start(t)
		end := stracetest.Attach(t, s.pid, "-e", "trace=fsync,rename,renameat,renameat2")
		require.Equal(t, 200, s.put(t, administration, administered(t)+"\n", "If-Match: *").status)
		assert.Regexp(t, `(?s)fsync\(\d+<`+p.dir+`/\.services\.json\.next-.*rename.*\.services\.json\.next-.*fsync\(\d+<`+p.dir+`>`, end())
	})
}

// configKilled kills the server while configurations are stored. The file is
// whole each time: the one that was acknowledged last, or the next.
func configKilled(t *testing.T) {
	p := newPlace(t)
	version := func(n int) string { return administered(t, mount(fmt.Sprintf("/v%d", n), "new", forAll)) }
	p.configure(t, version(0))
	last := 0
	for round := range 5 {
		s := p.start(t)
		acknowledged := make(chan int)
		go func() {
			n := last
			for {
				reply, err := s.try("PUT", administration, s.admin, version(n+1), "If-Match: *")
				if err != nil || reply.status != 200 {
					break // killed
				}
				n++
			}
			acknowledged <- n
		}()
		time.Sleep(time.Duration(100+37*round) * time.Millisecond)
		s.kill(t)
		n := <-acknowledged
		assert.Greater(t, n, last, "round %d: what was acknowledged", round)
		written, err := os.ReadFile(filepath.Join(p.dir, "services.json"))
		require.NoError(t, err)
		require.Contains(t, []string{version(n), version(n + 1)}, string(written), "round %d", round)
		last = n
		if string(written) != version(n) {
			last = n + 1
		}
	}
	s := p.start(t)
	assert.Equal(t, 200, s.get(t, fmt.Sprintf("/v%d/", last)).status)
	require.Equal(t, 200, s.put(t, administration, version(last+1), "If-Match: *").status)
	left, err := filepath.Glob(filepath.Join(p.dir, ".services.json*"))
	require.NoError(t, err)
	assert.Empty(t, left, "temporary files of those that were killed")
}

// configByOthers is CONFIG-022: who has not the role reads and changes
// nothing, and who has sees no secret.
func configByOthers(t *testing.T, _ attack) {
	a := newArena(t)
	config := replaced(t, administered(t), `"keyFile": "auth.key"`, `"keyFile": "auth.key", "audience": {"$file": "audience"}`)
	require.NoError(t, os.WriteFile(filepath.Join(a.dir, "audience"), []byte("restspace"), 0o600))
	a.reload(t, config, saysLoaded)
	before := a.tree(t)
	require.NoError(t, os.WriteFile(filepath.Join(a.dir, "evil"), []byte("#!/bin/sh\ntouch ran\n"), 0o755))
	elsewhere := strings.ReplaceAll(config, `"root": "data/`, `"root": "/etc/`)
	elsewhere = replaced(t, elsewhere, `"adaptor": "file", "adaptorConfig": { "root": "/etc/pub" }`, `"adaptor": "./evil"`)
	for name, want := range map[string]int{"": 401, "user": 403, "editor": 403, "roles-lower-a": 403, "expired-admin": 401, "forged-sc": 401} {
		for _, method := range []string{"GET", "HEAD", "PUT", "PATCH", "DELETE", "POST"} {
			reply := a.request(t, method, administration, a.tokens[name], elsewhere, "If-Match: *")
			assert.Equal(t, want, reply.status, "%s as %q", method, name)
			assert.Empty(t, a.leaks(reply.body, a.secrets()), "%s as %q", method, name)
			assert.NotContains(t, reply.body, "adaptorConfig")
		}
	}
	a.assertUnchanged(t, before)
	assert.NoFileExists(t, filepath.Join(a.dir, "ran"))
	shown := a.get(t, administration)
	assert.Equal(t, config, shown.body)
	assert.Contains(t, shown.body, `{"$file": "audience"}`, "the reference, not the value")
	a.assertAlive(t)
}
