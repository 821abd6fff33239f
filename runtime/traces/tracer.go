package traces

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/seed90475182/restspace/bus"
)

// Limits of what is kept, and waited for.
const (
	maxQueue    = 2048             // spans that wait, those that are just sent included
	maxText     = 1024             // bytes of an attribute
	maxState    = 512              // bytes of a tracestate that is collected
	maxAnswer   = 64 << 10         // bytes of a collector's answer
	sendTimeout = 10 * time.Second // of one try to send
	flush       = 5 * time.Second  // for what is left at the end
)

// A Tracer collects with one set of settings. Make it with [Traces.New], and close
// it.
type Tracer struct {
	settings Settings
	provider *sdk.TracerProvider
	spans    trace.Tracer
	sender   *sender
	client   *http.Client

	refs atomic.Int64  // one for being used, one for each request
	idle chan struct{} // closed when there are none
}

// New returns a Tracer whose spans are counted in t. version is that of the program.
func (t *Traces) New(s Settings, version string, log *slog.Logger) (*Tracer, error) {
	facts, err := resource.New(context.Background(), resource.WithTelemetrySDK(), resource.WithHost(),
		resource.WithAttributes(semconv.ServiceName("restspace"), semconv.ServiceVersion(version)), resource.WithFromEnv())
	if err == nil && s.Service != "" {
		facts, err = resource.Merge(facts, resource.NewSchemaless(semconv.ServiceName(s.Service)))
	}
	if err != nil {
		return nil, fmt.Errorf("traces: what the environment says of this server: %w", err)
	}
	client := newClient()
	options := []otlptracehttp.Option{
		otlptracehttp.WithEndpointURL(s.URL), otlptracehttp.WithHTTPClient(client), otlptracehttp.WithMaxResponseSize(maxAnswer),
	}
	if s.Headers != nil {
		options = append(options, otlptracehttp.WithHeaders(s.Headers))
	}
	exporter, err := otlptracehttp.New(context.Background(), options...)
	if err != nil {
		return nil, fmt.Errorf("traces: %w", err)
	}
	sender := newSender(exporter, &t.counts, log)
	limits := sdk.NewSpanLimits()
	limits.AttributeValueLengthLimit = maxText
	provider := sdk.NewTracerProvider(sdk.WithResource(facts), sdk.WithSampler(sdk.AlwaysSample()), sdk.WithRawSpanLimits(limits),
		sdk.WithSpanProcessor(newQueue(sender)))
	tracer := &Tracer{
		settings: s, provider: provider, sender: sender, client: client, idle: make(chan struct{}),
		spans: provider.Tracer("github.com/seed90475182/restspace", trace.WithSchemaURL(semconv.SchemaURL)),
	}
	tracer.refs.Store(1)
	return tracer, nil
}

// newClient returns what calls the collector. It follows no redirect, which would
// take the headers elsewhere.
func newClient() *http.Client {
	return &http.Client{
		Timeout: sendTimeout,
		Transport: listener{&http.Transport{
			DialContext:            (&net.Dialer{Timeout: sendTimeout}).DialContext,
			ForceAttemptHTTP2:      true,
			IdleConnTimeout:        90 * time.Second,
			MaxResponseHeaderBytes: maxAnswer,
			TLSHandshakeTimeout:    sendTimeout,
		}},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Close waits for the requests that have a span, until ctx ends, and sends what is
// left for a few seconds at most. What ends later is not collected.
func (t *Tracer) Close(ctx context.Context) {
	t.release()
	select {
	case <-t.idle:
	case <-ctx.Done():
	}
	late := time.AfterFunc(flush, t.sender.cut)
	defer late.Stop()
	_ = t.provider.Shutdown(context.Background()) // sender tells what was wrong
	t.sender.cut()
	t.client.CloseIdleConnections()
}

// collects reports whether a trace is to be collected. A client that nobody trusts
// has no say in it, not by its choice of an identifier either.
func (t *Tracer) collects(parent bus.Trace, trusted bool) bool {
	if parent.ID != "" && trusted && t.settings.Follow {
		return parent.Sampled()
	}
	return rand.Float64() < t.settings.Sample
}

// begin begins the span of a request below parent, which may be in no trace. It is
// nil where t is closed already.
func (t *Tracer) begin(parent bus.Trace, name string, start time.Time, kind kind) *Span {
	if !t.retain() {
		return nil
	}
	ctx := trace.ContextWithRemoteSpanContext(context.Background(), contextOf(parent))
	_, made := t.spans.Start(ctx, name, trace.WithSpanKind(trace.SpanKind(kind)), trace.WithTimestamp(start))
	return &Span{span: made, tracer: t, kind: kind, state: parent.State, root: true}
}

// contextOf returns a place as the SDK has it.
func contextOf(t bus.Trace) trace.SpanContext {
	id, err := trace.TraceIDFromHex(t.ID)
	if err != nil {
		return trace.SpanContext{}
	}
	span, err := trace.SpanIDFromHex(t.Span)
	if err != nil {
		return trace.SpanContext{}
	}
	c := trace.SpanContextConfig{TraceID: id, SpanID: span, Remote: true}
	if t.Sampled() {
		c.TraceFlags = trace.FlagsSampled
	}
	if len(t.State) <= maxState {
		c.TraceState, _ = trace.ParseTraceState(t.State) // one that is not valid is none
	}
	return trace.NewSpanContext(c)
}

// retain counts one more who has t, and reports false if nobody had it any more.
// If it does not, release must follow.
func (t *Tracer) retain() bool {
	for {
		n := t.refs.Load()
		if n == 0 {
			return false
		}
		if t.refs.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

func (t *Tracer) release() {
	if t.refs.Add(-1) == 0 {
		close(t.idle)
	}
}
