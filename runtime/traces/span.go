package traces

import (
	"context"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/seed90475182/restspace/bus"
)

// kind is what a span is of.
type kind trace.SpanKind

const (
	internal = kind(trace.SpanKindInternal)
	server   = kind(trace.SpanKindServer)
	client   = kind(trace.SpanKindClient)
)

// A Span is a bus.Span that goes to a collector. Of a nil one all methods but
// Trace do nothing.
type Span struct {
	span   trace.Span
	tracer *Tracer
	kind   kind
	state  string            // tracestate, as it came
	hide   *strings.Replacer // of a request: takes secrets out of its path; nil: there are none
	root   bool              // it is that of a request, which holds its tracer
	ended  sync.Once
}

// of returns the span of ctx, nil where nothing is collected.
func of(ctx context.Context) *Span {
	s, _ := bus.SpanOf(ctx).(*Span)
	return s
}

// below begins a span below s, and returns the context of what is done in it.
func (s *Span) below(ctx context.Context, name string, kind kind, facts ...attribute.KeyValue) (context.Context, *Span) {
	_, made := s.tracer.spans.Start(trace.ContextWithSpan(context.Background(), s.span), name,
		trace.WithSpanKind(trace.SpanKind(kind)), trace.WithAttributes(facts...))
	child := &Span{span: made, tracer: s.tracer, kind: kind, state: s.state}
	return bus.WithSpan(ctx, child), child
}

// Trace is part of bus.Span.
func (s *Span) Trace() bus.Trace {
	c := s.span.SpanContext()
	return bus.Trace{ID: c.TraceID().String(), Span: c.SpanID().String(), Flags: "01", State: s.state}
}

// End is part of bus.Span.
func (s *Span) End(err error) {
	if s == nil {
		return
	}
	s.ended.Do(func() {
		if err != nil {
			s.failed(err)
		}
		s.span.End()
		if s.root {
			s.tracer.release()
		}
	})
}

// Answered ends the span of a call: when the body of its reply is closed, where
// that is a stream.
func (s *Span) Answered(reply *bus.Message, err error) {
	if s == nil {
		return
	}
	if err != nil {
		s.End(err)
		return
	}
	s.status(reply.Status)
	if reply.Body.Stream() == nil {
		s.End(nil)
		return
	}
	reply.Body.OnClose(func() { s.End(nil) })
}

// status notes the status of an answer. Those that are errors of whoever answers
// are errors of the span; who asks is answered with an error from 400 on.
func (s *Span) status(status int) {
	s.span.SetAttributes(semconv.HTTPResponseStatusCode(status))
	if status >= http.StatusInternalServerError || s.kind == client && status >= http.StatusBadRequest {
		s.fail(strconv.Itoa(status))
	}
}

// failed notes an error without its text, which may hold anything.
func (s *Span) failed(err error) {
	known := bus.Classify(err)
	if s.kind != client {
		s.status(known.Status)
	}
	if s.kind == client || known.Type != "" && known.Status >= http.StatusInternalServerError {
		s.fail(typeOf(known))
	}
}

// typeOf returns what an error is called: by its type, or else by its status.
func typeOf(err *bus.Error) string {
	if problem, ok := strings.CutPrefix(err.Type, "urn:restspace:problem:"); ok && err.Status >= http.StatusInternalServerError {
		return problem
	}
	return strconv.Itoa(err.Status)
}

// fail has the span be an error of a type.
func (s *Span) fail(kind string) {
	s.span.SetStatus(codes.Error, "")
	s.span.SetAttributes(semconv.ErrorTypeKey.String(kind))
}

// methods are those that spans name.
var methods = map[string]bool{
	http.MethodGet: true, http.MethodHead: true, http.MethodPost: true, http.MethodPut: true, http.MethodPatch: true,
	http.MethodDelete: true, http.MethodOptions: true, http.MethodConnect: true, http.MethodTrace: true, "QUERY": true,
}

// methodOf returns the attribute of a method. Any word can be one, but few are
// told.
func methodOf(method string) attribute.KeyValue {
	if !methods[method] {
		return semconv.HTTPRequestMethodOther
	}
	return semconv.HTTPRequestMethodKey.String(method)
}

// nameOf returns the name of a span of HTTP.
func nameOf(method, route string) string {
	if !methods[method] {
		method = "HTTP"
	}
	if route == "" {
		return method
	}
	return method + " " + route
}

// hostOf returns the attributes of a host with or without a port.
func hostOf(host string) []attribute.KeyValue {
	name, port, err := net.SplitHostPort(host)
	if err != nil {
		return []attribute.KeyValue{semconv.ServerAddress(clip(strings.Trim(host, "[]")))}
	}
	number, _ := strconv.Atoi(port)
	return []attribute.KeyValue{semconv.ServerAddress(clip(name)), semconv.ServerPort(number)}
}

// clip returns a text, or the beginning of a long one, as memory of its own: what
// a request holds may be used again after its answer. What is no UTF-8 in it, as a
// client can write it into :authority of HTTP/2, would have the whole batch refused.
func clip(text string) string {
	return strings.ToValidUTF8(strings.Clone(text[:min(len(text), maxText)]), "\uFFFD")
}
