// Package traces has the traces of requests collected: it makes spans as
// OpenTelemetry has them, and sends them to a collector with OTLP over HTTP.
//
// A request has a span from its header to the end of its answer (request.go),
// and below it one for each call of another mount, of an adaptor and of another
// server (call.go, adaptor.go). What they say is names of the configuration and
// facts of HTTP: no query, no field of a header, no body and no text of an error.
//
// Whether the trace of a request is collected is decided once, when it begins. Of
// one that is not, nothing is made but an identifier for the log and for the
// servers that are called; without a [Tracer], nothing at all.
//
// Spans wait for the collector in a queue of a fixed length (queue.go). One that is
// slow, broken or gone costs spans, which are counted, and nothing else.
package traces

import (
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"time"

	"github.com/seed90475182/restspace/bus"
)

// Traces is what a server has collected, with one [Tracer] after the other. The
// zero value collects nothing. Safe for concurrent use.
type Traces struct {
	current atomic.Pointer[Tracer]
	secrets atomic.Pointer[strings.Replacer]
	counts  counts
}

// counts is what has become of spans.
type counts struct {
	sent, full, refused atomic.Int64
	told                atomic.Int64 // when the log was told of trouble, in milliseconds
}

// Stats is what has become of the spans that have ended.
type Stats struct {
	Sent    int64 // that the collector has taken
	Full    int64 // dropped, since too many waited
	Refused int64 // dropped, since the collector did not take them
}

// Stats returns the counts until now.
func (t *Traces) Stats() Stats {
	return Stats{Sent: t.counts.sent.Load(), Full: t.counts.full.Load(), Refused: t.counts.refused.Load()}
}

// Hide takes secrets out of the paths that spans tell; nil has none.
func (t *Traces) Hide(secrets *strings.Replacer) { t.secrets.Store(secrets) }

// Has reports whether the current Tracer has these settings.
func (t *Traces) Has(s Settings) bool {
	current := t.current.Load()
	if current == nil {
		return s.URL == ""
	}
	return current.settings.equal(s)
}

// Use has what begins from now on collected by next, nil by nobody, and returns
// the Tracer before it, which the caller closes.
func (t *Traces) Use(next *Tracer) (before *Tracer) { return t.current.Swap(next) }

// Begin gives root, whose Trace is what its client says, a place of its own in
// that trace or in a new one, and a span if it is collected. trusted says that the
// decision of the client counts. start is when the request began.
func (t *Traces) Begin(root *bus.Root, start time.Time, trusted bool) {
	tracer := t.current.Load()
	if tracer == nil {
		return
	}
	if tracer.collects(root.Trace, trusted) {
		if s := tracer.begin(root.Trace, nameOf("", ""), start, server); s != nil {
			s.hide = t.secrets.Load()
			root.Span, root.Trace = s, s.Trace()
			return
		}
	}
	root.Trace = passed(root.Trace)
}

// BeginWork is Begin for work that no request from outside leads to.
func (t *Traces) BeginWork(root *bus.Root) {
	tracer := t.current.Load()
	if tracer == nil || !tracer.collects(bus.Trace{}, false) {
		return
	}
	if s := tracer.begin(bus.Trace{}, "background", time.Now(), internal); s != nil {
		root.Span, root.Trace = s, s.Trace()
	}
}

// passed returns a place below parent, or in a new trace, that nobody collects.
func passed(parent bus.Trace) bus.Trace {
	const digits = "0123456789abcdef"
	var text [48]byte
	for i := 0; i < len(text); i += 16 {
		id := rand.Uint64() | 1 // an identifier of zeros is none
		for j := range 16 {
			text[i+j] = digits[id>>(4*j)&15]
		}
	}
	ids := string(text[:])
	t := bus.Trace{ID: parent.ID, Span: ids[32:], Flags: "00", State: parent.State}
	if t.ID == "" {
		t.ID = ids[:32]
	}
	return t
}
