package crash

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/runtime/stracetest"
)

// Errors that system calls are made to have, and the status of a write that
// meets one.
var faultErrors = []struct {
	name   string
	status int
}{
	{"ENOSPC", http.StatusInsufficientStorage},
	{"EDQUOT", http.StatusInsufficientStorage},
	{"EIO", http.StatusInternalServerError},
	{"EROFS", http.StatusServiceUnavailable},
}

// A change is a write that may meet a fault.
type change struct {
	name, method, path, media, condition string
	exists                               bool // the document, before
}

// changes are the writes that meet the faults, each of a document of its own.
var changes = []change{
	{"replace", http.MethodPut, "/files/a/replaced", "application/json", "", true},
	{"create", http.MethodPut, "/files/a/created", "application/json", "If-None-Match: *", false},
	{"nest", http.MethodPut, "/files/b/c/nested", "application/json", "", false},
	{"patch", http.MethodPatch, "/json/a/patched", "application/merge-patch+json", "", true},
	{"delete", http.MethodDelete, "/files/a/deleted", "application/json", "", true},
}

// A failing is a system call on some files of a store that fails.
type failing struct {
	call   string
	on     string // which files: see paths
	hits   string // the changes that do not succeed
	status int    // what they are told; 0: what goes with the error
	late   bool   // they have been made when it fails
}

// failings are all system calls that a store makes to write. The short form
// has the first eight.
var failings = []failing{
	{call: "openat", on: "temporary", hits: "replace create nest patch"},
	{call: "write", on: "bodies", hits: "replace create nest patch"},
	{call: "fsync", on: "bodies", hits: "replace create nest patch"},
	{call: "close", on: "bodies", hits: "replace create nest patch"},
	{call: "renameat", on: "temporary", hits: "replace nest patch"},
	{call: "linkat", on: "temporary", hits: "create"},
	{call: "mkdirat", on: "directories", hits: "nest"},
	{call: "fsync", on: "directories", hits: "replace create nest patch delete", late: true},

	{call: "newfstatat", on: "root", hits: "replace create nest delete", status: http.StatusServiceUnavailable}, // it may have moved
	{call: "utimensat", on: "temporary", hits: "replace create nest patch"},
	{call: "fstat", on: "bodies", hits: "replace create nest patch"},
	{call: "openat", on: "directories", hits: "replace create nest patch delete"},
	{call: "newfstatat", on: "documents", hits: "replace create nest patch delete"},
	{call: "unlinkat", on: "temporary", hits: ""}, // the next start removes what is left
	{call: "unlinkat", on: "documents", hits: "delete"},
	{call: "fstat", on: "directories", hits: "replace create nest patch delete", late: true},
}

// paths are the files that a call fails on, for strace.
func (f failing) paths(p *place) (options []string) {
	for _, root := range roots {
		var paths []string
		switch f.on {
		case "temporary":
			paths = []string{p.data(root, ".tmp")}
		case "root": // of one mount
			paths = []string{p.data("files")}
		case "documents":
			paths = []string{p.data(root, "a"), p.data(root, "b", "c")}
		case "directories":
			paths = []string{p.data(root), p.data(root, "a"), p.data(root, "b"), p.data(root, "b", "c")}
		case "bodies":
			for i := range 36 { // the first names that a server gives
				paths = append(paths, p.data(root, ".tmp", strconv.FormatInt(int64(i), 36)))
			}
		}
		for _, path := range paths {
			options = append(options, "-P", path)
		}
	}
	return options
}

// TestFaults has each system call of a store fail, in each way, while documents
// are written. The short form has some calls, each failing in one way.
func TestFaults(t *testing.T) {
	var matrix strings.Builder
	for i, f := range failings[:form(8, len(failings))] {
		fmt.Fprintf(&matrix, "\n%-10s of %-11s", f.call, f.on)
		for j, e := range faultErrors {
			if form(i%len(faultErrors), j) != j {
				continue
			}
			h := newHarness(t, newPlace(t, ordinary, ""))
			statuses := h.fail(t, f, e.name, (*server).kill)
			assert.Equal(t, f.statuses(e.status), statuses, "%s of %s: %s", f.call, f.on, e.name)
			for _, fault := range h.faults {
				t.Errorf("%s of %s: %s: %s", f.call, f.on, e.name, fault)
			}
			fmt.Fprintf(&matrix, "  %s %v", e.name, statuses)
		}
	}
	t.Logf("the answers to %s:%s", changeNames(), matrix.String())
}

func changeNames() (names []string) {
	for _, c := range changes {
		names = append(names, c.name)
	}
	return names
}

// statuses are the answers to the changes while the call has an error that goes
// with a status.
func (f failing) statuses(status int) (statuses []int) {
	if f.status != 0 {
		status = f.status
	}
	for _, c := range changes {
		switch {
		case strings.Contains(f.hits, c.name):
			statuses = append(statuses, status)
		case c.method == http.MethodDelete:
			statuses = append(statuses, http.StatusNoContent)
		case c.exists:
			statuses = append(statuses, http.StatusOK)
		default:
			statuses = append(statuses, http.StatusCreated)
		}
	}
	return statuses
}

// failedSync is that of the bodies, which the kernel reports once: what it was
// to write may be lost.
var failedSync = failing{call: "fsync", on: "bodies"}

// TestFailedSyncs cuts the power of the disk after syncs have failed.
func TestFailedSyncs(t *testing.T) {
	h := newHarness(t, newPlace(t, ordinary, ""))
	h.failSyncs(t)
	h.report(t, "failed syncs")
}

// TestFailedSyncsControl does the same with servers that do not heed that.
func TestFailedSyncsControl(t *testing.T) {
	h := newHarness(t, newPlace(t, control, "failures"))
	h.failSyncs(t)
	h.report(t, "failed syncs, the control")
}

func (h *harness) failSyncs(t *testing.T) {
	t.Helper()
	d := newDisk(t, fileSystems[0], h.data())
	h.fail(t, failedSync, "EIO", func(s *server) {
		d.cut(t)
		s.kill()
		d.unmount(t)
		said, err := d.mount()
		require.NoError(t, err, "%s", said)
	})
}

// fail makes the changes while a call fails, ends the server, and looks what is
// there for one that is started afterwards. It returns the statuses.
func (h *harness) fail(t *testing.T, f failing, fault string, end func(*server)) (statuses []int) {
	t.Helper()
	s := h.start(t)
	for _, c := range changes {
		if c.exists {
			c.method, c.condition = http.MethodPut, ""
			require.Equal(t, http.StatusCreated, h.change(t, s, c, f))
		}
	}
	detach := stracetest.Attach(t, s.cmd.Process.Pid, append(f.paths(h.place), "-e", "trace="+f.call, "-e", "inject="+f.call+":error="+fault)...)
	for _, c := range changes {
		statuses = append(statuses, h.change(t, s, c, f))
	}
	assert.Contains(t, detach(), "(INJECTED)", "%s of %s: %s", f.call, f.on, fault)
	after := change{method: http.MethodPut, path: "/files/a/after", media: "application/json"}
	assert.Equal(t, http.StatusCreated, h.change(t, s, after, f), "after %s of %s: %s", f.call, f.on, fault)
	end(s)
	h.crashes++
	h.verify(t, h.start(t))
	return statuses
}

// change makes one, notes what comes of it, and returns the status.
func (h *harness) change(t *testing.T, s *server, c change, f failing) int {
	t.Helper()
	status, _, err := h.send(s, c, 5000, f.late)
	require.NoError(t, err)
	return status
}

// send makes a change with a document of that size, and notes what comes of it.
// What is refused late may have been done. It returns the status and the answer.
func (h *harness) send(s *server, c change, size int, late bool) (status int, said []byte, err error) {
	w := &write{path: c.path}
	var body []byte
	if c.method != http.MethodDelete {
		number := h.number()
		w.puts, body = compose(number, size, rand.New(rand.NewPCG(uint64(number), 0)))
	}
	h.begin(w)
	reply, said, err := s.request(c.method, c.path, body, "Content-Type: "+c.media, c.condition)
	switch {
	case err != nil:
		return 0, nil, err
	case reply.StatusCode < 300:
		h.end(w, acknowledged, reply.StatusCode == http.StatusCreated, reply.Header.Get("ETag"))
	case !late:
		h.end(w, refused, false, "")
	}
	return reply.StatusCode, said, nil
}
