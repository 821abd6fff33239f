package traces

import (
	"fmt"
	"maps"
	"net/url"
	"strconv"
	"strings"

	"github.com/seed90475182/restspace/runtime/config"
)

// Settings say which traces are collected, and where.
type Settings struct {
	URL     string            // that spans are sent to; "" collects nothing
	Headers map[string]string // that go with them; nil: those of the environment
	Service string            // as the collector knows this server; "" is that of the environment, or else restspace
	Sample  float64           // which part of the traces is collected
	Follow  bool              // what a trusted client has decided counts
}

func (s Settings) equal(o Settings) bool {
	return s.URL == o.URL && s.Service == o.Service && s.Sample == o.Sample && s.Follow == o.Follow && maps.Equal(s.Headers, o.Headers)
}

// The environment variables of OpenTelemetry that are read here. The SDK reads
// further ones.
const (
	envDisabled = "OTEL_SDK_DISABLED"
	envExporter = "OTEL_TRACES_EXPORTER"
	envBase     = "OTEL_EXPORTER_OTLP_ENDPOINT"
	envEndpoint = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
	envSampler  = "OTEL_TRACES_SAMPLER"
	envRatio    = "OTEL_TRACES_SAMPLER_ARG"
)

// tracesPath is where a collector takes spans (OTLP 1.x, OTLP/HTTP request).
const tracesPath = "v1/traces"

// SettingsOf returns what a configuration says, and where it says nothing the
// environment.
func SettingsOf(conf config.Traces, env func(string) (string, bool)) (Settings, error) {
	s := Settings{Headers: conf.Headers, Service: conf.Service}
	value := func(name string) string { v, _ := env(name); return strings.TrimSpace(v) }
	off := strings.EqualFold(value(envDisabled), "true") || value(envExporter) == "none"
	switch {
	case conf.Endpoint != "":
		s.URL = below(conf.Endpoint)
	case off:
	case value(envEndpoint) != "":
		s.URL = value(envEndpoint)
	case value(envBase) != "":
		s.URL = below(value(envBase))
	}
	if s.URL == "" {
		return Settings{}, nil
	}
	if u, err := url.Parse(s.URL); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return Settings{}, fmt.Errorf("traces: the endpoint in the environment (%s, %s) is no URL: write one such as http://127.0.0.1:4318", envBase, envEndpoint)
	}
	if conf.Sample != nil {
		s.Sample, s.Follow = *conf.Sample, true
		return s, nil
	}
	return s, s.sampler(value(envSampler), value(envRatio))
}

func below(base string) string { return strings.TrimSuffix(base, "/") + "/" + tracesPath }

// sampler sets what the environment says of sampling.
func (s *Settings) sampler(name, ratio string) error {
	name, s.Follow = strings.CutPrefix(strings.ToLower(name), "parentbased_")
	switch name {
	case "":
		s.Sample, s.Follow = 1, true
	case "always_on":
		s.Sample = 1
	case "always_off":
		s.Sample = 0
	case "traceidratio":
		s.Sample = 1
		if ratio == "" {
			return nil
		}
		var err error
		if s.Sample, err = strconv.ParseFloat(ratio, 64); err != nil || !(s.Sample >= 0 && s.Sample <= 1) {
			return fmt.Errorf("traces: the environment variable %s is not between 0 and 1: write the part of the traces to collect, such as 0.1", envRatio)
		}
	default:
		return fmt.Errorf("traces: the environment variable %s is no sampler: write parentbased_traceidratio, and the part of the traces into %s", envSampler, envRatio)
	}
	return nil
}
