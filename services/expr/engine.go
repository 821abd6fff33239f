package expr

import (
	"runtime"
	"runtime/metrics"
	"sync"
	"sync/atomic"
	"time"
)

const (
	most      = 50 * time.Millisecond  // that an evaluation may last
	mostOfAll = 500 * time.Millisecond // that all the evaluations of a transform may last
	tickTime  = 10 * time.Millisecond

	leastShare = 20            // what part of the time that passes counts at least
	longTick   = 25 * tickTime // in longer ones the process stood still
)

// An Engine keeps machines between evaluations, and the one watchdog over
// them. The zero Engine is ready; it is safe for concurrent use and needs no
// closing: machines that nobody uses go with the garbage.
type Engine struct {
	machines sync.Pool // *machine

	mu      sync.Mutex // guards what follows; who allocates under it has all wait for the garbage collector
	working []*machine // each at its place
	ticking bool
	ticked  time.Time // when the last tick was, or when they began

	ready [1]metrics.Sample // how many goroutines wait to run: the tick's own
}

// take returns a machine that is watched.
func (g *Engine) take() *machine {
	m, ok := g.machines.Get().(*machine)
	if !ok {
		m = newMachine()
	}
	m.watched.all.Store(0)
	if g.watch(m) {
		time.AfterFunc(tickTime, g.tick)
	}
	return m
}

// watch reports whether m is the first one.
func (g *Engine) watch(m *machine) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	m.place = len(g.working)
	g.working = append(g.working, m)
	if g.ticking {
		return false
	}
	g.ticking, g.ticked = true, time.Now()
	return true
}

// give takes a machine back: whole says that nothing has gone wrong in it.
func (g *Engine) give(m *machine, whole bool) {
	g.mu.Lock()
	last := len(g.working) - 1
	g.working[m.place] = g.working[last]
	g.working[m.place].place = m.place
	g.working[last] = nil
	g.working = g.working[:last]
	g.mu.Unlock()
	if whole && !m.watched.stopped.Load() {
		g.machines.Put(m)
	}
}

// tick is the watchdog: it runs while machines work, and adds to the age of each
// one that is in an evaluation. A process that stood still has fewer ticks, and one
// with more to do than it can counts less of each, not evaluations that are late.
func (g *Engine) tick() {
	g.ready[0].Name = "/sched/goroutines/runnable:goroutines"
	metrics.Read(g.ready[:])
	if g.age(time.Now(), g.ready[0].Value.Uint64()) {
		time.AfterFunc(tickTime, g.tick)
	}
}

// age adds to the age of machines what has passed, and reports whether any work.
func (g *Engine) age(now time.Time, waiting uint64) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	passed := int64(share(now.Sub(g.ticked), runtime.GOMAXPROCS(0), waiting))
	g.ticked = now
	for _, m := range g.working {
		if !m.watched.busy.Load() {
			continue
		}
		switch age, all := m.watched.age.Add(passed), m.watched.all.Add(passed); {
		case age > int64(most):
			m.stop(errTime)
		case all > int64(mostOfAll):
			m.stop(errAllTime)
		}
	}
	g.ticking = len(g.working) > 0
	return g.ticking
}

// share returns how much of a tick a goroutine has had a core for, where so many
// others waited: they take turns with those that run. They may give their turns up
// at once, while an evaluation uses its own up, so that some of the time that has
// passed since the last tick counts in any case: what computes without end has an
// end within a second or two, and all evaluations within ten times that.
func share(passed time.Duration, cores int, waiting uint64) time.Duration {
	turns := tickTime * time.Duration(cores) / (time.Duration(cores) + time.Duration(waiting))
	return max(turns, min(passed, longTick)/leastShare)
}

// watched is what the watchdog knows of a machine.
type watched struct {
	busy    atomic.Bool
	age     atomic.Int64 // nanoseconds in this evaluation
	all     atomic.Int64 // nanoseconds in all evaluations since it was taken
	stopped atomic.Bool
	reason  error // why, once it is stopped
}
