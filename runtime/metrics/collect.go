package metrics

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/seed90475182/restspace/adaptors"
)

// descriptions are what there is, beside what the libraries tell of Go and of
// the process.
type descriptions struct {
	requests, durations, received, sent, limits *prometheus.Desc
	hops, hopFailures, outgoing, healthy        *prometheus.Desc
	adaptors, restarts                          *prometheus.Desc
	connections, dropped, inFlight, queued      *prometheus.Desc
	outgoingConnections                         *prometheus.Desc
	spansSent, spansDropped                     *prometheus.Desc
	reloads, reloaded, reloadedAt               *prometheus.Desc
}

func describe() descriptions {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("restspace_"+name, help, labels, nil)
	}
	return descriptions{
		requests:  desc("requests_total", "Requests from outside that were answered. Without a service: those that led to no mount.", "service", "kind", "method", "status"),
		durations: desc("request_duration_seconds", "From the header of a request to the end of its answer.", "service", "kind", "method"),
		received:  desc("request_body_bytes_total", "Bytes of the bodies of requests that were read.", "service", "kind"),
		sent:      desc("response_body_bytes_total", "Bytes of the bodies of answers that were sent.", "service", "kind"),
		limits:    desc("limits_hit_total", "Requests that a limit ended.", "service", "kind", "limit"),

		hops:        desc("hop_duration_seconds", "Calls of a mount over the bus, from outside and from inside, until its reply.", "service", "kind"),
		hopFailures: desc("hop_failures_total", "Calls of a mount over the bus that ended in an error.", "service", "kind"),
		outgoing:    desc("outgoing_request_duration_seconds", "Calls of other servers by a mount, until the header of the answer.", "service", "kind", "status"),
		healthy:     desc("service_healthy", "1 where a mount, its adaptors, upstreams and background work are well.", "service", "kind"),

		adaptors: desc("adaptor_call_duration_seconds", "Calls of adaptors: of get and list until the first byte or entry.", "service", "kind", "slot", "adaptor", "operation", "outcome"),
		restarts: desc("plugin_restarts_total", "How often the program of an adaptor was started again.", "service", "slot", "adaptor"),

		connections: desc("connections", "Connections of clients that are open."),
		dropped:     desc("connections_dropped_total", "Connections that were closed at once: there were too many.", "limit"),
		inFlight:    desc("requests_in_flight", "Requests that are worked on."),
		queued:      desc("requests_queued", "Requests that wait until others are done."),

		outgoingConnections: desc("outgoing_connections", "Connections to other servers that are open, those that wait for the next call included."),

		spansSent:    desc("trace_spans_sent_total", "Spans that the collector of traces has taken."),
		spansDropped: desc("trace_spans_dropped_total", "Spans that the collector of traces did not get: too many waited, or it did not take them.", "reason"),

		reloads:    desc("config_reloads_total", "Configurations that were to be served.", "outcome"),
		reloaded:   desc("config_last_reload_successful", "1 where the last configuration that was to be served is."),
		reloadedAt: desc("config_last_reload_success_timestamp_seconds", "Since when the configuration is served."),
	}
}

// Describe is part of prometheus.Collector: what is collected differs.
func (m *Metrics) Describe(chan<- *prometheus.Desc) {}

// Collect is part of prometheus.Collector.
func (m *Metrics) Collect(to chan<- prometheus.Metric) {
	d := describe()
	m.mu.Lock()
	defer m.mu.Unlock()
	m.Elsewhere.collect(to, &d, "", "")
	for key, mount := range m.mounts {
		mount.collect(to, &d, key.service, key.kind)
		mount.collectCalls(to, &d, key.service, key.kind)
	}
	for key, adaptor := range m.adaptors {
		for operation := range adaptor.calls {
			for outcome := range outcomes {
				adaptor.calls[operation][outcome].collect(to, d.adaptors,
					key.service, key.kind, key.slot, key.adaptor, adaptors.Operation(operation).String(), outcomeNames[outcome])
			}
		}
	}
	count(to, d.dropped, m.dropped.Load(), "connections")
	count(to, d.dropped, m.droppedOfOne.Load(), "connectionsPerIP")
	count(to, d.reloads, m.loaded.Load(), "ok")
	count(to, d.reloads, m.refused.Load(), "refused")
	gauge(to, d.reloadedAt, float64(m.last.Load())/1000)
	m.collectFacts(to, &d)
}

// collect sends what m counts of requests.
func (m *Mount) collect(to chan<- prometheus.Metric, d *descriptions, service, kind string) {
	for method, name := range methodNames {
		for class := range m.requests[method] {
			if n := m.requests[method][class].Load(); n > 0 {
				count(to, d.requests, n, service, kind, name, classNames[class])
			}
		}
		m.durations[method].collect(to, d.durations, service, kind, name)
	}
	count(to, d.received, m.received.Load(), service, kind)
	count(to, d.sent, m.sent.Load(), service, kind)
	for i := range m.limits {
		if n := m.limits[i].Load(); n > 0 {
			count(to, d.limits, n, service, kind, limits[i].name)
		}
	}
}

// collectCalls sends what m counts of calls.
func (m *Mount) collectCalls(to chan<- prometheus.Metric, d *descriptions, service, kind string) {
	hops := m.Hops.Stats()
	to <- prometheus.MustNewConstSummary(d.hops, uint64(hops.Calls), hops.Time.Seconds(), nil, service, kind)
	count(to, d.hopFailures, hops.Failures, service, kind)
	for class := range m.outgoing {
		m.outgoing[class].collect(to, d.outgoing, service, kind, classNames[class])
	}
}

func (m *Metrics) collectFacts(to chan<- prometheus.Metric, d *descriptions) {
	facts := m.facts()
	gauge(to, d.reloaded, oneIf(!m.failed.Load() && !facts.Refused))
	gauge(to, d.connections, float64(facts.Connections))
	gauge(to, d.inFlight, float64(facts.InFlight))
	gauge(to, d.queued, float64(facts.Queued))
	gauge(to, d.outgoingConnections, float64(facts.Outgoing))
	count(to, d.spansSent, facts.Spans.Sent)
	count(to, d.spansDropped, facts.Spans.Full, "full")
	count(to, d.spansDropped, facts.Spans.Refused, "refused")
	for _, h := range facts.Healthy {
		gauge(to, d.healthy, oneIf(h.Healthy), h.Service, h.Kind)
	}
	for _, p := range facts.Plugins {
		count(to, d.restarts, p.Restarts, p.Service, p.Slot, p.Adaptor)
	}
}

func count(to chan<- prometheus.Metric, desc *prometheus.Desc, n int64, labels ...string) {
	to <- prometheus.MustNewConstMetric(desc, prometheus.CounterValue, float64(n), labels...)
}

func gauge(to chan<- prometheus.Metric, desc *prometheus.Desc, value float64, labels ...string) {
	to <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, labels...)
}

func oneIf(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
