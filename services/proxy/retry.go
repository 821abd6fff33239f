package proxy

import (
	"context"
	"errors"
	"sync/atomic"
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
		if !c.credit.spend() {
			return nil
		}
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

// credit bounds the tries after first ones, so that an outage does not come
// with several times the requests: each request earns a part of another try,
// and a good time lays up a stock.
type credit struct{ parts atomic.Int64 }

const (
	partsOfTry = 5
	mostTries  = 100
)

func newCredit() *credit {
	c := new(credit)
	c.parts.Store(mostTries * partsOfTry)
	return c
}

// earn notes a request.
func (c *credit) earn() {
	if c.parts.Load() < mostTries*partsOfTry {
		c.parts.Add(1)
	}
}

// spend takes a try, and reports whether there was one.
func (c *credit) spend() bool {
	if c.parts.Add(-partsOfTry) >= 0 {
		return true
	}
	c.parts.Add(partsOfTry)
	return false
}
