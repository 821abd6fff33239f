package proxy

import (
	"log/slog"
	"math"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/failsafe-go/failsafe-go/circuitbreaker"

	"github.com/seed90475182/restspace/bus"
)

// upstream is a server that answers for the mount.
type upstream struct {
	*target
	at       int // in the list
	breaker  circuitbreaker.CircuitBreaker[any]
	inFlight atomic.Int64
	ill      atomic.Bool           // as its health was asked last
	why      atomic.Pointer[error] // it failed last
}

func newUpstream(t *target, at int, b *Breaker, log *slog.Logger) *upstream {
	log = log.With("upstream", t.Host)
	u := &upstream{target: t, at: at}
	u.breaker = circuitbreaker.NewBuilder[any]().
		WithFailureThreshold(uint(b.Failures)).
		WithSuccessThreshold(1).
		WithDelay(b.Delay).
		WithJitterFactor(0.1).
		OnOpen(func(circuitbreaker.StateChangedEvent) {
			log.Warn("breaker opened: the upstream fails and is left alone", "error", *u.why.Load())
		}).
		OnClose(func(circuitbreaker.StateChangedEvent) { log.Info("breaker closed: the upstream answers") }).
		Build()
	return u
}

// verdict is what a try says about its upstream.
type verdict int

const (
	good verdict = iota
	bad
	unknown // the client left, or was wrong
)

// record tells the breaker what came of a try, and why that is bad.
func (u *upstream) record(v verdict, why error) {
	if v == bad {
		u.why.Store(&why)
	}
	switch {
	case v == good:
		u.breaker.RecordSuccess()
	case v == bad, u.breaker.IsHalfOpen(): // what was to show that it is well again has not
		u.breaker.RecordFailure()
	}
}

// recovered has the next request try an upstream that was left alone.
func (u *upstream) recovered() {
	if u.breaker.IsOpen() {
		u.breaker.HalfOpen()
	}
}

// choose returns the upstream for the next try: of those that are well and not
// tried yet the one with the fewest requests in flight, in turn where several
// have as few. Upstreams that are ill are better than none, and so are those
// that were tried. nil: the breakers of all are open.
func (p *proxy) choose(tried upstreamSet) *upstream {
	if len(p.upstreams) == 1 {
		if u := p.upstreams[0]; u.breaker.TryAcquirePermit() {
			return u
		}
		return nil
	}
	start := int(p.turn.Add(1) % uint64(len(p.upstreams)))
	var refused upstreamSet
	for {
		best, bestRank := -1, int64(math.MaxInt64)
		for i := range p.upstreams {
			at := (start + i) % len(p.upstreams)
			if refused.has(at) {
				continue
			}
			if rank := p.upstreams[at].rank(tried.has(at)); rank < bestRank {
				best, bestRank = at, rank
			}
		}
		if best < 0 {
			return nil
		}
		if u := p.upstreams[best]; u.breaker.TryAcquirePermit() {
			return u
		}
		refused = refused.with(best)
	}
}

// rank is the lower, the better u is for the next try.
func (u *upstream) rank(tried bool) int64 {
	rank := u.inFlight.Load()
	if u.ill.Load() {
		rank += 1 << 32
	}
	if tried {
		rank += 1 << 33
	}
	return rank
}

// upstreamSet is a set of positions in a list of upstreams.
type upstreamSet uint64

func (s upstreamSet) has(at int) bool         { return s&(1<<at) != 0 }
func (s upstreamSet) with(at int) upstreamSet { return s | 1<<at }

// unavailable returns the error while the breakers of all upstreams are open.
func (p *proxy) unavailable() error {
	wait := time.Duration(math.MaxInt64)
	for _, u := range p.upstreams {
		wait = min(wait, u.breaker.RemainingDelay())
	}
	return &bus.Error{
		Status: http.StatusServiceUnavailable, Type: bus.TypeUnavailable,
		Detail: "the server behind " + strconv.Quote(p.name) + " fails and is left alone for a while: try again later",
		Header: bus.Header{{Name: "Retry-After", Value: strconv.Itoa(int(wait/time.Second) + 1)}},
	}
}
