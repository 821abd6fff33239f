package bus

import (
	"sync/atomic"
	"time"
)

// A Tally counts the calls of a [Mount], or of several that follow each other. The
// zero value has counted nothing. Safe for concurrent use.
type Tally struct {
	calls, failures, nanoseconds atomic.Int64
}

// Stats is what a [Tally] has counted.
type Stats struct {
	Calls, Failures int64         // answers, and those of them that were errors
	Time            time.Duration // spent in the service, all calls together
}

// Stats returns the counts until now.
func (t *Tally) Stats() Stats {
	return Stats{
		Calls:    t.calls.Load(),
		Failures: t.failures.Load(),
		Time:     time.Duration(t.nanoseconds.Load()),
	}
}

// count counts one call. A nil Tally does not.
func (t *Tally) count(took time.Duration, err error) {
	if t == nil {
		return
	}
	t.calls.Add(1)
	t.nanoseconds.Add(int64(took))
	if err != nil {
		t.failures.Add(1)
	}
}
