package attacks

import (
	"os"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/seed90475182/restspace/runtime/stracetest"
)

// fault is system calls that fail.
type fault struct {
	inject string                        // as strace has it
	paths  func(p *place) []string       // only those on these files; nil: all
	status []int                         // of a PUT to a document that exists
	after  []string                      // what the document may hold then
	next   func(t *testing.T, s *server) // to see while the fault lasts
}

// script returns the function of a row about the fault.
func (f fault) script(t *testing.T, _ attack) {
	s := newPlace(t).start(t)
	require.Equal(t, 201, s.put(t, "/files/doc", "old").status)
	options := []string{"-e", "trace=fsync,write", "-e", "inject=" + f.inject}
	if f.paths != nil {
		for _, path := range f.paths(s.place) {
			options = append(options, "-P", path)
		}
	}
	end := stracetest.Attach(t, s.pid, options...)
	reply := s.put(t, "/files/doc", "new")
	if f.next != nil {
		f.next(t, s)
	}
	assert.Contains(t, end(), "(INJECTED)")
	assert.Contains(t, f.status, reply.status, reply.body)
	assert.Empty(t, s.leaks(reply.body, nil))
	assert.Contains(t, f.after, s.get(t, "/files/doc").body)
	assert.Empty(t, s.temporary(t))
	assert.Equal(t, 200, s.put(t, "/files/doc", "newer").status, "after the fault")
	assert.Equal(t, "newer", s.get(t, "/files/doc").body, "after the fault")
}

// temporaries are the names that the first writes of a server have.
func temporaries(p *place) []string {
	var names []string
	for i := range 36 {
		names = append(names, p.data("files", ".tmp", strconv.FormatInt(int64(i), 36)))
	}
	return names
}

func directory(p *place) []string { return []string{p.data("files")} }

// faults are the rows about failing system calls.
func faults() map[string]fault {
	return map[string]fault{
		"FS-011": {inject: "write:error=EDQUOT", paths: temporaries, status: []int{507}, after: []string{"old"}},
		"FS-014": {inject: "fsync:error=EIO", status: []int{500}, after: []string{"old"}, next: func(t *testing.T, s *server) {
			assert.Equal(t, 500, s.put(t, "/files/new", "x").status, "a new document")
			assert.Equal(t, 404, s.get(t, "/files/new").status, "a new document")
		}},
		"FS-016": {inject: "fsync:error=EINTR:when=1..2", status: []int{200}, after: []string{"new"}},
		"FS-017": {inject: "fsync:error=ENOSPC", paths: directory, status: []int{500, 507}, after: []string{"old", "new"}},
	}
}

// fsInterrupted is FS-016, for a signal in fsync and one in write.
func fsInterrupted(t *testing.T, row attack) {
	t.Run("fsync", func(t *testing.T) { faults()[row.ID].script(t, row) })
	t.Run("write", func(t *testing.T) {
		fault{inject: "write:error=EINTR:when=1", paths: temporaries, status: []int{200}, after: []string{"new"}}.script(t, row)
	})
}

// fsNewDirectories is FS-020: that each directory is synced in which a new one
// was made. What a power cut would do is not seen here.
func fsNewDirectories(t *testing.T, _ attack) {
	s := newPlace(t).start(t)
	end := stracetest.Attach(t, s.pid, "-e", "trace=fsync")
	require.Equal(t, 201, s.put(t, "/files/a/b/c/doc", "x").status)
	seen := end()
	for _, path := range []string{"", "/a", "/a/b", "/a/b/c"} {
		assert.Regexp(t, `fsync\(\d+<`+s.data("files")+path+`>\)\s+= 0`, seen)
	}
}

// onTmpfs starts a server whose directory of files is a file system of its own.
func onTmpfs(t *testing.T, options string) *server {
	t.Helper()
	p := newPlace(t)
	root := p.data("files")
	require.NoError(t, os.Mkdir(root, 0o750))
	if err := unix.Mount("tmpfs", root, "tmpfs", 0, options); err != nil {
		t.Skipf("NOT TESTED: mount: %v", err)
	}
	t.Cleanup(func() { assert.NoError(t, unix.Unmount(root, unix.MNT_DETACH)) })
	return p.start(t)
}

// fsNoInodes is FS-010.
func fsNoInodes(t *testing.T, _ attack) {
	s := onTmpfs(t, "nr_inodes=40,mode=0750")
	stored, last := 0, 201
	for ; last == 201; stored++ {
		require.Less(t, stored, 40)
		reply := s.put(t, "/files/n"+strconv.Itoa(stored), "x")
		last = reply.status
		assert.Empty(t, s.leaks(reply.body, nil))
	}
	assert.Equal(t, 507, last)
	assert.Equal(t, "x", s.get(t, "/files/n0").body)
	assert.Empty(t, s.temporary(t))
	assert.Equal(t, 507, s.put(t, "/files/d/e/f", "x").status, "a new directory")
	assert.Equal(t, 204, s.request(t, "DELETE", "/files/n0", s.admin, "").status)
	assert.Equal(t, 201, s.put(t, "/files/again", "x").status)
	assert.Equal(t, 201, s.put(t, "/pub/doc", "{}").status, "the other mounts")
}

// fsReadOnly is FS-012.
func fsReadOnly(t *testing.T, _ attack) {
	s := onTmpfs(t, "mode=0750")
	require.Equal(t, 201, s.put(t, "/files/doc", "x").status)
	require.NoError(t, unix.Mount("", s.data("files"), "", unix.MS_REMOUNT|unix.MS_RDONLY, ""))
	for method, body := range map[string]string{"PUT": "y", "DELETE": ""} {
		reply := s.request(t, method, "/files/doc", s.admin, body, "Content-Type: text/plain")
		assert.Equal(t, 503, reply.status, method)
		assert.Contains(t, reply.body, "read-only", method)
		assert.Empty(t, s.leaks(reply.body, nil), method)
	}
	assert.Equal(t, "x", s.get(t, "/files/doc").body)
	require.NoError(t, unix.Mount("", s.data("files"), "", unix.MS_REMOUNT, ""))
	assert.Equal(t, 200, s.put(t, "/files/doc", "y").status, "when it can be written again")
}
