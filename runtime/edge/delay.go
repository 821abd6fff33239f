package edge

import (
	"net/http"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/seed90475182/restspace/bus"
)

// delay bounds how long requests wait for a core, before anything of them is seen.
// Where more come than can be answered they would wait ever longer, and those who
// sent them would not want the answers any more when their turn comes.
//
// Nothing tells how long goroutines wait, so a request tries it: now and then one
// goes behind all goroutines that are ready to run, and how long it stays away is
// how long they wait. Those that come while it is away go behind the others too,
// which has them take turns: by itself the scheduler goes on with a connection
// whose next request is there already, and leaves others waiting for a hundred
// requests.
type delay struct {
	most  time.Duration // 0: as long as they have to
	start time.Time
	next  atomic.Int64 // nanoseconds after start when another one may try
	away  atomic.Int64 // nanoseconds after start since when one is away; 0: none is

	behind func() // has a goroutine go behind all that are ready
}

// delayLook is between two tries, which cost some hundred nanoseconds, and what one
// may be away without others taking it for a queue.
const delayLook = time.Millisecond

func newDelay(most time.Duration) *delay {
	return &delay{most: most, start: time.Now().Add(-delayLook), behind: runtime.Gosched}
}

// check lets a request that came just now wait for its turn. The error is that it
// takes too long.
func (d *delay) check(now time.Time) error {
	if d.most == 0 {
		return nil
	}
	at, since := now.Sub(d.start), time.Duration(d.away.Load())
	switch {
	case since == 0:
		if int64(at) < d.next.Load() || !d.away.CompareAndSwap(0, int64(at)) {
			return nil
		}
		d.next.Store(int64(at + delayLook))
		d.behind()
		d.away.Store(0)
	case at-since <= delayLook:
		return nil
	case at-since <= d.most:
		d.behind()
	default:
		return late()
	}
	if time.Since(now) > d.most {
		return late()
	}
	return nil
}

func late() error {
	return &bus.Error{
		Status: http.StatusServiceUnavailable,
		Type:   bus.TypeDelay,
		Detail: "the server has more to do than it can: try again",
		Header: bus.Header{{Name: "Retry-After", Value: "1"}},
	}
}
