package metrics

import (
	"net/http"
	"sync/atomic"
	"time"

	"github.com/seed90475182/restspace/bus"
)

// Mount counts the requests of a mount, and its calls.
type Mount struct {
	Hops bus.Tally // calls of it, from outside and from inside

	requests       [methods][classes]atomic.Int64
	durations      [methods]durations
	received, sent atomic.Int64
	limits         [len(limits)]atomic.Int64
	outgoing       [classes]durations // calls of other servers
}

// Count is part of bus.Counter.
func (m *Mount) Count(o bus.Outcome) {
	method := methodOf(o.Method)
	m.requests[method][classOf(o.Status)].Add(1)
	if o.Status != http.StatusSwitchingProtocols { // it lasts as long as the connection
		m.durations[method].observe(o.Took)
	}
	if o.Received > 0 {
		m.received.Add(o.Received)
	}
	if o.Sent > 0 {
		m.sent.Add(o.Sent)
	}
	if o.Err == nil {
		return
	}
	kind := bus.Classify(o.Err).Type
	for i, limit := range limits {
		if limit.problem == kind {
			m.limits[i].Add(1)
		}
	}
}

// Called counts a call of another server: the status of its answer, 0 where
// there is none, and the time until it came.
func (m *Mount) Called(status int, took time.Duration) { m.outgoing[classOf(status)].observe(took) }

// limits are the limits that may end a request, by the type of its problem.
var limits = [...]struct{ problem, name string }{
	{bus.TypeBodyTooLarge, "maxBody"},
	{bus.TypeBusy, "inFlight"},
	{bus.TypeDelay, "delay"},
	{bus.TypeRate, "rate"},
	{bus.TypeTimeout, "timeout"},
	{bus.TypeSlowBody, "slowBody"},
	{bus.TypeTooManyField, "headerFields"},
	{bus.TypeDepth, "depth"},
	{bus.TypeBudget, "budget"},
}

// methods is how many there are in methodNames.
const methods = 8

// methodNames are the methods that are told apart. A client may send any word
// as one.
var methodNames = [methods]string{"GET", "HEAD", "PUT", "POST", "PATCH", "DELETE", "OPTIONS", "other"}

func methodOf(name string) int {
	for i, known := range methodNames[:methods-1] {
		if name == known {
			return i
		}
	}
	return methods - 1
}

// classes is how many there are in classNames.
const classes = 6

// classNames are the classes of statuses; the first is that of no status, and of
// those above 599.
var classNames = [classes]string{"none", "1xx", "2xx", "3xx", "4xx", "5xx"}

func classOf(status int) int {
	if class := status / 100; class < classes {
		return class
	}
	return 0
}
