package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"sync"
	"time"
)

const (
	excess     = 3                     // times the capacity that an overload asks for
	slowTime   = 20 * time.Millisecond // that the upstream takes to answer slowPath
	slowPath   = "/slow"
	waitPlaces = 64      // of the server, for requests that wait for the upstream
	workPath   = "/work" // whose requests need a core for a while
	workDelay  = "1ms"   // that they may wait for it
)

// overload measures what clients get from a server at three times its capacity,
// beside its peak, and how long those wait that it lets in, beside one client
// alone.
func overload(ctx context.Context, b *bench, s scenario) (*comparison, error) {
	defer debug.SetGCPercent(debug.SetGCPercent(400)) // or this program is slow at times itself
	served, err := b.overloadSite(ctx)
	if err != nil {
		return nil, err
	}
	defer served.stop()
	server, err := b.launchers(served)[restspaceSide](ctx)
	if err != nil {
		return nil, err
	}
	defer server.stop()
	if err := server.ready(ctx); err != nil {
		return nil, err
	}
	c := new(comparison)
	for round := range b.rounds + 1 { // the first warms up
		if round == 1 {
			if err := c.memoryOf(server, quietSide); err != nil {
				return nil, err
			}
		}
		flood := newFlood(b, s, server)
		alone, peak := flood.closed(ctx, 1), flood.closed(ctx, s.connections)
		rate := int(excess * peak.rate())
		over := flood.open(ctx, rate)
		flood.transport.CloseIdleConnections()
		if err := flood.verdict(); err != nil {
			return nil, err
		}
		if round == 0 {
			continue
		}
		c.add(throughput, stormSide, over.rate())
		c.add(throughput, quietSide, peak.rate())
		c.add(p50, stormSide, over.P50/1e3)
		c.add(p50, quietSide, alone.P50/1e3)
		c.add(p99, stormSide, over.P99/1e3)
		c.add(p99, quietSide, alone.P99/1e3)
		c.add(refused, stormSide, float64(flood.refused)/float64(b.seconds))
	}
	return c, c.memoryOf(server, stormSide)
}

// rate returns requests a second.
func (s summary) rate() float64 { return float64(s.Requests) / (float64(s.Microseconds) / 1e6) }

// memoryOf adds the most memory that a server has had.
func (c *comparison) memoryOf(s *server, side int) error {
	megabytes, err := s.memory(peakMemory)
	c.add(peakRSS, side, megabytes)
	return err
}

// overloadSite returns a server that works on waitPlaces requests at a time, while
// half as many wait, with a mount at workPath.
func (b *bench) overloadSite(ctx context.Context) (*site, error) {
	served, err := b.newSite(ctx, scenario{proxied: true})
	if err != nil {
		return nil, err
	}
	served.limits = map[string]any{"inFlight": waitPlaces, "queue": waitPlaces / 2, "delay": workDelay, "connections": 4096, "connectionsPerIP": 4096}
	work := make(map[string]any)
	for i := range 10 {
		work[fmt.Sprint("size", i)] = "items.map(i => i.text.length).reduce((sum, n) => sum + n, 0)"
	}
	served.services = append(served.services, pipelineMount(workPath, "all", "GET /static/"+listFile, work), b.data.staticMount())
	if err := b.data.fillStatic(); err != nil {
		served.stop()
		return nil, err
	}
	return served, nil
}

// flood makes requests of one scenario, and counts those that are let in.
type flood struct {
	*bench
	scenario  scenario
	server    *server
	transport *http.Transport

	mu       sync.Mutex
	admitted caller // their latencies
	refused  int
	err      error
}

func newFlood(b *bench, s scenario, server *server) *flood {
	return &flood{bench: b, scenario: s, server: server,
		transport: &http.Transport{MaxIdleConnsPerHost: 1024, MaxConnsPerHost: 1024, DisableCompression: true}}
}

// closed has so many callers send one request after the other.
func (f *flood) closed(ctx context.Context, callers int) summary {
	began := time.Now()
	took := time.Duration(f.seconds) * time.Second
	return f.count(began, func() {
		var all sync.WaitGroup
		for range callers {
			all.Go(func() {
				for time.Since(began) < took && f.verdict() == nil {
					f.request(ctx)
				}
			})
		}
		all.Wait()
	})
}

// open sends so many requests a second, however long the answers take.
func (f *flood) open(ctx context.Context, rate int) summary {
	return f.count(time.Now(), func() {
		steadily(ctx, rate, time.Duration(f.seconds)*time.Second, func() { f.request(ctx) })
	})
}

// count returns what came of the requests that send makes.
func (f *flood) count(began time.Time, send func()) summary {
	f.admitted, f.refused = caller{}, 0
	send()
	return summarize([]*caller{&f.admitted}, time.Since(began))
}

func (f *flood) verdict() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.err
}

// request makes one: it has to be answered well, or refused by a 503.
func (f *flood) request(ctx context.Context) {
	sent := time.Now()
	status, err := f.send(ctx, f.transport, f.server.address, f.scenario.method, f.scenario.path, nil, f.headers(f.scenario))
	took := time.Since(sent)
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case err != nil:
	case status == http.StatusOK:
		f.admitted.latencies = append(f.admitted.latencies, took)
	case status == http.StatusServiceUnavailable:
		f.refused++
	default:
		err = fmt.Errorf("%s answers %d", f.scenario.path, status)
	}
	f.err = errors.Join(f.err, err)
}
