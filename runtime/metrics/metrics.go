// Package metrics counts what a server does, and shows it in the formats of
// Prometheus.
//
// Who counts holds a [Mount] or an [Adaptor], which is made once for a
// configuration: to count is to add to a few numbers. What is shown is put
// together when somebody asks. Labels are names of the configuration and words of
// a fixed list: no path, user or host of a request is among them.
package metrics

import (
	"net/http"
	goruntime "runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Metrics is all that is counted for one server. Make it with [New]. Safe for
// concurrent use.
type Metrics struct {
	// Elsewhere is for requests that lead to no mount.
	Elsewhere *Mount

	facts    func() Facts
	registry *prometheus.Registry

	loaded, refused atomic.Int64 // configurations
	last            atomic.Int64 // when one was loaded, in milliseconds
	failed          atomic.Bool  // the last one was refused

	dropped, droppedOfOne atomic.Int64 // connections: too many in all, and of one client

	mu       sync.Mutex
	mounts   map[mountKey]*Mount
	adaptors map[adaptorKey]*Adaptor
}

// Facts are what is not counted but is so when somebody asks.
type Facts struct {
	Connections, InFlight, Queued int
	Outgoing                      int // connections to other servers
	Healthy                       []Health
	Plugins                       []Plugin
	Refused                       bool // the last configuration is not served, also where another server found that out
	Spans                         Spans
}

// Spans is what has become of the spans of traces.
type Spans struct{ Sent, Full, Refused int64 }

// Health is how a mount is.
type Health struct {
	Service, Kind string
	Healthy       bool
}

// Plugin is an adaptor that is a program.
type Plugin struct {
	Service, Slot, Adaptor string
	Restarts               int64
}

// New returns metrics of a program of that version. facts is called each time
// somebody asks.
func New(version string, facts func() Facts) *Metrics {
	m := &Metrics{
		Elsewhere: new(Mount),
		facts:     facts,
		registry:  prometheus.NewRegistry(),
		mounts:    make(map[mountKey]*Mount),
		adaptors:  make(map[adaptorKey]*Adaptor),
	}
	build := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "restspace_build_info", Help: "The version that runs; always 1.",
		ConstLabels: prometheus.Labels{"version": version, "goversion": goruntime.Version()},
	}, func() float64 { return 1 })
	m.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), build, m)
	return m
}

// Handler shows the metrics.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{EnableOpenMetrics: true})
}

// Gatherer is what the metrics can be read from.
func (m *Metrics) Gatherer() prometheus.Gatherer { return m.registry }

// Loaded counts a configuration that has become the current one.
func (m *Metrics) Loaded() {
	m.loaded.Add(1)
	m.last.Store(time.Now().UnixMilli())
	m.failed.Store(false)
}

// Refused counts a configuration that could not.
func (m *Metrics) Refused() {
	m.refused.Add(1)
	m.failed.Store(true)
}

// Kept notes that what is served is again what is to be served.
func (m *Metrics) Kept() { m.failed.Store(false) }

// Dropped counts a connection that was one too many for a limit: connections or
// connectionsPerIP.
func (m *Metrics) Dropped(limit string) {
	if limit == "connections" {
		m.dropped.Add(1)
	} else {
		m.droppedOfOne.Add(1)
	}
}

type mountKey struct{ service, kind string }

type adaptorKey struct{ service, kind, slot, adaptor string }

// Mount returns what counts for a mount: the same as long as there is one of
// that name and Kind.
func (m *Metrics) Mount(service, kind string) *Mount {
	m.mu.Lock()
	defer m.mu.Unlock()
	key := mountKey{service, kind}
	if m.mounts[key] == nil {
		m.mounts[key] = new(Mount)
	}
	return m.mounts[key]
}

// Adaptor returns what counts for an adaptor of a mount: the same as long as the
// mount has it.
func (m *Metrics) Adaptor(service, kind, slot, adaptor string) *Adaptor {
	m.mu.Lock()
	defer m.mu.Unlock()
	key := adaptorKey{service, kind, slot, adaptor}
	if m.adaptors[key] == nil {
		m.adaptors[key] = new(Adaptor)
	}
	return m.adaptors[key]
}

// Retain shows no more than these mounts from now on, and these adaptors. What
// still counts for others counts for nobody.
func (m *Metrics) Retain(mounts map[*Mount]bool, adaptors map[*Adaptor]bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for key, mount := range m.mounts {
		if !mounts[mount] {
			delete(m.mounts, key)
		}
	}
	for key, adaptor := range m.adaptors {
		if !adaptors[adaptor] {
			delete(m.adaptors, key)
		}
	}
}
