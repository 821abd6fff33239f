package pipeline

import (
	"context"
	"iter"
	"runtime/debug"
	"slices"
	"sync"

	"github.com/seed90475182/restspace/bus"
)

// each gives what do makes of each value, in the order of the values, but for
// the first failure, which nobody has to wait for. As many
// are worked on at one time as the run may; the next value is asked for when
// one of those has been taken. Who stops early ends what was started, and waits
// for it.
func each[T any](ctx context.Context, r *run, values iter.Seq[T], do func(context.Context, T) flow) iter.Seq[*message] {
	return func(yield func(*message) bool) {
		ctx, cancel := context.WithCancel(ctx)
		taken := false // all of it
		w := &window[T]{run: r, ctx: ctx, do: do, jobs: make(chan job[T], r.parallel), failed: make(chan []*message, 1)}
		var stop func()
		w.next, stop = iter.Pull(values)
		defer stop()
		defer func() {
			if taken { // bodies that are streams may be read until the end of the run
				r.atEnd(cancel)
			} else {
				cancel()
			}
			w.close()
		}()
		for more := true; more; {
			more = w.fill()
			list := w.take()
			for i, m := range list {
				if !yield(m) {
					closeAll(list[i+1:])
					return
				}
			}
		}
		taken = true
	}
}

// window is the values that are worked on, the oldest first.
type window[T any] struct {
	run     *run
	ctx     context.Context // of the work
	do      func(context.Context, T) flow
	next    func() (T, bool)
	all     bool // there are no more values
	parts   []chan []*message
	failed  chan []*message // the first result with a failure, which leaves its place empty
	jobs    chan job[T]
	workers int
	working sync.WaitGroup
}

// job is the work on a value, and where its result goes.
type job[T any] struct {
	value T
	part  chan []*message
}

// fill starts work while there is room, and reports whether any is left.
func (w *window[T]) fill() bool {
	for !w.all && len(w.parts) < w.run.parallel {
		value, ok := w.next()
		if !ok {
			w.all = true
			break
		}
		part := make(chan []*message, 1)
		w.parts = append(w.parts, part)
		w.jobs <- job[T]{value, part}
		if w.workers < w.run.parallel {
			w.workers++
			w.working.Go(w.worker)
		}
	}
	return len(w.parts) > 0
}

func (w *window[T]) worker() {
	for j := range w.jobs {
		list := w.work(j.value)
		if slices.ContainsFunc(list, func(m *message) bool { return m.over != nil }) {
			select {
			case w.failed <- list:
				list = nil
			default:
			}
		}
		j.part <- list
	}
}

// take waits for the oldest, or for a failure.
func (w *window[T]) take() []*message {
	if len(w.parts) == 0 {
		select {
		case list := <-w.failed:
			return list
		default:
			return nil
		}
	}
	select {
	case list := <-w.failed:
		return list
	case list := <-w.parts[0]:
		w.parts = w.parts[1:]
		return list
	}
}

// close waits for the work that is under way, and for the workers.
func (w *window[T]) close() {
	close(w.jobs)
	w.working.Wait()
	for _, part := range w.parts {
		closeAll(<-part)
	}
	close(w.failed)
	closeAll(<-w.failed)
}

// work makes a list of what one value becomes. A panic is an error.
func (w *window[T]) work(value T) (list []*message) {
	defer func() {
		if caught := recover(); caught != nil {
			closeAll(list)
			list = []*message{{over: &failure{err: &bus.PanicError{Value: caught, Stack: debug.Stack()}}}}
		}
	}()
	f := w.do(w.ctx, value)
	if f.one != nil {
		w.run.park(f.one)
		return []*message{f.one}
	}
	for m := range f.all() {
		if len(list) >= w.run.parallel { // streams that wait are open files
			if err := w.run.keep(m); err != nil {
				m.fail(&failure{err: err})
			}
		}
		w.run.park(m)
		list = append(list, m)
	}
	return list
}
