package pipeline

import (
	"context"
	"iter"

	"github.com/go-json-experiment/json/jsontext"
)

// splitter makes several messages of one.
type splitter interface {
	// split returns the parts of m, with their names. It closes m's body when
	// the last of them was taken, or the taker stopped.
	split(ctx context.Context, r *run, m *message) (iter.Seq[part], error)
}

// part is a message to be, or the error in its place, after which there is no
// other.
type part struct {
	name string
	*message
	err error
}

func splitterNamed(word string) splitter {
	switch word {
	case "jsonSplit":
		return jsonSplit{}
	case "unzip":
		return unzip{}
	}
	return nil
}

// splitting is a splitter at its place.
type splitting struct {
	at   jsontext.Pointer
	word string // that names it
	splitter
}

func (s *splitting) run(ctx context.Context, r *run, entry string, m *message) (flow, bool) {
	parts, err := s.split(ctx, r, m)
	if err != nil {
		return failed(m, r.explained(s.at, err)), true
	}
	m.forgive()
	return flow{vars: m.vars, many: r.told(ctx, func(yield func(*message) bool) {
		for p := range parts {
			if p.err != nil {
				p.message = &message{over: &failure{err: r.explained(s.at, p.err)}}
			}
			one := p.message
			one.name, one.numbered, one.status, one.vars = m.name, m.numbered, m.status, m.vars
			one.number(entry, p.name)
			if !yield(one) {
				return
			}
		}
	})}, true
}
