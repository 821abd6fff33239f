package bus

import "context"

// A Span is a part of the work for a request whose trace is collected. It is safe
// for concurrent use.
type Span interface {
	// Trace returns where in the trace that is which is done in the span: what a
	// call to another server says.
	Trace() Trace

	// End ends the span. err is what it failed with, nil if it did not. Only the
	// first call does anything.
	End(err error)
}

type spanKey struct{}

// WithSpan returns a context whose span is s.
func WithSpan(ctx context.Context, s Span) context.Context {
	return context.WithValue(ctx, spanKey{}, s)
}

// SpanOf returns the span that what is done with ctx belongs to: the last one
// that WithSpan gave it, or else that of its request. It is nil where the trace of
// the request is not collected.
func SpanOf(ctx context.Context) Span {
	root := RootOf(ctx)
	if root == nil || root.Span == nil {
		return nil
	}
	if s, ok := ctx.Value(spanKey{}).(Span); ok {
		return s
	}
	return root.Span
}

// TraceOf returns where in a trace that is which is done with ctx.
func TraceOf(ctx context.Context) Trace {
	if s := SpanOf(ctx); s != nil {
		return s.Trace()
	}
	if root := RootOf(ctx); root != nil {
		return root.Trace
	}
	return Trace{}
}
