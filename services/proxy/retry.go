package proxy

import (
	"context"
	"errors"
	"time"

	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/retrypolicy"
)

// newRetry returns what tries up to count times more, the first time at once;
// nil if that is never.
func newRetry(count int) failsafe.Executor[any] {
	if count == 0 {
		return nil
	}
	return failsafe.With[any](retrypolicy.NewBuilder[any]().
		WithMaxAttempts(count).
		WithBackoff(50*time.Millisecond, time.Second).
		WithJitterFactor(0.5).
		Build())
}

var errAgain = errors.New("another try may do better")

// tryAgain tries until there is an answer to give, and returns the last
// outcome.
func (c *call) tryAgain(ctx context.Context, last outcome) outcome {
	_ = c.retry.WithContext(ctx).Run(func() error {
		if !c.spare() {
			return nil
		}
		defer c.retrying.Add(-1)
		next := c.try(ctx)
		if next.from == nil { // that nobody is left says less than what the last one said
			return nil
		}
		_ = last.reply.Close()
		if last = next; last.again {
			return errAgain
		}
		return nil
	})
	return last
}

// spare takes a place for another try, and reports whether there was one: of
// the requests in flight a fifth may be such, or a few.
func (p *proxy) spare() bool {
	const few, part = 3, 5
	var inFlight int64
	for _, u := range p.upstreams {
		inFlight += u.inFlight.Load()
	}
	if p.retrying.Add(1) <= max(few, inFlight/part) {
		return true
	}
	p.retrying.Add(-1)
	return false
}
