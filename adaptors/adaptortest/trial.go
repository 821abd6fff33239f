package adaptortest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"time"

	"github.com/seed90475182/restspace/adaptors"
)

// A Trial puts one store to all clauses, one after the other: a store that has
// to be the same for all of them, such as one that a program has opened. Each
// clause has a directory of its own in it. Those about the root are tested there
// too, where it is empty; what was in the store before is left alone.
type Trial struct {
	store adaptors.Store
	limit time.Duration
	empty bool
}

// NewTrial returns a Trial of a store, in which each clause may take as long as
// limit. It looks whether the store is empty.
func NewTrial(ctx context.Context, store adaptors.Store, limit time.Duration) (*Trial, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	empty, err := isEmpty(ctx, store, nil)
	if err != nil {
		return nil, fmt.Errorf("list the root: %w", err)
	}
	return &Trial{store, limit, empty}, nil
}

// Empty reports whether the store was empty at the beginning.
func (t *Trial) Empty() bool { return t.empty }

// A Verdict says how a store did in a clause.
type Verdict struct {
	Clause string
	Faults []string // what was seen that must not be; none where the clause is kept
	Left   string   // a directory of the store that could not be emptied afterwards
	Took   time.Duration
}

// Kept reports whether the store keeps the clause.
func (v *Verdict) Kept() bool { return len(v.Faults) == 0 }

// Verdicts carries out the Trial: it yields a Verdict for each of the Clauses,
// in their order. Where ctx ends, it tidies up and ends with the error of that.
func (t *Trial) Verdicts(ctx context.Context) iter.Seq2[Verdict, error] {
	return func(yield func(Verdict, error) bool) {
		for _, clause := range Clauses() {
			v := t.verdict(ctx, clause)
			if ctx.Err() != nil {
				yield(Verdict{}, ctx.Err())
				return
			}
			if !yield(v, nil) {
				return
			}
		}
	}
}

func (t *Trial) verdict(ctx context.Context, clause Clause) Verdict {
	begun := time.Now()
	dir := "rstest-" + rand.Text()
	faults, clean := t.try(ctx, clause, adaptors.Key{dir})
	v := Verdict{Clause: clause.Name, Faults: faults}
	if !clean {
		v.Left = dir
	}
	if clause.Root && v.Kept() && t.empty {
		if empty, err := isEmpty(ctx, t.store, nil); err == nil && empty {
			faults, _ := t.try(ctx, clause, nil)
			for _, fault := range faults {
				v.Faults = append(v.Faults, "at the root: "+fault)
			}
		}
	}
	v.Took = time.Since(begun)
	return v
}

const (
	patience    = 5 * time.Second  // with a clause whose time is over
	tidyTimeout = 10 * time.Second // to remove what a clause has left
)

// try puts the store to a clause, in a directory of it, and empties that.
func (t *Trial) try(ctx context.Context, clause Clause, dir adaptors.Key) (faults []string, clean bool) {
	limited, cancel := context.WithTimeout(ctx, t.limit)
	defer cancel()
	p := &plot{store: t.store, dir: dir, limit: limited, written: make(map[string]adaptors.Key)}
	n := &notes{}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer n.recovered()
		clause.Check(n, p)
	}()
	over := false
	select {
	case <-done:
	case <-limited.Done():
		over = true
		select {
		case <-done:
		case <-time.After(patience): // it gets errors only, and ends some time
		}
	}
	faults = n.taken()
	if over {
		faults = append([]string{fmt.Sprintf("it did not end within %s", t.limit)}, faults...)
	}
	tidying, cancel := context.WithTimeout(context.WithoutCancel(ctx), tidyTimeout)
	defer cancel()
	return faults, p.tidy(tidying)
}

// isEmpty reports whether there is nothing below a directory. A store that takes
// that for an error breaks a clause, which tells so.
func isEmpty(ctx context.Context, s adaptors.Store, dir adaptors.Key) (bool, error) {
	for _, err := range s.List(ctx, dir, adaptors.ListOptions{Page: 1}) {
		if errors.Is(err, fs.ErrNotExist) {
			return true, nil
		}
		return false, err
	}
	return true, ctx.Err()
}
