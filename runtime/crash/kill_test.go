package crash

import (
	"math/rand/v2"
	"testing"
	"time"
)

// TestKilled kills servers in the middle of their writes.
func TestKilled(t *testing.T) {
	h := newHarness(t, newPlace(t, ordinary, ""))
	h.kill(t, form(4, 100), form(500, 10_000))
	h.report(t, "killed")
}

// TestKilledControl does the same with servers that do not compare conditions
// under the lock of the document.
func TestKilledControl(t *testing.T) {
	h := newHarness(t, newPlace(t, control, "conditions"))
	h.kill(t, form(10, 20), 0)
	h.report(t, "killed, the control")
}

// kill goes on until there were as many crashes and acknowledged writes, or
// something was lost.
func (h *harness) kill(t *testing.T, crashes, writes int) {
	t.Helper()
	for {
		s := h.start(t)
		h.verify(t, s)
		if len(h.faults) > 0 || h.crashes >= crashes && h.total[acknowledged] >= writes {
			s.stop(t)
			return
		}
		h.crash(s, s.kill)
		if h.random.IntN(8) == 0 { // and another one while it starts
			s := h.launch(t)
			time.Sleep(rand.N(40 * time.Millisecond))
			s.kill()
			h.crashes++
		}
	}
}
