package config

import (
	"errors"
	"net/url"
	"strings"

	"github.com/tailscale/hujson"
	"golang.org/x/net/http/httpguts"
)

// Traces says which traces of requests are collected, and where. What is missing
// is as the environment variables of OpenTelemetry say.
type Traces struct {
	Endpoint string            `json:"endpoint" doc:"URL of a collector that takes OTLP over HTTP, without /v1/traces"`
	Headers  map[string]string `json:"headers" doc:"fields that go to the collector, such as a key from outside the file"`
	Sample   *float64          `json:"sample" doc:"which part of the traces is collected: 1 is all"`
	Service  string            `json:"service" doc:"as the collector knows this server"`
}

// traces checks where traces are collected.
func (r *reader) traces(v *hujson.Value, at pointer, t *Traces) {
	r.member(v, at, "/traces/endpoint", checkEndpoint(t.Endpoint))
	if t.Sample != nil && !(*t.Sample >= 0 && *t.Sample <= 1) {
		r.member(v, at, "/traces/sample", errors.New("not between 0 and 1: write the part of the traces to collect, such as 0.1"))
	}
	for name, value := range t.Headers {
		err := checkField(name, value)
		r.member(v, at, pointer("/traces/headers").AppendToken(name), err)
	}
}

// checkEndpoint checks the URL of a collector. None is "".
func checkEndpoint(s string) error {
	u, err := url.Parse(s)
	good := err == nil && u.Host != "" && (u.Scheme == "http" || u.Scheme == "https") && u.User == nil && u.RawQuery == "" && u.Fragment == ""
	switch {
	case s == "" || good && !strings.HasSuffix(u.Path, "/v1/traces"):
		return nil
	case good:
		return errors.New("the path /v1/traces is added to it: leave that out")
	}
	return errors.New(`no URL of a collector: write http or https, the host and the port, such as "http://127.0.0.1:4318", and keys into "headers"`)
}

// checkField checks a field of a request.
func checkField(name, value string) error {
	switch {
	case !httpguts.ValidHeaderFieldName(name):
		return errors.New("no name of a field: write letters, digits and hyphens")
	case !httpguts.ValidHeaderFieldValue(value):
		return errors.New("no value of a field: leave line breaks and other control characters out")
	}
	return nil
}
