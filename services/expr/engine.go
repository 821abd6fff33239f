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

	mu      sync.Mutex // guards what follows
	working map[*machine]struct{}
	ticking bool
	ticked  time.Time        // when the last tick was, or when they began
	ready   []metrics.Sample // how many goroutines wait to run
}

// take returns a machine that is watched.
func (g *Engine) take() *machine {
	m, ok := g.machines.Get().(*machine)
	if !ok {
		m = newMachine()
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.working == nil {
		g.working = make(map[*machine]struct{})
		g.ready = []metrics.Sample{{Name: "/sched/goroutines/runnable:goroutines"}}
	}
	g.working[m] = struct{}{}
	m.watched.all.Store(0)
	if !g.ticking {
		g.ticking, g.ticked = true, time.Now()
		time.AfterFunc(tickTime, g.tick)
	}
	return m
}

// give takes a machine back: whole says that nothing has gone wrong in it.
func (g *Engine) give(m *machine, whole bool) {
	g.mu.Lock()
	delete(g.working, m)
	g.mu.Unlock()
	if whole && !m.watched.stopped.Load() {
		g.machines.Put(m)
	}
}

// tick is the watchdog: it runs while machines work, and adds to the age of each
// one that is in an evaluation. A process that stood still has fewer ticks, and one
// with more to do than it can counts less of each, not evaluations that are late.
func (g *Engine) tick() {
	g.mu.Lock()
	defer g.mu.Unlock()
	metrics.Read(g.ready)
	now := time.Now()
	passed := int64(share(now.Sub(g.ticked), runtime.GOMAXPROCS(0), g.ready[0].Value.Uint64()))
	g.ticked = now
	for m := range g.working {
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
	if g.ticking {
		time.AfterFunc(tickTime, g.tick)
	}
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
