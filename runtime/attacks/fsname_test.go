package attacks

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// nobody is the number of a user without rights.
const nobody = 65534

// asNobody has a server run as a user without rights, where this test is root.
func asNobody(t *testing.T, p *place) func(*exec.Cmd) {
	t.Helper()
	if os.Geteuid() != 0 {
		return func(*exec.Cmd) {}
	}
	require.NoError(t, filepath.WalkDir(p.dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(path, nobody, nobody)
	}))
	return func(cmd *exec.Cmd) {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	}
}

// fsStaleTemporary is FS-022. As one server at most has the directory, all that
// is left at its start is stale, whatever its age.
func fsStaleTemporary(t *testing.T, _ attack) {
	p := newPlace(t)
	s := p.start(t)
	mine := map[string]string{"/files/.tmp/1": "a", "/files/.tmpfile": "b", "/files/.lock": "c", "/files/tmp/1": "d"}
	for path, content := range mine {
		require.Equal(t, 201, s.put(t, path, content).status, path)
	}
	s.stop(t)
	old := time.Now().Add(-2 * time.Hour)
	for _, name := range []string{"old", "young"} {
		path := p.data("files", ".tmp", name)
		require.NoError(t, os.WriteFile(path, []byte("half"), 0o600))
		if name == "old" {
			require.NoError(t, os.Chtimes(path, old, old))
		}
	}
	s = p.start(t)
	assert.Empty(t, s.temporary(t))
	for path, content := range mine {
		assert.Equal(t, content, s.get(t, path).body, "%s: names of users never meet those of the server", path)
	}
}

// fsModes is FS-023, with a umask that takes no right away.
func fsModes(t *testing.T, _ attack) {
	executable, err := os.Executable()
	require.NoError(t, err)
	p := newPlace(t)
	require.NoError(t, os.Remove(filepath.Join(p.dir, "auth.key")))
	require.NoError(t, os.RemoveAll(p.data()))
	s := p.start(t, func(cmd *exec.Cmd) {
		cmd.Path = "/bin/sh"
		cmd.Args = append([]string{"sh", "-c", `umask 0; exec "$0" "$@"`, executable}, cmd.Args[1:]...)
	})
	p.issuer = p.issuerOf(t)
	s.admin = p.token(t, "admin")
	require.Equal(t, 201, s.put(t, "/files/a/b/doc", "x").status)
	require.Equal(t, 201, s.put(t, "/json/a/doc", "{}").status)
	seen := 0
	for _, top := range []string{p.data(), filepath.Join(p.dir, "auth.key")} {
		require.NoError(t, filepath.Walk(top, func(path string, info fs.FileInfo, err error) error {
			if err != nil {
				return err
			}
			seen++
			allowed := fs.FileMode(0o640)
			if info.IsDir() {
				allowed = 0o750
			}
			assert.Zero(t, info.Mode().Perm()&^allowed, "%s has mode %v", path, info.Mode())
			return nil
		}))
	}
	assert.Greater(t, seen, 20)
}

// fsClockBack is FS-024: the server finds a document and a record of its own
// last write that are an hour ahead of the clock.
func fsClockBack(t *testing.T, _ attack) {
	p := newPlace(t)
	s := p.start(t)
	require.Equal(t, 201, s.put(t, "/files/doc", "v0").status)
	s.stop(t)
	ahead := time.Now().Add(time.Hour)
	for _, name := range []string{"doc", ".lock"} {
		require.NoError(t, os.Chtimes(p.data("files", name), ahead, ahead))
	}
	s = p.start(t)
	etags := []string{s.get(t, "/files/doc").header.Get("Etag")}
	for i := range 5 {
		etags = append(etags, s.putAndTell(t, i))
	}
	s.stop(t)
	s = p.start(t)
	for i := range 5 {
		etags = append(etags, s.putAndTell(t, i))
	}
	s.assertOldETags(t, etags)
}

// fsSameTick is FS-025.
func fsSameTick(t *testing.T, _ attack) {
	s := newPlace(t).start(t)
	require.Equal(t, 201, s.put(t, "/files/doc", "v0").status)
	var etags []string
	for i := range 200 {
		etags = append(etags, s.putAndTell(t, i%10))
	}
	s.assertOldETags(t, etags)
}

// putAndTell replaces a document with another of the same size and returns its
// ETag.
func (s *server) putAndTell(t *testing.T, i int) string {
	t.Helper()
	reply := s.put(t, "/files/doc", fmt.Sprintf("v%d", i))
	require.Equal(t, 200, reply.status)
	return reply.header.Get("Etag")
}

// assertOldETags holds all but the last of the ETags of a document to be over.
func (s *server) assertOldETags(t *testing.T, etags []string) {
	t.Helper()
	seen := make(map[string]bool)
	for _, etag := range etags {
		assert.NotEmpty(t, etag)
		assert.False(t, seen[etag], "ETag %s for two contents", etag)
		seen[etag] = true
	}
	now := etags[len(etags)-1]
	for _, etag := range etags[max(0, len(etags)-20) : len(etags)-1] {
		assert.Equal(t, 200, s.get(t, "/files/doc", "If-None-Match: "+etag).status, "a false 304")
		assert.Equal(t, 412, s.put(t, "/files/doc", "no", "If-Match: "+etag).status, "an old ETag")
	}
	assert.Equal(t, 304, s.get(t, "/files/doc", "If-None-Match: "+now).status)
	assert.Equal(t, 200, s.put(t, "/files/doc", "v9", "If-Match: "+now).status, "a false 412")
}
