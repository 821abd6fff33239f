// Package transfer copies the documents of one store to another, whatever
// products keep them.
//
// Both stores list in the same order, so they are walked side by side: what
// one of them lacks shows without asking for each document, and the memory is
// that of one listing for each level of directories, however many documents
// there are. The documents are then copied by many workers at once.
package transfer

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"github.com/seed90475182/restspace/adaptors"
)

// A Copy has all documents of one store be in another one. What is equal there
// already is left as it is, so that a copy that was interrupted goes on where
// it was when it is run again.
type Copy struct {
	From, To *adaptors.Keep // two stores that have nothing in common
	Workers  int            // how many documents are worked on at a time, 1 or more
	NoVerify bool           // don't read back what was written, to compare its hash
	Delete   bool           // remove from To what From has not, once all else is done and nothing failed
	DryRun   bool           // only find out what would be done

	// Told is called with each step when it is done, or would be done in a dry
	// run: one call at a time.
	Told func(Step)

	telling sync.Mutex
	steps   [Failed + 1]atomic.Int64 // by Action
	read    atomic.Int64             // bytes
}

// An Action is what became of a document.
type Action int

// The actions.
const (
	Copied  Action = iota // it is in To now
	Equal                 // it was there already, with the same content
	Removed               // From has no such document
	Failed
)

// A Step is what was done about one document.
type Step struct {
	Action Action
	Key    adaptors.Key // of a document; none where a listing failed
	Err    error        // why it failed: it names the store, FROM or TO, and the key
}

// Counts are how many documents a Copy has done with.
type Counts struct {
	Copied, Equal, Removed, Failed int64
	Bytes                          int64 // of what was copied, and of what is under way
}

// Why Run removed nothing though it was to.
var (
	ErrFailures  = errors.New("nothing is removed from TO since not all of FROM is there")
	ErrEmptyFrom = errors.New("FROM has no documents: nothing is removed from TO, lest a wrong FROM empties it")
)

// Run copies, and removes what is to be removed. It is called once. What fails
// for one document is told, and the others go on: Counts says whether anything
// did. When ctx ends nothing more is begun, the documents under way are copied
// whole, and the error is that of ctx.
func (c *Copy) Run(ctx context.Context) error {
	c.pass(ctx, func(p pair) bool { return p.inFrom }, (*worker).copy)
	switch now := c.Counts(); {
	case ctx.Err() != nil || !c.Delete:
		return ctx.Err()
	case now.Failed > 0:
		return ErrFailures
	case now.Copied+now.Equal == 0:
		return ErrEmptyFrom
	}
	c.pass(ctx, func(p pair) bool { return p.inTo && (p.dir || !p.inFrom) }, (*worker).remove)
	return ctx.Err()
}

// Counts returns what has been done so far. It is safe to call while Run works.
func (c *Copy) Counts() Counts {
	return Counts{c.steps[Copied].Load(), c.steps[Equal].Load(), c.steps[Removed].Load(), c.steps[Failed].Load(), c.read.Load()}
}

// pass has the workers do something about each document that is wanted.
func (c *Copy) pass(ctx context.Context, wanted func(pair) bool, do func(*worker, context.Context, document) Step) {
	documents := make(chan document) // nothing waits in it that an interruption would have to drop
	whole := context.WithoutCancel(ctx)
	var workers sync.WaitGroup
	for range c.Workers {
		workers.Go(func() {
			w := &worker{Copy: c}
			for d := range documents {
				c.tell(do(w, whole, d))
			}
		})
	}
	c.walk(ctx, nil, wanted, documents)
	close(documents)
	workers.Wait()
}

// tell counts a step and passes it on.
func (c *Copy) tell(s Step) {
	c.steps[s.Action].Add(1)
	if c.Told != nil {
		c.telling.Lock()
		defer c.telling.Unlock()
		c.Told(s)
	}
}
