package documents

import (
	"context"
	"sync"

	"golang.org/x/sync/semaphore"
)

const (
	// crewSize is how many documents are written or deleted at one time for one
	// request: most of what that takes, a store waits.
	crewSize = 16

	// crewShare is how many bytes one of them has: a larger document takes the
	// place of others.
	crewShare = 64 << 10
)

// A crew works on many documents, several at one time, until one fails. The zero
// value is not ready: see newCrew.
type crew struct {
	turns *semaphore.Weighted
	under sync.WaitGroup

	mu  sync.Mutex
	err error // the first
}

func newCrew() *crew { return &crew{turns: semaphore.NewWeighted(crewSize)} }

// share returns the places that a document of a size takes.
func share(size uint64) int64 { return int64(min(1+size/crewShare, crewSize)) }

// do calls work in a goroutine when there are as many places. It returns false
// where something failed before, or the time of ctx is over, and does not call
// it then. Work of all crewSize places has nothing beside it.
func (c *crew) do(ctx context.Context, places int64, work func() error) bool {
	if err := c.turns.Acquire(ctx, places); err != nil {
		c.fail(err)
		return false
	}
	if c.failed() != nil {
		c.turns.Release(places)
		return false
	}
	c.under.Go(func() {
		defer c.turns.Release(places)
		if err := work(); err != nil {
			c.fail(err)
		}
	})
	return true
}

// wait returns the first error, once all work has ended.
func (c *crew) wait() error {
	c.under.Wait()
	return c.failed()
}

func (c *crew) fail(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err == nil {
		c.err = err
	}
}

func (c *crew) failed() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}
