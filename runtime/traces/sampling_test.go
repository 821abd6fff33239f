package traces_test

import (
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/runtime/config"
	"github.com/seed90475182/restspace/runtime/traces"
)

const (
	traceID = "0af7651916cd43dd8448eb211c80319c"
	spanID  = "b7ad6b7169203331"
)

func TestWhoseTraceIsCollected(t *testing.T) {
	const proxy = `, "trustedProxies": ["127.0.0.1"]`
	for name, row := range map[string]struct {
		server, sample, flags string
		collected             bool
	}{
		"a client that wants it":        {"", "0", "01", false},
		"a client that does not":        {"", "1", "00", true},
		"a proxy that wants it":         {proxy, "0", "01", true},
		"a proxy that does not":         {proxy, "1", "00", false},
		"a proxy that says nothing":     {proxy, "1", "", true},
		"a client that says nothing":    {"", "0", "", false},
		"a client with half the chance": {"", "0.5", "01", false},
	} {
		t.Run(name, func(t *testing.T) {
			c, up := newCollector(t), upstream(t)
			s := start(t, shop(collect(c, `, "sample": `+row.sample)+row.server, up.URL), nil)
			fields := []string{"Tracestate", "a=1,b=2"}
			if row.flags != "" {
				fields = append(fields, "Traceparent", "00-"+traceID+"-"+spanID+"-"+row.flags)
			}
			_, header, told := s.get(t, "/proxy", fields...)
			asked, ok := bus.ParseTrace(header.Get("Traceparent"), "")
			require.True(t, ok, "each request has a trace: %v", header)
			assert.Contains(t, s.log.String(), `"trace":"`+asked.ID+`"`)
			assert.Contains(t, told, asked.ID, "so is the other server told")
			if row.flags != "" {
				assert.Equal(t, traceID, asked.ID)
				assert.NotEqual(t, spanID, asked.Span, "a place of its own")
				assert.Contains(t, told, "a=1,b=2")
			}
			if row.sample == "0.5" {
				chosen := 0
				for range 40 {
					_, header, _ := s.get(t, "/notes/x", fields...)
					place, _ := bus.ParseTrace(header.Get("Traceparent"), "")
					if place.Sampled() {
						chosen++
					}
				}
				assert.NotContains(t, []int{0, 40}, chosen, "chance decides, not the identifier of the client")
				return
			}
			assert.Equal(t, row.collected, asked.Sampled())
			s.end(t)
			if !row.collected {
				assert.Empty(t, c.taken())
				return
			}
			for _, span := range c.taken() {
				if span.Name == "GET /proxy" {
					assert.Equal(t, asked.Span, hex.EncodeToString(span.SpanId))
					if row.flags != "" {
						assert.Equal(t, spanID, hex.EncodeToString(span.ParentSpanId))
					}
				}
			}
			assert.NotEmpty(t, c.taken())
		})
	}
}

func TestNothingIsCollectedByDefault(t *testing.T) {
	up := upstream(t)
	s := start(t, shop("", up.URL), nil)
	_, header, told := s.get(t, "/proxy")
	assert.Empty(t, header.Get("Traceparent"))
	assert.Contains(t, told, `"parent": ""`)
	assert.NotContains(t, s.log.String(), `"trace"`)
	_, header, _ = s.get(t, "/proxy", "Traceparent", "00-"+traceID+"-"+spanID+"-01")
	assert.Equal(t, "00-"+traceID+"-"+spanID+"-01", header.Get("Traceparent"), "it goes through as it came")
}

func TestSettingsOf(t *testing.T) {
	const base, whole = "http://base:4318", "https://whole/x"
	type env map[string]string
	for name, row := range map[string]struct {
		conf config.Traces
		env  env
		want traces.Settings
		err  string
	}{
		"nothing":       {want: traces.Settings{}},
		"sample alone":  {conf: config.Traces{Sample: new(0.5)}, want: traces.Settings{}},
		"the file":      {conf: config.Traces{Endpoint: base + "/", Sample: new(0.5), Service: "s"}, env: env{"OTEL_SDK_DISABLED": "true", "OTEL_TRACES_SAMPLER": "always_off"}, want: traces.Settings{URL: base + "/v1/traces", Service: "s", Sample: 0.5, Follow: true}},
		"base":          {env: env{"OTEL_EXPORTER_OTLP_ENDPOINT": base}, want: traces.Settings{URL: base + "/v1/traces", Sample: 1, Follow: true}},
		"whole":         {env: env{"OTEL_EXPORTER_OTLP_ENDPOINT": base, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": whole}, want: traces.Settings{URL: whole, Sample: 1, Follow: true}},
		"disabled":      {env: env{"OTEL_EXPORTER_OTLP_ENDPOINT": base, "OTEL_SDK_DISABLED": "TRUE"}},
		"none":          {env: env{"OTEL_EXPORTER_OTLP_ENDPOINT": base, "OTEL_TRACES_EXPORTER": "none"}},
		"ratio":         {env: env{"OTEL_EXPORTER_OTLP_ENDPOINT": base, "OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0.25"}, want: traces.Settings{URL: base + "/v1/traces", Sample: 0.25}},
		"parent ratio":  {env: env{"OTEL_EXPORTER_OTLP_ENDPOINT": base, "OTEL_TRACES_SAMPLER": "parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0.25"}, want: traces.Settings{URL: base + "/v1/traces", Sample: 0.25, Follow: true}},
		"parent off":    {env: env{"OTEL_EXPORTER_OTLP_ENDPOINT": base, "OTEL_TRACES_SAMPLER": "parentbased_always_off"}, want: traces.Settings{URL: base + "/v1/traces", Follow: true}},
		"on":            {env: env{"OTEL_EXPORTER_OTLP_ENDPOINT": base, "OTEL_TRACES_SAMPLER": "always_on"}, want: traces.Settings{URL: base + "/v1/traces", Sample: 1}},
		"no URL":        {env: env{"OTEL_EXPORTER_OTLP_ENDPOINT": "collector:4317"}, err: "is no URL: write one such as http://127.0.0.1:4318"},
		"no HTTP":       {env: env{"OTEL_EXPORTER_OTLP_ENDPOINT": "grpc://collector:4317"}, err: "is no URL"},
		"no sampler":    {env: env{"OTEL_EXPORTER_OTLP_ENDPOINT": base, "OTEL_TRACES_SAMPLER": "jaeger_remote"}, err: "is no sampler: write parentbased_traceidratio"},
		"no ratio":      {env: env{"OTEL_EXPORTER_OTLP_ENDPOINT": base, "OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "NaN"}, err: "is not between 0 and 1"},
		"ratio missing": {env: env{"OTEL_EXPORTER_OTLP_ENDPOINT": base, "OTEL_TRACES_SAMPLER": "traceidratio"}, want: traces.Settings{URL: base + "/v1/traces", Sample: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := traces.SettingsOf(row.conf, func(name string) (string, bool) { v, ok := row.env[name]; return v, ok })
			if row.err != "" {
				assert.ErrorContains(t, err, row.err)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, row.want, got)
		})
	}
}
