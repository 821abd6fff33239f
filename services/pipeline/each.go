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
// the first failure, which nobody has to wait for. As many are worked on at one
// time as the run may; the next value is asked for when one of those has been
// taken. Who stops early ends what was started, and waits for it.
func each[T any](ctx context.Context, r *run, values iter.Seq[T], do func(context.Context, T) flow) iter.Seq[*message] {
	return func(yield func(*message) bool) {
		ctx, cancel := context.WithCancel(ctx)
		taken := false // all of it
		w := newWindow(ctx, r, do)
		next, stop := iter.Pull(values)
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
			w.fill(next)
			var f flow
			if f, more = w.take(); !f.yield(yield) {
				return
			}
		}
		taken = true
	}
}

// window is the values that are worked on, and what they became, the oldest
// first. One goroutine fills it and takes from it, workers do the work. Another
// worker comes only when those that are there all run or wait, so that there are
// no more than processors where nothing waits.
type window[T any] struct {
	run     *run
	ctx     context.Context // of the work
	do      func(context.Context, T) flow
	all     bool // there are no more values
	working sync.WaitGroup

	mu      sync.Mutex // guards what follows
	work    *sync.Cond // there is some, or it is over
	result  *sync.Cond // the oldest is done, or one has failed
	tasks   []task[T]  // a ring
	taken   int        // of the tasks that there ever were
	begun   int
	filled  int
	failed  flow // the first result with a failure, which leaves its place empty
	broken  bool // there was one
	workers int
	idle    int  // workers that wait for work
	coming  bool // a worker that does not run yet
	over    bool
}

// task is a value, and what it became.
type task[T any] struct {
	value  T
	result flow
	done   bool
}

func newWindow[T any](ctx context.Context, r *run, do func(context.Context, T) flow) *window[T] {
	w := &window[T]{run: r, ctx: ctx, do: do, tasks: make([]task[T], r.parallel)}
	w.work, w.result = sync.NewCond(&w.mu), sync.NewCond(&w.mu)
	return w
}

func (w *window[T]) task(i int) *task[T] { return &w.tasks[i%len(w.tasks)] }

// fill has values worked on while there is room.
func (w *window[T]) fill(next func() (T, bool)) {
	for !w.all && w.filled-w.taken < len(w.tasks) {
		value, ok := next()
		if !ok {
			w.all = true
			return
		}
		w.mu.Lock()
		*w.task(w.filled) = task[T]{value: value}
		w.filled++
		w.hire()
		w.mu.Unlock()
	}
}

// hire has a worker come if work waits for one. The window is locked.
func (w *window[T]) hire() {
	switch {
	case w.begun == w.filled:
	case w.idle > 0:
		w.work.Signal()
	case !w.coming && w.workers < len(w.tasks):
		w.coming = true
		w.workers++
		w.working.Go(w.worker)
	}
}

func (w *window[T]) worker() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.coming = false
	for {
		for w.begun == w.filled {
			if w.over {
				return
			}
			w.idle++
			w.work.Wait()
			w.idle--
		}
		i := w.begun
		w.begun++
		w.hire()
		value := w.task(i).value
		w.mu.Unlock()
		f, failed := w.done(value)
		w.mu.Lock()
		w.put(i, f, failed)
	}
}

// put keeps what a task became. The window is locked.
func (w *window[T]) put(i int, f flow, failed bool) {
	if failed && !w.broken {
		w.failed, w.broken = f, true
		w.result.Signal()
		f = flow{}
	}
	t := w.task(i)
	t.result, t.done = f, true
	if i == w.taken {
		w.result.Signal()
	}
}

// take waits for what the oldest became, or for a failure, and reports whether
// there may be more.
func (w *window[T]) take() (flow, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for {
		switch t := w.task(w.taken); {
		case w.failed.some():
			f := w.failed
			w.failed = flow{}
			return f, true
		case w.taken == w.filled:
			return flow{}, false
		case t.done:
			w.taken++
			return t.result, true
		}
		w.result.Wait()
	}
}

// close waits for the work that is under way, and for the workers.
func (w *window[T]) close() {
	w.mu.Lock()
	w.over = true
	w.work.Broadcast()
	w.mu.Unlock()
	w.working.Wait()
	for ; w.taken < w.filled; w.taken++ {
		w.task(w.taken).result.drop()
	}
	w.failed.drop()
}

// done returns what a value becomes, without anything that is still to be done,
// and whether it has failed. A panic is an error.
func (w *window[T]) done(value T) (f flow, failed bool) {
	defer func() {
		if caught := recover(); caught != nil {
			f, failed = pass(&message{over: &failure{err: &bus.PanicError{Value: caught, Stack: debug.Stack()}}}), true
		}
	}()
	f = w.do(w.ctx, value)
	if f.one == nil {
		return w.run.list(f)
	}
	w.run.park(f.one)
	if w.run.ahead && f.one.body.Stream() == nil {
		_, _ = f.one.data(w.run) // which tells the joiner of an error again
	}
	return f, f.one.over != nil
}

// list makes a flow a list, and reports whether one of its messages has failed.
func (r *run) list(f flow) (_ flow, failed bool) {
	var list []*message
	listed := false
	defer func() {
		if !listed { // a panic goes on
			closeAll(list)
		}
	}()
	for m := range f.all() {
		if len(list) >= r.parallel { // streams that wait are open files
			if err := r.keep(m); err != nil {
				m.fail(&failure{err: err})
			}
		}
		r.park(m)
		list = append(list, m)
	}
	listed = true
	return flowOf(list, nil), slices.ContainsFunc(list, func(m *message) bool { return m.over != nil })
}
