package crash

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestPowerCut cuts the power of the disk of servers in the middle of their
// writes.
func TestPowerCut(t *testing.T) {
	for _, f := range fileSystems {
		t.Run(f.name, func(t *testing.T) {
			h := newHarness(t, newPlace(t, ordinary, ""))
			h.cut(t, newDisk(t, f, h.data()), form(2, 50))
			h.report(t, "power cuts, "+f.name)
		})
	}
}

// TestPowerCutControl does the same with servers that do not sync directories.
func TestPowerCutControl(t *testing.T) {
	for _, f := range fileSystems {
		t.Run(f.name, func(t *testing.T) {
			h := newHarness(t, newPlace(t, control, "directories"))
			h.cut(t, newDisk(t, f, h.data()), form(20, 50))
			h.report(t, "power cuts, "+f.name+", the control")
		})
	}
}

// cut goes on until there were as many cuts, or something was lost.
func (h *harness) cut(t *testing.T, d *disk, crashes int) {
	t.Helper()
	for {
		s := h.start(t)
		h.verify(t, s)
		if len(h.faults) > 0 || h.crashes >= crashes {
			s.stop(t)
			return
		}
		h.crash(s, func() {
			d.cut(t)
			s.kill()
		})
		d.unmount(t)
		said, err := d.mount()
		require.NoError(t, err, "%s", said)
	}
}
