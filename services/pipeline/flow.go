package pipeline

import (
	"context"
	"iter"

	"github.com/go-json-experiment/json/jsontext"
)

// flow is what an element gives: one message, several in their order, or none.
// Whoever has it takes all of several, or stops.
type flow struct {
	one  *message
	many iter.Seq[*message]
	vars *variable // of the message that several were made of
}

// An element of a stage.
type element interface {
	// run hands m on, or what it made of it. ran is false, and m as it was,
	// where a condition kept it from doing anything. entry is the name that
	// messages of the level began with.
	run(ctx context.Context, r *run, entry string, m *message) (f flow, ran bool)

	many() (at jsontext.Pointer, many bool) // whether it surely makes several messages, and where
	certain() bool                          // whether it runs for every message
}

// pass is what an element gives that hands its message on.
func pass(m *message) flow { return flow{one: m, vars: m.vars} }

// failed ends a message with an error.
func failed(m *message, err error) flow {
	m.fail(&failure{err: err})
	return pass(m)
}

// all returns the messages of a flow.
func (f flow) all() iter.Seq[*message] {
	if f.one != nil {
		return func(yield func(*message) bool) { yield(f.one) }
	}
	if f.many == nil {
		return func(func(*message) bool) {}
	}
	return f.many
}

// some reports whether there is anything in a flow.
func (f flow) some() bool { return f.one != nil || f.many != nil }

// yield hands the messages of a flow on, and reports whether there may be more.
func (f flow) yield(to func(*message) bool) bool {
	if f.one != nil {
		return to(f.one)
	}
	for m := range f.all() {
		if !to(m) {
			return false
		}
	}
	return true
}

// drop closes what is in a flow.
func (f flow) drop() {
	for m := range f.all() {
		m.close()
	}
}

// flowOf returns the flow of a list.
func flowOf(list []*message, vars *variable) flow {
	switch len(list) {
	case 0:
		return flow{vars: vars}
	case 1:
		return flow{one: list[0], vars: vars}
	}
	return flow{vars: vars, many: func(yield func(*message) bool) {
		for i, m := range list {
			if !yield(m) {
				closeAll(list[i+1:])
				return
			}
		}
	}}
}

func closeAll(list []*message) {
	for _, m := range list {
		m.close()
	}
}
