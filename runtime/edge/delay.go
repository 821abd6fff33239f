package edge

import (
	"net/http"
	"runtime"
	"runtime/metrics"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed90475182/restspace/bus"
)

// delay tells how long requests wait for a core, before anything of them is seen.
// Where more come than can be answered they would wait ever longer, and those who
// sent them would not want the answers any more when their turn comes.
//
// The Go scheduler knows how many goroutines wait to run, at any time, and how long
// those had to wait that have run since. What the one says of the other (Little's
// law) tells how long the last of those that wait now will have waited. It says
// nothing of the time that requests wait for something else than a core. Requests
// are refused where too many have waited for a while (a standing queue, RFC 8289
// section 3): what comes at once, or when the machine paused, has its turn.
type delay struct {
	most  time.Duration // 0: as long as they have to
	cores uint64
	start time.Time
	next  atomic.Int64 // nanoseconds after start until somebody looks again
	long  atomic.Bool  // what was found last

	mu      sync.Mutex // guards what follows
	samples []metrics.Sample
	waits   []uint64 // of goroutines, by their length, when the window began
	began   time.Time
	ready   uint64        // the sum of what was read in the window
	times   uint64        // how often
	each    time.Duration // that a goroutine has waited for each of those that wait with it
	since   time.Time     // when the wait was too long first, with no pause of delayStands
	last    time.Time     // when it was last
}

const (
	delayLook   = time.Millisecond // between two looks, which keep the scheduler from its work
	delayWindow = 20 * time.Millisecond
	delayStands = 100 * time.Millisecond
	leastRuns   = 16 // in a window that says something
)

// The names of what the runtime of Go tells.
const (
	runnable = "/sched/goroutines/runnable:goroutines"
	waits    = "/sched/latencies:seconds"
)

func newDelay(most time.Duration) *delay {
	return &delay{
		most: most, cores: uint64(runtime.GOMAXPROCS(0)), start: time.Now(),
		samples: []metrics.Sample{{Name: runnable}, {Name: waits}},
	}
}

// check returns the error for a request that came just now and had better not be begun.
func (d *delay) check(now time.Time) error {
	if d.most == 0 {
		return nil
	}
	if since := int64(now.Sub(d.start)); since >= d.next.Load() && d.mu.TryLock() {
		d.next.Store(since + int64(delayLook))
		d.long.Store(d.stands(now, d.read(now) > d.most))
		d.mu.Unlock()
	}
	if !d.long.Load() {
		return nil
	}
	return &bus.Error{
		Status: http.StatusServiceUnavailable,
		Type:   bus.TypeDelay,
		Detail: "the server has more to do than it can: try again",
		Header: bus.Header{{Name: "Retry-After", Value: "1"}},
	}
}

// read returns how long those wait that wait now.
func (d *delay) read(now time.Time) time.Duration {
	metrics.Read(d.samples[:1])
	ready := d.samples[0].Value.Uint64()
	d.ready += ready
	d.times++
	if now.Sub(d.began) >= delayWindow {
		d.turn(now)
	}
	if ready <= d.cores { // or else a core may soon have nothing to do
		return 0
	}
	return time.Duration(ready) * d.each
}

// stands reports whether the wait is too long now, and has been for a while.
func (d *delay) stands(now time.Time, long bool) bool {
	if !long {
		return false
	}
	if now.Sub(d.last) > delayStands {
		d.since = now
	}
	d.last = now
	return now.Sub(d.since) >= delayStands
}

// turn ends a window and begins the next.
func (d *delay) turn(now time.Time) {
	metrics.Read(d.samples[1:])
	all := d.samples[1].Value.Float64Histogram()
	if len(d.waits) == len(all.Counts) {
		runs, waited := between(d.waits, all)
		switch {
		case d.ready <= d.times: // nobody waits, but now and then
			d.each = 0
		case runs >= leastRuns:
			mean := waited / float64(runs)
			d.each = time.Duration(mean * float64(d.times) / float64(d.ready) * float64(time.Second))
		default:
			return // a longer window
		}
	}
	d.waits = append(d.waits[:0], all.Counts...)
	d.began, d.ready, d.times = now, 0, 0
}

// between returns how many waits a histogram has more than before, and how many
// seconds they were together.
func between(before []uint64, h *metrics.Float64Histogram) (n uint64, seconds float64) {
	for i, count := range h.Counts {
		more := count - before[i]
		if more == 0 {
			continue
		}
		n += more
		low, high := max(h.Buckets[i], 0), h.Buckets[i+1] // the first begins at minus infinity
		if high > low*2 && low > 0 {
			high = low * 2 // the last has no end
		}
		seconds += float64(more) * (low + high) / 2
	}
	return n, seconds
}
