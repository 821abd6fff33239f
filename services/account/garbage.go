package account

import (
	"runtime/debug"
	"runtime/metrics"
	"sync"
)

// room is how much garbage may lie about while passwords wait.
const room = 128 << 20

// A garbage makes collections of garbage rarer while passwords wait. Each hash leaves
// 19 MiB behind: in a small heap there would be a collection after every second one,
// and all other requests would be answered beside it. The percentage by which the
// heap grows is such that it grows by room, and GOMEMLIMIT holds as ever.
type garbage struct {
	mu         sync.Mutex
	waiting    int // passwords
	usual, now int // percentages: when none waits, and now
}

// wait begins a time in which a password waits.
func (g *garbage) wait() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.waiting++
	if g.waiting == 1 {
		g.usual = int(int64(read("/gc/gogc:percent"))) // -1 is off
		g.now = g.usual
		g.set()
	}
}

// done ends such a time.
func (g *garbage) done() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.waiting--
	if g.waiting == 0 && g.now != g.usual {
		debug.SetGCPercent(g.usual)
	}
}

// renew has room hold for the heap as it is now.
func (g *garbage) renew() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.waiting > 0 {
		g.set()
	}
}

// set sets the percentage. Who has turned collections off, or has them rarer still,
// has reasons.
func (g *garbage) set() {
	next := g.usual
	if next >= 0 {
		next = max(next, roomy())
	}
	if next != g.now {
		g.now = next
		debug.SetGCPercent(next)
	}
}

// roomy returns the percentage by which the heap grows by room.
func roomy() int {
	const least = 4 << 20 // of a heap, for the runtime
	return int(room * 100 / max(read("/gc/heap/live:bytes"), least))
}

// read returns a metric of the runtime that is a number.
func read(name string) uint64 {
	samples := []metrics.Sample{{Name: name}}
	metrics.Read(samples)
	return samples[0].Value.Uint64()
}
