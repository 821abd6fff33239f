package transfer

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/seed90475182/restspace/adaptors"
)

// A pair is a name in a directory of one store or of both.
type pair struct {
	name         string
	dir          bool
	inFrom, inTo bool
}

// A document is what a worker takes on.
type document struct {
	key  adaptors.Key
	inTo bool
}

// walk sends what is wanted of the documents below dir. It ends early with
// ctx.
func (c *Copy) walk(ctx context.Context, dir adaptors.Key, wanted func(pair) bool, documents chan<- document) {
	for p, err := range c.list(ctx, dir) {
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			c.tell(Step{Action: Failed, Err: err})
			return
		case !wanted(p):
			continue
		}
		key := append(slices.Clone(dir), p.name)
		if p.dir {
			c.walk(ctx, key, wanted, documents)
			continue
		}
		select {
		case documents <- document{key, p.inTo}:
		case <-ctx.Done():
			return
		}
	}
}

// Total returns how many documents From has. It is safe to call while Run
// works.
func (c *Copy) Total(ctx context.Context) (int64, error) { return c.count(ctx, nil) }

func (c *Copy) count(ctx context.Context, dir adaptors.Key) (n int64, err error) {
	for info, err := range c.From.List(ctx, dir, adaptors.ListOptions{}) {
		below := int64(1)
		if err == nil && info.Dir {
			below, err = c.count(ctx, append(slices.Clone(dir), info.Name))
		}
		if err != nil {
			return 0, err
		}
		n += below
	}
	return n, nil
}

// list yields the names of a directory of both stores, those that are in both
// once. An error is the last that it yields.
func (c *Copy) list(ctx context.Context, dir adaptors.Key) iter.Seq2[pair, error] {
	return func(yield func(pair, error) bool) {
		from, stopFrom := iter.Pull2(c.From.List(ctx, dir, adaptors.ListOptions{}))
		defer stopFrom()
		to, stopTo := iter.Pull2(c.To.List(ctx, dir, adaptors.ListOptions{}))
		defer stopTo()
		a, errA, okA := from()
		b, errB, okB := to()
		for okA || okB {
			switch {
			case okA && errA != nil:
				yield(pair{}, inFrom(errA))
				return
			case okB && errB != nil:
				yield(pair{}, inTo(errB))
				return
			}
			p := first(a, okA, b, okB)
			if !yield(p, nil) {
				return
			}
			if p.inFrom {
				a, errA, okA = from()
			}
			if p.inTo {
				b, errB, okB = to()
			}
		}
	}
}

// first returns the one of two names that comes first, or both where they are
// the same. A listing that is not ok has ended; one of them has not.
func first(a adaptors.Info, okA bool, b adaptors.Info, okB bool) pair {
	var order int
	switch {
	case !okB:
		order = -1
	case !okA:
		order = 1
	default:
		order = strings.Compare(position(a), position(b))
	}
	if order > 0 {
		return pair{b.Name, b.Dir, false, true}
	}
	return pair{a.Name, a.Dir, true, order == 0}
}

func position(info adaptors.Info) string {
	if info.Dir {
		return adaptors.Position(info.Name + "/")
	}
	return adaptors.Position(info.Name)
}

// inFrom and inTo say which store an error is of.
func inFrom(err error) error { return fmt.Errorf("FROM: %w", err) }

func inTo(err error) error { return fmt.Errorf("TO: %w", err) }
