package attacks

import (
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// outside makes a directory that no server serves, with a document.
func (p *place) outside(t *testing.T) (dir, file string) {
	t.Helper()
	dir = filepath.Join(p.dir, "outside")
	require.NoError(t, os.Mkdir(dir, 0o755))
	file = filepath.Join(dir, "doc")
	require.NoError(t, os.WriteFile(file, []byte("CANARY-OUTSIDE-ROOT"), 0o644))
	return dir, file
}

// assertUntouched holds that directory to be as it was made.
func assertUntouched(t *testing.T, dir string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, 1, "something was written outside")
	content, err := os.ReadFile(filepath.Join(dir, "doc"))
	require.NoError(t, err)
	assert.Equal(t, "CANARY-OUTSIDE-ROOT", string(content), "the document outside")
}

// assertNotServed holds a path not to show what it leads to.
func (s *server) assertNotServed(t *testing.T, path string) {
	t.Helper()
	reply := s.get(t, path)
	assert.Contains(t, []int{403, 404}, reply.status, "GET %s", path)
	assert.Empty(t, s.leaks(reply.body, nil), "GET %s", path)
	assert.Less(t, reply.took, scaled(time.Second), "GET %s", path)
}

// fsLinkPlanted is FS-001.
func fsLinkPlanted(t *testing.T, _ attack) {
	s := newPlace(t).start(t)
	dir, file := s.outside(t)
	for name, target := range map[string]string{"etc": "/etc", "dir": dir, "doc": file, "up": "..", "secret": "../secret.txt", "loop": "loop"} {
		require.NoError(t, os.Symlink(target, s.data("files", name)))
	}
	for _, path := range []string{
		"/files/etc", "/files/etc/", "/files/etc/passwd", "/files/etc/passwd/", "/files/dir/", "/files/dir/doc",
		"/files/doc", "/files/doc/", "/files/up/", "/files/up/secret.txt", "/files/secret", "/files/loop", "/files/loop/",
	} {
		s.assertNotServed(t, path)
	}
	assert.Equal(t, "[]", s.get(t, "/files/").body, "the listing")
	for _, path := range []string{"/files/dir/new", "/files/dir/doc", "/files/up/new"} {
		assert.Contains(t, []int{403, 404, 409}, s.put(t, path, "x").status, "PUT %s", path)
		assert.Contains(t, []int{403, 404, 409}, s.request(t, "DELETE", path, s.admin, "").status, "DELETE %s", path)
	}
	assertUntouched(t, dir)
	assert.NoFileExists(t, s.data("new"))
}

// fsLinkSwapped is FS-002, for two seconds: a directory and a link to one that
// is outside change places as fast as they can, while others write and read.
func fsLinkSwapped(t *testing.T, _ attack) {
	s := newPlace(t).start(t)
	outside, _ := s.outside(t)
	require.Equal(t, 201, s.put(t, "/files/d/doc", "inside").status)
	link, dir := s.data("files", ".link"), s.data("files", "d")
	require.NoError(t, os.Symlink(outside, link))
	end, tries := time.Now().Add(2*time.Second), 0
	var others sync.WaitGroup
	for _, method := range []string{"PUT", "GET"} {
		others.Go(func() {
			for time.Now().Before(end) {
				reply, err := s.try(method, "/files/d/doc", s.admin, "inside", "Content-Type: text/plain")
				if assert.NoError(t, err) {
					assert.Empty(t, s.leaks(reply.body, nil))
				}
			}
		})
	}
	for ; time.Now().Before(end); tries++ {
		_ = unix.Renameat2(unix.AT_FDCWD, dir, unix.AT_FDCWD, link, unix.RENAME_EXCHANGE)
	}
	others.Wait()
	t.Logf("%d swaps", tries)
	assertUntouched(t, outside)
	assert.Empty(t, s.temporary(t))
}

// fsLinkAtName is FS-003. The link stays: a name that is taken by something
// else than a document is a conflict.
func fsLinkAtName(t *testing.T, _ attack) {
	s := newPlace(t).start(t)
	outside, file := s.outside(t)
	link := s.data("files", "doc")
	require.NoError(t, os.Symlink(file, link))
	assert.Equal(t, 409, s.put(t, "/files/doc", "x").status)
	assertUntouched(t, outside)
	target, err := os.Readlink(link)
	require.NoError(t, err)
	assert.Equal(t, file, target)
}

// fsHardLink is FS-004: not defended against, but a write does not go through.
func fsHardLink(t *testing.T, _ attack) {
	s := newPlace(t).start(t)
	outside, file := s.outside(t)
	require.NoError(t, os.Link(file, s.data("files", "doc")))
	assert.Equal(t, 200, s.get(t, "/files/doc").status)
	assert.Equal(t, 200, s.put(t, "/files/doc", "x").status)
	assert.Equal(t, "x", s.get(t, "/files/doc").body)
	assertUntouched(t, outside)
}

// fsSpecial is FS-005 and FS-006: a file that is none, of that mode.
func fsSpecial(mode uint32) script {
	return func(t *testing.T, _ attack) {
		s := newPlace(t).start(t)
		if err := unix.Mknod(s.data("files", "odd"), mode|0o666, int(unix.Mkdev(1, 3))); err != nil {
			t.Skipf("NOT TESTED: mknod: %v", err)
		}
		for _, path := range []string{"/files/odd", "/files/odd/", "/files/odd/x"} {
			s.assertNotServed(t, path)
		}
		assert.Equal(t, "[]", s.get(t, "/files/").body, "the listing")
		assert.Equal(t, 409, s.put(t, "/files/odd", "x").status)
		assert.Equal(t, 404, s.request(t, "DELETE", "/files/odd", s.admin, "").status)
		assert.Equal(t, 201, s.put(t, "/files/other", "x").status)
	}
}

// fsRootMoved is FS-008.
func fsRootMoved(t *testing.T, _ attack) {
	s := newPlace(t).start(t)
	require.Equal(t, 201, s.put(t, "/files/doc", "x").status)
	root, moved := s.data("files"), s.data("moved")
	assertRefused := func() {
		t.Helper()
		reply := s.put(t, "/files/doc", "y")
		assert.Equal(t, 503, reply.status, reply.body)
		assert.Empty(t, s.leaks(reply.body, nil))
		assert.Equal(t, 503, s.request(t, "DELETE", "/files/doc", s.admin, "").status)
	}
	require.NoError(t, os.Rename(root, moved))
	assertRefused()
	assert.NoDirExists(t, root)
	require.NoError(t, os.Mkdir(root, 0o750))
	assertRefused()
	entries, err := os.ReadDir(root)
	require.NoError(t, err)
	assert.Empty(t, entries, "another directory at the path")
	require.NoError(t, os.Remove(root))
	require.NoError(t, os.Rename(moved, root))
	assert.Equal(t, "x", s.get(t, "/files/doc").body)
	assert.Equal(t, 200, s.put(t, "/files/doc", "y").status, "after it came back")
	require.NoError(t, os.RemoveAll(root))
	assertRefused()
	assert.NoDirExists(t, root)
	assert.Equal(t, 404, s.get(t, "/files/doc").status)
	assert.Equal(t, 201, s.put(t, "/pub/doc", "{}").status, "the other mounts")
}

// fsDenied is FS-013. It needs a server that is not root.
func fsDenied(t *testing.T, _ attack) {
	p := newPlace(t)
	s := p.start(t, asNobody(t, p))
	require.Equal(t, 201, s.put(t, "/files/shut/doc", "x").status)
	require.Equal(t, 201, s.put(t, "/files/open/doc", "x").status)
	require.NoError(t, os.Chmod(s.data("files", "shut"), 0))
	defer func() { _ = os.Chmod(s.data("files", "shut"), 0o750) }() // so that it can be removed
	for method, body := range map[string]string{"GET": "", "PUT": "y", "DELETE": ""} {
		reply := s.request(t, method, "/files/shut/doc", s.admin, body, "Content-Type: text/plain")
		assert.Contains(t, []int{403, 500}, reply.status, method)
		assert.Empty(t, s.leaks(reply.body, nil), method)
		assert.Contains(t, reply.header.Get("Content-Type"), "application/problem+json", method)
	}
	assert.Equal(t, 200, s.get(t, "/files/open/doc").status)
	assert.Equal(t, 200, s.put(t, "/files/open/doc", "y").status)
	assert.Empty(t, s.temporary(t))
}
