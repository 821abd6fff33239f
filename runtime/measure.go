package runtime

import (
	"context"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/runtime/metrics"
)

// measured answers /metrics.
func (r *Runtime) measured(ctx context.Context, m *bus.Message, _ error) (*bus.Message, error) {
	return bus.FromHandler(r.metrics.Handler()).Serve(ctx, m)
}

// served notes that there is another configuration now.
func (r *Runtime) served() {
	r.metrics.Loaded()
	r.retain()
}

// refused notes that a configuration could not be served.
func (r *Runtime) refused() {
	r.metrics.Refused()
	r.retain()
}

// retain has the metrics show what the current configuration has, and nothing
// of what was before, or was only tried.
func (r *Runtime) retain() {
	mounts, adaptors := make(map[*metrics.Mount]bool), make(map[*metrics.Adaptor]bool)
	if g := r.current.Load(); g != nil {
		for _, m := range g.calls.Mounts() {
			mounts[m.Service.(*mounted).meter] = true
		}
		for _, p := range g.parts() {
			adaptors[p.meter] = true
		}
	}
	r.metrics.Retain(mounts, adaptors)
}

// facts are what the metrics say of the server as it is now.
func (r *Runtime) facts() (f metrics.Facts) {
	f.Outgoing = r.remote.connections()
	if source, ok := r.options.Source.(interface{ Refused() bool }); ok {
		f.Refused = source.Refused()
	}
	f.Spans = metrics.Spans(r.traces.Stats())
	if e := r.edge.Load(); e != nil {
		load := e.Load()
		f.Connections, f.InFlight, f.Queued = load.Connections, load.InFlight, load.Queued
	}
	g := r.pin()
	if g == nil {
		return f
	}
	defer g.unpin()
	for _, m := range g.checkup.of(g) {
		f.Healthy = append(f.Healthy, metrics.Health{Service: m.Name, Kind: m.Service, Healthy: m.Status == ready})
	}
	for _, p := range g.parts() {
		if program, ok := p.made.(interface{ Restarts() int64 }); ok {
			f.Plugins = append(f.Plugins, metrics.Plugin{Service: p.instance.conf.Name, Slot: p.slot, Adaptor: p.kind, Restarts: program.Restarts()})
		}
	}
	return f
}
