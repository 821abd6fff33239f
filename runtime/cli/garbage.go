package cli

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
)

const (
	garbageRoom    = 12 << 20 // bytes that may be new before the garbage collector runs
	mostPercent    = 400
	percentStep    = 50
	defaultPercent = 100 // of what is alive may be new: the Go runtime's own rule
)

// A pacer has the garbage collector run less often than by the rule of the Go
// runtime where little is alive: a server that keeps a few megabytes, as most do,
// would collect a hundred times a second under load, and each time look at all of
// them. It looks at what is alive after each collection.
type pacer struct {
	mu      sync.Mutex
	live    [1]metrics.Sample
	percent int
	stopped bool
}

// paceGarbage has a pacer work until stop is called. GOGC in the environment says
// otherwise.
func paceGarbage() (stop func()) {
	if os.Getenv("GOGC") != "" {
		return func() {}
	}
	p := &pacer{percent: defaultPercent, live: [1]metrics.Sample{{Name: "/gc/heap/live:bytes"}}}
	p.adjust(struct{}{})
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.stopped = true
		debug.SetGCPercent(defaultPercent)
	}
}

// adjust sets how much may be new until the next collection, after which it is
// called again.
func (p *pacer) adjust(struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stopped {
		return
	}
	metrics.Read(p.live[:])
	if percent := percentFor(p.live[0].Value.Uint64()); percent != p.percent {
		p.percent = percent
		debug.SetGCPercent(percent)
	}
	type collected struct{ _ *pacer } // no pointer, and the runtime would keep it with others
	runtime.AddCleanup(new(collected), p.adjust, struct{}{})
}

// percentFor returns what part of live bytes may be new.
func percentFor(live uint64) int {
	percent := 100 * garbageRoom / max(live, 1)
	return int(min(max(percent-percent%percentStep, defaultPercent), mostPercent))
}
