package traces

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	sdk "go.opentelemetry.io/otel/sdk/trace"
)

// queue holds the spans that have ended until they are sent. The SDK's own does
// that, too, but does not tell how many it has dropped: so it never gets more than
// it has room for.
type queue struct {
	sdk.SpanProcessor
	sender *sender
}

func newQueue(s *sender) *queue {
	return &queue{sdk.NewBatchSpanProcessor(s, sdk.WithMaxQueueSize(maxQueue), sdk.WithMaxExportBatchSize(maxQueue/4)), s}
}

// OnEnd is part of sdk.SpanProcessor.
func (q *queue) OnEnd(s sdk.ReadOnlySpan) {
	if q.sender.waiting.Add(1) > maxQueue {
		q.sender.waiting.Add(-1)
		q.sender.counts.full.Add(1)
		return
	}
	q.SpanProcessor.OnEnd(s)
}

// sender sends the spans, one batch after the other.
type sender struct {
	sdk.SpanExporter
	counts  *counts
	log     *slog.Logger
	waiting atomic.Int64 // spans that have ended and were not sent yet

	cutoff context.Context // of all sending
	cut    context.CancelFunc
}

func newSender(to sdk.SpanExporter, counts *counts, log *slog.Logger) *sender {
	s := &sender{SpanExporter: to, counts: counts, log: log}
	s.cutoff, s.cut = context.WithCancel(context.Background())
	return s
}

// ExportSpans is part of sdk.SpanExporter. It returns no error: the SDK would
// write each one to standard error.
func (s *sender) ExportSpans(ctx context.Context, spans []sdk.ReadOnlySpan) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(s.cutoff, cancel)()
	var answer partial
	err := s.SpanExporter.ExportSpans(withPartial(ctx, &answer), spans)
	n := int64(len(spans))
	s.waiting.Add(-n)
	switch {
	case answer.heard:
		refused := min(answer.rejected, n)
		s.counts.sent.Add(n - refused)
		s.counts.refused.Add(refused)
		s.tell("the collector of traces has something to say of the spans that it takes", answer.message)
	case err != nil:
		s.counts.refused.Add(n)
		s.tell("traces can't be sent: their spans are dropped", err.Error())
	default:
		s.counts.sent.Add(n)
	}
	return nil
}

// pause is between two lines of the log about a collector.
const pause = time.Minute

// tell logs what is wrong with the collector, unless it was told just before.
func (s *sender) tell(what, why string) {
	now, told := time.Now().UnixMilli(), s.counts.told.Load()
	if told != 0 && now-told < pause.Milliseconds() || !s.counts.told.CompareAndSwap(told, now) {
		return
	}
	s.log.Warn(what, "error", clip(why), "dropped", s.counts.refused.Load()+s.counts.full.Load())
}
