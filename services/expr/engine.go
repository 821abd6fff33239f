package expr

import (
	"sync"
	"sync/atomic"
	"time"
)

const (
	most      = 5  // ticks that an evaluation may last
	mostOfAll = 50 // ticks that all the evaluations of a transform may last
	tickTime  = 10 * time.Millisecond
)

// An Engine keeps machines between evaluations, and the one watchdog over
// them. The zero Engine is ready; it is safe for concurrent use and needs no
// closing: machines that nobody uses go with the garbage.
type Engine struct {
	machines sync.Pool // *machine

	mu      sync.Mutex // guards what follows
	working map[*machine]struct{}
	ticking bool
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
	}
	g.working[m] = struct{}{}
	m.watched.all.Store(0)
	if !g.ticking {
		g.ticking = true
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

// tick is the watchdog: it runs while machines work, and counts for each how
// often it has seen it in one evaluation, and in all since it was taken. A process that stood still has fewer
// ticks, not evaluations that are late.
func (g *Engine) tick() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for m := range g.working {
		if !m.watched.busy.Load() {
			continue
		}
		switch age, all := m.watched.age.Add(1), m.watched.all.Add(1); {
		case age > most:
			m.stop(errTime)
		case all > mostOfAll:
			m.stop(errAllTime)
		}
	}
	g.ticking = len(g.working) > 0
	if g.ticking {
		time.AfterFunc(tickTime, g.tick)
	}
}

// watched is what the watchdog knows of a machine.
type watched struct {
	busy    atomic.Bool
	age     atomic.Int32 // ticks in this evaluation
	all     atomic.Int32 // ticks in all evaluations since it was taken
	stopped atomic.Bool
	reason  error // why, once it is stopped
}
