package main

import (
	"context"
	"fmt"
	"strings"
)

// A scenario is one task that both servers do.
type scenario struct {
	name        string
	method      string
	path        string
	beside      string // what restspace itself is asked for instead of the bare server; "": that one is
	signed      bool   // the requests carry a token
	unsigned    bool   // but those of beside do not
	rotate      bool   // over many documents, named by path with a verb of fmt
	proxied     bool   // both servers pass the requests on to an upstream
	socket      bool   // the requests are messages over WebSockets
	networks    int    // that logins with wrong passwords come from; 0: nobody signs in
	flooded     bool   // more requests are made than can be answered
	connections int
	run         func(context.Context, *bench, scenario) (*comparison, error)
	targets     []target
}

// scenarios returns all, in the order in which they run. The ceilings of
// memory tell a reply that is passed on from one that is held: 8 files of
// 10 MB in flight are 80 MB. They are not more, since what is in flight at the
// end of a round has cost time and does not count.
func scenarios() []scenario {
	return []scenario{
		{name: "bypass", method: "GET", path: "/lib/bypass", connections: 64, run: compare,
			targets: []target{par(throughput, 0.93)}},
		{name: "document", method: "GET", path: "/docs/" + smallDocument, signed: true, connections: 64, run: compare,
			targets: []target{par(throughput, 0.90)}},
		{name: "token", method: "GET", path: "/lib/bypass", beside: "/lib/bypass", signed: true, unsigned: true, connections: 64, run: compare,
			targets: []target{par(throughput, 0.95)}},
		{name: "file-100k", method: "GET", path: "/files/" + mediumFile, connections: 64, run: compare,
			targets: []target{par(throughput, 0.95), most(peakRSS, 64)}},
		{name: "file-10m", method: "GET", path: "/files/" + largeFile, connections: 8, run: compare,
			targets: []target{par(throughput, 0.95), most(peakRSS, 64)}},
		{name: "put-1", method: "PUT", path: "/put/note-%03d.json", rotate: true, connections: 1, run: compare,
			targets: []target{par(throughput, 0.90)}},
		{name: "put-16", method: "PUT", path: "/put/note-%03d.json", rotate: true, connections: 16, run: compare,
			targets: []target{par(throughput, 0.90)}},
		{name: "listing-100", method: "GET", path: manyPath + "?$take=100", connections: 1, run: compare,
			targets: []target{par(p50, 1/1.5), most(peakRSS, 64)}},
		{name: "listing", method: "GET", path: manyPath, connections: 1, run: compare,
			targets: []target{par(p50, 1/1.5), most(peakRSS, 64)}},
		{name: "start", method: "GET", path: readyPath, run: start,
			targets: []target{most(firstAnswer, 30), most(idleRSS, 20)}},
		{name: "proxy-64", method: "GET", path: proxyPath + "/" + smallDocument, proxied: true, connections: 64, run: compare,
			targets: []target{par(cpuTime, 1.3), par(p50, 1), par(p99, 1)}},
		{name: "proxy-256", method: "GET", path: proxyPath + "/" + smallDocument, proxied: true, connections: 256, run: compare,
			targets: []target{par(cpuTime, 1.3), par(p50, 1), par(p99, 1), most(peakRSS, 32)}},
		{name: "proxy-10m", method: "GET", path: proxyPath + "/" + largeFile, proxied: true, connections: 8, run: compare},
		{name: "proxy-socket", method: "GET", path: proxyPath + socketPath, proxied: true, socket: true, connections: 64, run: compare},
		{name: "pipeline", method: "GET", path: nextPath, beside: "/docs/" + smallDocument, signed: true, connections: 64, run: compare,
			targets: []target{par(throughput, 0.85)}},
		{name: "pipeline-template", method: "GET", path: pagePath, beside: "/files/" + pageFile, signed: true, connections: 64, run: compare,
			targets: []target{par(throughput, 0.60)}},
		{name: "pipeline-remote", method: "GET", path: farPath, proxied: true, connections: 64, run: compare,
			targets: []target{par(throughput, 1), par(cpuTime, 1)}},
		{name: "login-storm", method: "GET", path: "/docs/" + smallDocument, signed: true, networks: 10_000, run: storm,
			targets: []target{par(p99, 0.5)}},
		{name: "login-storm-one", method: "GET", path: "/docs/" + smallDocument, signed: true, networks: 1, run: storm,
			targets: []target{par(p99, 0.5)}},
		{name: "overload-wait", method: "GET", path: proxyPath + slowPath, connections: waitPlaces, flooded: true, run: overload,
			targets: []target{par(throughput, 0.8), par(p99, 0.5), most(peakRSS, 128)}},
		{name: "overload-work", method: "GET", path: workPath, connections: 4, flooded: true, run: overload,
			targets: []target{par(throughput, 0.8), par(p99, 0.5), most(peakRSS, 128)}},
	}
}

// of returns the scenario as one side has it.
func (s scenario) of(side int) scenario {
	if side == bareSide && s.beside != "" {
		s.path, s.signed = s.beside, s.signed && !s.unsigned
	}
	return s
}

func names() []string {
	var all []string
	for _, s := range scenarios() {
		all = append(all, s.name)
	}
	return all
}

// choose returns the scenarios whose names are in a list separated by commas;
// all for an empty one.
func choose(only string) ([]scenario, error) {
	if only == "" {
		return scenarios(), nil
	}
	var chosen []scenario
	for name := range strings.SplitSeq(only, ",") {
		before := len(chosen)
		for _, s := range scenarios() {
			if s.name == name {
				chosen = append(chosen, s)
			}
		}
		if len(chosen) == before {
			return nil, fmt.Errorf("-only: no scenario %q: write some of %s", name, strings.Join(names(), ", "))
		}
	}
	return chosen, nil
}

// compare measures the two servers in turns.
func compare(ctx context.Context, b *bench, s scenario) (*comparison, error) {
	if strings.HasPrefix(s.path, manyPath) {
		if err := b.data.fillMany(manyDocuments); err != nil {
			return nil, err
		}
	}
	served, err := b.newSite(ctx, s)
	if err != nil {
		return nil, err
	}
	defer served.stop()
	pair, err := b.startPair(ctx, s, served)
	if err != nil {
		return nil, err
	}
	defer pair.stop()
	if err := b.sameAnswer(ctx, s, pair); err != nil {
		return nil, err
	}
	return b.turns(ctx, s, pair[:])
}

// turns puts the load of a scenario on one server after the other, round by
// round. A server's place is its side.
func (b *bench) turns(ctx context.Context, s scenario, servers []*server) (*comparison, error) {
	loads := make([]load, len(servers))
	for i, server := range servers {
		var err error
		if loads[i], err = b.newLoad(s.of(i), server); err != nil {
			return nil, err
		}
		if _, err = loads[i].run(ctx, 1); err != nil { // warms up
			return nil, fmt.Errorf("%s: %w", server.name, err)
		}
	}
	c := new(comparison)
	for range b.rounds {
		for i, server := range servers {
			if err := c.round(ctx, i, server, loads[i], b.seconds); err != nil {
				return nil, fmt.Errorf("%s: %w", server.name, err)
			}
		}
	}
	for i, server := range servers {
		megabytes, err := server.memory(peakMemory)
		if err != nil {
			return nil, err
		}
		c.add(peakRSS, i, megabytes)
	}
	return c, nil
}

// round puts load on a server and adds what it showed to side.
func (c *comparison) round(ctx context.Context, side int, s *server, l load, seconds int) error {
	before, err := s.cpu()
	if err != nil {
		return err
	}
	counted, err := l.run(ctx, seconds)
	if err != nil {
		return err
	}
	after, err := s.cpu()
	if err != nil {
		return err
	}
	requests := float64(counted.Requests)
	c.add(throughput, side, requests/(float64(counted.Microseconds)/1e6))
	c.add(cpuTime, side, float64((after-before).Microseconds())/requests)
	c.add(p50, side, counted.P50/1e3)
	c.add(p99, side, counted.P99/1e3)
	return nil
}
