package traces

import (
	"context"

	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/runtime/metrics"
	"github.com/seed90475182/restspace/urlpattern"
)

// Hop begins the span of a call of the mount that m's URL leads to. It returns the
// context of the call, and the span, to be ended with [Span.Answered]: nil where
// nothing is collected, or nothing is mounted.
func Hop(ctx context.Context, m *bus.Message) (context.Context, *Span) {
	parent := of(ctx)
	if parent == nil {
		return ctx, nil
	}
	mount := bus.RootOf(ctx).Table.Find(m.URL.Path, m.URL.Dir)
	if mount == nil {
		return ctx, nil
	}
	route := urlpattern.Path{Segments: mount.Base}.String()
	return parent.below(ctx, nameOf(m.Method, route), internal,
		methodOf(m.Method), semconv.HTTPRoute(route), serviceKey.String(mount.Name))
}

// Upstream is Hop for a call of another server.
func Upstream(ctx context.Context, m *bus.Message) (context.Context, *Span) {
	parent := of(ctx)
	if parent == nil {
		return ctx, nil
	}
	facts := append(hostOf(m.URL.Host), methodOf(m.Method), semconv.URLScheme(m.URL.Scheme))
	return parent.below(ctx, nameOf(m.Method, ""), client, facts...)
}

// An Adaptor begins the spans of the calls of one: a name of its Kind, in a slot of
// a mount.
type Adaptor struct{ Kind, Slot, Service string }

// Begin begins the span of a call. The span is nil where nothing is collected.
func (a *Adaptor) Begin(ctx context.Context, o adaptors.Operation) (context.Context, bus.Span) {
	parent := of(ctx)
	if parent == nil {
		return ctx, nil
	}
	operation := o.String()
	ctx, s := parent.below(ctx, operation+" "+a.Kind, internal,
		adaptorKey.String(a.Kind), slotKey.String(a.Slot), serviceKey.String(a.Service), operationKey.String(operation))
	return ctx, &adaptorSpan{s}
}

// adaptorSpan is the span of a call of an adaptor, which knows no statuses.
type adaptorSpan struct{ *Span }

// End is part of bus.Span. What is not there, or is refused, is no error.
func (s *adaptorSpan) End(err error) {
	outcome := metrics.OutcomeOf(err)
	s.span.SetAttributes(outcomeKey.String(outcome))
	if outcome == "error" {
		s.fail(outcome)
	}
	s.Span.End(nil)
}
