package main

import "context"

// A site is what the servers of a scenario serve.
type site struct {
	services []any          // of restspace
	limits   map[string]any // of restspace; nil is the default
	users    bool           // restspace has records of users, at /users
	upstream *server        // what both pass requests on to; nil if nothing
}

// newSite returns what a scenario needs; its upstream, if it has one, serves.
// The caller stops it.
func (b *bench) newSite(ctx context.Context, s scenario) (*site, error) {
	if !s.proxied {
		return &site{services: b.data.mounts()}, nil
	}
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	upstream, err := launch(ctx, clientCore, "upstream", address, b.self, "upstream", "-listen", address)
	if err != nil {
		return nil, err
	}
	served := &site{services: append(b.data.mounts(), proxyMount(address), farMount(address)), limits: proxyLimits(), upstream: upstream}
	if err := upstream.ready(ctx); err != nil {
		served.stop()
		return nil, err
	}
	return served, nil
}

func (s *site) stop() {
	if s.upstream != nil {
		s.upstream.stop()
	}
}

// proxyMount returns the service that passes requests on to an address.
func proxyMount(address string) any {
	return map[string]any{
		"name": "up", "basePath": proxyPath, "service": "proxy", "url": "http://" + address,
		"readRoles": "all", "writeRoles": "all",
	}
}

// proxyLimits returns limits that leave room for 256 connections of one client,
// all with a request in flight.
func proxyLimits() map[string]any {
	return map[string]any{"inFlight": 1024, "connectionsPerIP": 1024}
}
