package crash

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// TestFull fills a disk of 2 MiB through a server, by many clients at one time,
// and goes on writing.
func TestFull(t *testing.T) {
	h := newHarness(t, newPlace(t, ordinary, ""))
	mountSmall(t, h.data())
	s := h.start(t)
	h.fill(t, s)
	h.verify(t, s)
	h.refuse(t, s)
	h.verify(t, s)
	for range form(1, 20) {
		h.churn(t, s)
		h.verify(t, s)
	}
	h.makeRoom(t, s)
	s.stop(t)
	h.verify(t, h.start(t))
	h.report(t, "a full disk")
}

// mountSmall mounts a file system of 2 MiB, or skips the test where that is not
// allowed.
func mountSmall(t *testing.T, at string) {
	t.Helper()
	if err := unix.Mount("tmpfs", at, "tmpfs", 0, "size=2m,mode=0750"); err != nil {
		t.Skipf("NOT TESTED: a disk that is full needs the right to mount: %v", err)
	}
	t.Cleanup(func() { assert.NoError(t, unix.Unmount(at, unix.MNT_DETACH)) })
}

// fillers is how many clients fill a disk.
const fillers = 8

// filled is a document of a client. Every other is one of JSON.
func filled(client, i int) string { return fmt.Sprintf("/%s/%d/%d", roots[i%2], client, i) }

func put(path string) change {
	return change{method: http.MethodPut, path: path, media: "application/json"}
}

// each has clients do something at one time.
func each(do func(client int)) {
	var clients sync.WaitGroup
	for client := range fillers {
		clients.Go(func() { do(client) })
	}
	clients.Wait()
}

// fill makes documents, large ones and then small ones, until none has room.
func (h *harness) fill(t *testing.T, s *server) {
	t.Helper()
	each(func(client int) {
		i := 0
		for _, size := range []int{20_000, minSize} {
			for full := false; !full; i++ {
				full = h.try(t, s, put(filled(client, i)), size) == http.StatusInsufficientStorage
			}
		}
	})
	h.fillUp(t, s, "last")
}

// fillUp makes the smallest documents in a directory until none has room.
func (h *harness) fillUp(t *testing.T, s *server, dir string) {
	t.Helper()
	for i := 0; h.try(t, s, put(fmt.Sprintf("/files/%s/%d", dir, i)), minSize) != http.StatusInsufficientStorage; i++ {
	}
}

// try makes a change that may find the disk full: then the answer says so. A
// document that is deleted may be missing, where there was no room for it.
func (h *harness) try(t *testing.T, s *server, c change, size int) int {
	t.Helper()
	status, said, err := h.send(s, c, size, false)
	assert.NoError(t, err)
	if status == http.StatusOK || status == http.StatusCreated || status == http.StatusNoContent ||
		status == http.StatusNotFound && c.method == http.MethodDelete {
		return status
	}
	assert.Equal(t, http.StatusInsufficientStorage, status, "%s %s: %s", c.method, c.path, said)
	var problem struct {
		Type   string
		Status int
	}
	assert.NoError(t, json.Unmarshal(said, &problem), "%s", said)
	assert.Equal(t, http.StatusInsufficientStorage, problem.Status, "%s", said)
	assert.Contains(t, problem.Type, "storage-full", "%s", said)
	assert.NotContains(t, string(said), h.dir)
	return http.StatusInsufficientStorage
}

// refuse tries all sorts of writes on a disk that is full.
func (h *harness) refuse(t *testing.T, s *server) {
	t.Helper()
	patch := change{method: http.MethodPatch, path: filled(0, 0), media: "application/merge-patch+json"}
	for _, c := range []change{put(filled(0, 0)), put(filled(0, 1)), put("/files/new"), put("/files/new/new/new"), patch} {
		assert.Equal(t, http.StatusInsufficientStorage, h.try(t, s, c, 20_000), "%s %s", c.method, c.path)
	}
	for _, root := range roots {
		status, stored := h.unzip(t, s, root, minSize, minSize)
		assert.Equal(t, http.StatusInsufficientStorage, status)
		assert.Zero(t, stored)
	}
	h.try(t, s, change{method: http.MethodDelete, path: filled(1, 0)}, 0)
	status, stored := h.unzip(t, s, "files", minSize, 50_000, minSize)
	assert.Equal(t, http.StatusInsufficientStorage, status, "a zip that has room for one document")
	assert.GreaterOrEqual(t, stored, 1, "a zip that has room for one document")
	assert.Less(t, stored, 3, "a zip that has room for one document")
}

// unzip puts a zip of documents of those sizes, and returns the status and how
// many were stored.
func (h *harness) unzip(t *testing.T, s *server, root string, sizes ...int) (status, stored int) {
	t.Helper()
	var packed bytes.Buffer
	archive := zip.NewWriter(&packed)
	var writes []*write
	for i, size := range sizes {
		w := &write{path: fmt.Sprintf("/%s/zip/%d", root, i)}
		var body []byte
		w.puts, body = compose(h.number(), size, h.random)
		to, err := archive.Create(fmt.Sprint(i))
		require.NoError(t, err)
		_, err = to.Write(body)
		require.NoError(t, err)
		h.begin(w)
		writes = append(writes, w)
	}
	require.NoError(t, archive.Close())
	reply, said, err := s.request(http.MethodPut, "/"+root+"/zip/", packed.Bytes(), "Content-Type: application/zip")
	require.NoError(t, err)
	var counts struct{ Created, Replaced int }
	require.NoError(t, json.Unmarshal(said, &counts), "%s", said)
	stored = counts.Created + counts.Replaced
	found := 0
	for _, w := range writes {
		reply, _, err := s.request(http.MethodGet, w.path, nil)
		require.NoError(t, err)
		if reply.StatusCode == http.StatusNotFound {
			h.end(w, refused, false, "")
			continue
		}
		found++
		h.end(w, acknowledged, true, reply.Header.Get("ETag"))
	}
	assert.Equal(t, stored, found)
	return reply.StatusCode, stored
}

// churn has clients take each other's room: what one deletes, another fills.
func (h *harness) churn(t *testing.T, s *server) {
	t.Helper()
	each(func(client int) {
		for range 30 {
			c := put(filled(client, rand.N(16)))
			if rand.N(4) == 0 {
				c.method = http.MethodDelete
			}
			h.try(t, s, c, minSize+rand.N(60_000))
		}
	})
}

// makeRoom deletes a document on a disk that is full, and looks whether another
// has room then.
func (h *harness) makeRoom(t *testing.T, s *server) {
	t.Helper()
	h.fillUp(t, s, "more")
	path := "/files/zip/0"
	reply, _, err := s.request(http.MethodGet, path, nil)
	require.NoError(t, err)
	if reply.StatusCode == http.StatusNotFound {
		path = "/files/zip/2" // one of the two had room
	}
	assert.Equal(t, http.StatusNoContent, h.try(t, s, change{method: http.MethodDelete, path: path}, 0))
	assert.Equal(t, http.StatusCreated, h.try(t, s, put("/files/again"), minSize))
	for _, root := range roots {
		left, err := os.ReadDir(h.data(root, ".tmp"))
		require.NoError(t, err)
		assert.Empty(t, left, "temporary files of %s", root)
	}
}
