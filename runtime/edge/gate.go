package edge

import (
	"context"
	"net/http"
	"net/netip"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/seed90475182/restspace/bus"
)

// gate bounds how many requests are worked on at once, and how many wait.
type gate struct {
	places   *semaphore.Weighted
	queue    int64
	inFlight atomic.Int64
	waiting  atomic.Int64
}

func newGate(places, queue int) *gate {
	return &gate{places: semaphore.NewWeighted(int64(places)), queue: int64(queue)}
}

// enter waits for a place until ctx ends. The error is the one for the client;
// without one, leave must follow.
func (g *gate) enter(ctx context.Context) error {
	if g.places.TryAcquire(1) {
		g.inFlight.Add(1)
		return nil
	}
	if g.waiting.Add(1) > g.queue {
		g.waiting.Add(-1)
		return busy()
	}
	defer g.waiting.Add(-1)
	if g.places.Acquire(ctx, 1) != nil {
		return busy()
	}
	g.inFlight.Add(1)
	return nil
}

func (g *gate) leave() {
	g.inFlight.Add(-1)
	g.places.Release(1)
}

// enter has r take its place among the requests that are worked on. A request
// of HTTP/2 counts as a connection of HTTP/1.1 does, which has one at a time.
// It came just now. One that is spared is held to that alone. Without an error,
// leave must follow.
func (s *Server) enter(r *http.Request, root *bus.Root, now time.Time) error {
	spared := s.options.spares(r)
	if !spared {
		if err := s.delay.check(now); err != nil {
			return err
		}
	}
	if r.ProtoMajor == 2 && !s.streams.enter(peerOf(r)) {
		return busy()
	}
	if spared {
		return nil
	}
	err := s.gate.enter(root)
	if err != nil && r.ProtoMajor == 2 {
		s.streams.leave(peerOf(r))
	}
	return err
}

func (s *Server) leave(r *http.Request) {
	if !s.options.spares(r) {
		s.gate.leave()
	}
	if r.ProtoMajor == 2 {
		s.streams.leave(peerOf(r))
	}
}

// peerOf returns the address that r comes from, be it a proxy's.
func peerOf(r *http.Request) netip.Addr {
	address, _ := netip.ParseAddrPort(r.RemoteAddr)
	return address.Addr().Unmap()
}

func busy() error {
	return &bus.Error{
		Status: http.StatusServiceUnavailable,
		Type:   bus.TypeBusy,
		Detail: "too many requests are being answered: try again",
		Header: bus.Header{{Name: "Retry-After", Value: "1"}},
	}
}
