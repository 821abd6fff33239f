package metrics

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/bus"
)

// filled returns metrics that have something of everything.
func filled() *Metrics {
	m := New("1.2.3", func() Facts {
		return Facts{Connections: 3, InFlight: 2, Queued: 1, Outgoing: 7, Spans: Spans{Sent: 21, Full: 22, Refused: 23}, Healthy: []Health{{"a", "json", true}, {"b", "file", false}},
			Plugins: []Plugin{{"b", "adaptor", "./plugin", 4}}}
	})
	a := m.Mount("a", "json")
	a.Count(bus.Outcome{Method: "GET", Status: 200, Received: 3, Sent: 5, Took: 2 * time.Millisecond})
	a.Count(bus.Outcome{Method: "GET", Status: 200, Took: time.Hour})
	a.Count(bus.Outcome{Method: "BREW", Status: 429, Err: &bus.Error{Status: 429, Type: bus.TypeRate}})
	a.Count(bus.Outcome{Method: "GET", Status: 101, Took: time.Hour})
	a.Called(0, time.Millisecond)
	a.Called(200, time.Millisecond)
	m.Elsewhere.Count(bus.Outcome{Method: "GET", Status: 404, Took: time.Microsecond, Err: fs.ErrNotExist})
	m.Adaptor("a", "json", "adaptor", "memory").Called(adaptors.Put, time.Millisecond, adaptors.ErrCondition)
	m.Loaded()
	m.Refused()
	m.Dropped("connections")
	m.Dropped("connectionsPerIP")
	m.Dropped("connectionsPerIP")
	return m
}

// scrape reads the metrics as Prometheus does, without those of Go and the
// process: a line for each sample.
func scrape(t *testing.T, m *Metrics) []string {
	t.Helper()
	server := httptest.NewServer(m.Handler())
	defer server.Close()
	response, err := http.Get(server.URL)
	require.NoError(t, err)
	defer response.Body.Close()
	require.Equal(t, 200, response.StatusCode)
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(response.Body)
	require.NoError(t, err)
	var lines []string
	for name, family := range families {
		if own, ok := strings.CutPrefix(name, "restspace_"); ok {
			for _, sample := range family.GetMetric() {
				lines = append(lines, own+labels(sample)+" "+value(sample))
			}
		}
	}
	return lines
}

func labels(m *dto.Metric) string {
	var list []string
	for _, l := range m.GetLabel() {
		list = append(list, l.GetName()+"="+l.GetValue())
	}
	return "{" + strings.Join(list, ",") + "}"
}

func value(m *dto.Metric) string {
	switch {
	case m.Counter != nil:
		return fmt.Sprint(m.Counter.GetValue())
	case m.Gauge != nil:
		return fmt.Sprint(m.Gauge.GetValue())
	case m.Summary != nil:
		return fmt.Sprint(m.Summary.GetSampleCount(), " ", m.Summary.GetSampleSum())
	}
	return fmt.Sprint(m.Histogram.GetSampleCount(), " ", m.Histogram.GetSampleSum())
}

func TestMetrics(t *testing.T) {
	lines := scrape(t, filled())
	for _, want := range []string{
		"requests_total{kind=json,method=GET,service=a,status=2xx} 2",
		"requests_total{kind=json,method=GET,service=a,status=1xx} 1",
		"requests_total{kind=json,method=other,service=a,status=4xx} 1",
		"requests_total{kind=,method=GET,service=,status=4xx} 1",
		"request_duration_seconds{kind=json,method=GET,service=a} 2 3600.002",
		"request_body_bytes_total{kind=json,service=a} 3",
		"response_body_bytes_total{kind=json,service=a} 5",
		"limits_hit_total{kind=json,limit=rate,service=a} 1",
		"hop_duration_seconds{kind=json,service=a} 0 0",
		"hop_failures_total{kind=json,service=a} 0",
		"outgoing_request_duration_seconds{kind=json,service=a,status=none} 1 0.001",
		"outgoing_request_duration_seconds{kind=json,service=a,status=2xx} 1 0.001",
		"adaptor_call_duration_seconds{adaptor=memory,kind=json,operation=put,outcome=conflict,service=a,slot=adaptor} 1 0.001",
		"service_healthy{kind=json,service=a} 1",
		"service_healthy{kind=file,service=b} 0",
		"plugin_restarts_total{adaptor=./plugin,service=b,slot=adaptor} 4",
		"connections{} 3", "requests_in_flight{} 2", "requests_queued{} 1", "outgoing_connections{} 7", "trace_spans_sent_total{} 21", "trace_spans_dropped_total{reason=full} 22", "trace_spans_dropped_total{reason=refused} 23", "connections_dropped_total{limit=connections} 1", "connections_dropped_total{limit=connectionsPerIP} 2",
		"config_reloads_total{outcome=ok} 1", "config_reloads_total{outcome=refused} 1", "config_last_reload_successful{} 0",
	} {
		assert.Contains(t, lines, want)
	}
	assert.Contains(t, strings.Join(lines, "\n"), "version=1.2.3} 1")
}

func TestNamesAreAsPrometheusHasThem(t *testing.T) {
	problems, err := testutil.GatherAndLint(filled().Gatherer())
	require.NoError(t, err)
	assert.Empty(t, problems)
}

func TestBuckets(t *testing.T) {
	var d durations
	for took, bucket := range map[time.Duration]int{
		0: 0, 100 * time.Microsecond: 0, 101 * time.Microsecond: 1, 30 * time.Second: len(bounds) - 1, 31 * time.Second: len(bounds),
	} {
		before := d.buckets[bucket].Load()
		d.observe(took)
		assert.Equal(t, before+1, d.buckets[bucket].Load(), took)
	}
}

func TestOutcomesOfAdaptors(t *testing.T) {
	for err, want := range map[error]string{
		nil:                     "ok",
		fs.ErrNotExist:          "missing",
		adaptors.ErrCondition:   "conflict",
		fs.ErrExist:             "conflict",
		adaptors.ErrKey:         "refused",
		&bus.Error{Status: 422}: "refused",
		&bus.Error{Status: 503}: "error",
		context.Canceled:        "canceled",
		errors.New("the disk"):  "error",
	} {
		assert.Equal(t, want, outcomeNames[outcomeOf(err)], err)
	}
}

func TestRetain(t *testing.T) {
	m := filled()
	kept := m.Mount("a", "json")
	gone, adaptor := m.Mount("b", "file"), m.Adaptor("a", "json", "adaptor", "memory")
	gone.Count(bus.Outcome{Method: "GET", Status: 200})
	assert.Contains(t, strings.Join(scrape(t, m), "\n"), "service=b,status=2xx")
	m.Retain(map[*Mount]bool{kept: true}, nil)
	gone.Count(bus.Outcome{Method: "GET", Status: 200})
	text := strings.Join(scrape(t, m), "\n")
	assert.NotContains(t, text, "service=b,status=2xx")
	assert.NotContains(t, text, "adaptor=memory")
	assert.Contains(t, text, "service=a,status=2xx")
	assert.Same(t, kept, m.Mount("a", "json"))
	assert.NotSame(t, adaptor, m.Adaptor("a", "json", "adaptor", "memory"))
}

func TestCountingAllocatesNothing(t *testing.T) {
	m := New("", func() Facts { return Facts{} })
	mount, adaptor := m.Mount("a", "json"), m.Adaptor("a", "json", "adaptor", "file")
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		mount.Count(bus.Outcome{Method: "GET", Status: 200, Sent: 1024, Took: time.Millisecond})
		mount.Called(200, time.Millisecond)
		adaptor.Called(adaptors.Get, time.Millisecond, nil)
	}))
}

func BenchmarkCount(b *testing.B) {
	m := New("", func() Facts { return Facts{} }).Mount("a", "json")
	o := bus.Outcome{Method: "GET", Status: 200, Sent: 1024, Took: 300 * time.Microsecond}
	b.ReportAllocs()
	for b.Loop() {
		m.Count(o)
	}
}
