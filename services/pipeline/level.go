package pipeline

import (
	"context"
	"log/slog"
)

// run has a message go through the stages. A try that nothing followed is an
// error after all.
func (l *level) run(ctx context.Context, r *run, _ string, m *message) (f flow, ran bool) {
	outer, numbered, entry := m.caught, m.numbered, m.name
	m.caught, m.numbered = nil, false
	f = pass(m)
	for i := range l.stages {
		s := &l.stages[i]
		if s.joiner != nil {
			f, ran = pass(r.joined(ctx, s, entry, l.settled(f))), true
			continue
		}
		var did bool
		f, did = s.run(ctx, r, entry, f)
		ran = ran || did
	}
	if !ran {
		m.caught, m.numbered = outer, numbered
		return f, false
	}
	if outer != nil {
		_ = outer.reply.Close()
	}
	return l.settled(f), true
}

// settled ends those messages whose step tried for nothing.
func (l *level) settled(f flow) flow {
	switch {
	case !l.tries:
	case f.one != nil:
		f.one.settle()
	case f.many != nil:
		all := f.many
		f.many = func(yield func(*message) bool) {
			for m := range all {
				m.settle()
				if !yield(m) {
					return
				}
			}
		}
	}
	return f
}

func (m *message) settle() {
	if m.caught != nil {
		m.fail(m.caught)
	}
}

// run has each message of a flow go through the elements.
func (s *stage) run(ctx context.Context, r *run, entry string, f flow) (flow, bool) {
	switch {
	case f.one != nil:
		return s.message(ctx, r, entry, f.one)
	case f.many == nil:
		return f, false
	}
	f.many = each(ctx, r, f.many, func(ctx context.Context, m *message) flow {
		f, _ := s.message(r.within(ctx, m), r, entry, m)
		return f
	})
	return f, true
}

func (s *stage) message(ctx context.Context, r *run, entry string, m *message) (flow, bool) {
	if m.over != nil {
		s.left(ctx, r, 0)
		return pass(m), false
	}
	switch s.mode {
	case parallel:
		return s.parallel(ctx, r, entry, m)
	case tee, teeWait:
		return s.tee(ctx, r, entry, m), true
	}
	return s.chain(ctx, r, entry, m, 0)
}

// chain has a message go through the elements from one on, one after the other:
// in a serial stage each gets what the one before made, in a conditional one
// the first that does something ends it.
func (s *stage) chain(ctx context.Context, r *run, entry string, m *message, from int) (flow, bool) {
	ran := false
	for i := from; i < len(s.elements); i++ {
		f, did := s.element(ctx, r, entry, s.elements[i], m)
		ran = ran || did
		if f.one != nil && f.one.over != nil {
			s.left(ctx, r, i+1)
			return f, true
		}
		then := s.succeed
		if !did || f.one != nil && f.one.caught != nil {
			then = s.fail
		}
		if !did && s.mode == conditional {
			f = pass(m)
		}
		switch {
		case then == stop:
			s.left(ctx, r, i+1)
			f.drop()
			return flow{vars: f.vars}, ran
		case then == end, f.one == nil && f.many == nil:
			s.left(ctx, r, i+1)
			return f, ran
		case f.many != nil:
			return s.rest(ctx, r, entry, f, i+1), ran
		}
		m = f.one
	}
	return pass(m), ran
}

// rest has several messages go through the elements from one on.
func (s *stage) rest(ctx context.Context, r *run, entry string, f flow, from int) flow {
	if from < len(s.elements) {
		f.many = each(ctx, r, f.many, func(ctx context.Context, m *message) flow {
			if m.over != nil {
				return pass(m)
			}
			f, _ := s.chain(r.within(ctx, m), r, entry, m, from)
			return f
		})
	}
	return f
}

// parallel has each element get the message.
func (s *stage) parallel(ctx context.Context, r *run, entry string, m *message) (flow, bool) {
	if len(s.elements) == 1 {
		return s.branch(ctx, r, entry, s.elements[0], m)
	}
	if err := r.keep(m); err != nil {
		return failed(m, err), true
	}
	if err := r.count(len(s.elements)); err != nil {
		return failed(m, err), true
	}
	vars := m.vars
	did := make([]bool, len(s.elements))
	var list []*message
	parts := each(ctx, r, upTo(len(s.elements)), func(ctx context.Context, i int) (f flow) {
		f, did[i] = s.branch(ctx, r, entry, s.elements[i], m.branch())
		return f
	})
	for part := range parts {
		list = append(list, part)
		if part.over != nil { // the others are for nothing
			closeAll(list[:len(list)-1])
			m.close()
			return pass(part), true
		}
	}
	ran := false
	for _, one := range did {
		ran = ran || one
	}
	m.close()
	return flowOf(list, vars), ran
}

// branch runs one element of a parallel stage.
func (s *stage) branch(ctx context.Context, r *run, entry string, e element, m *message) (flow, bool) {
	f, did := s.element(ctx, r, entry, e, m)
	then := s.succeed
	if !did {
		then = s.fail
	}
	if f.one != nil {
		f.one.settle()
		if f.one.over != nil {
			return f, true
		}
	}
	if then == stop {
		f.drop()
		f = flow{vars: f.vars}
	}
	return f, did
}

func upTo(n int) func(yield func(int) bool) {
	return func(yield func(int) bool) {
		for i := range n {
			if !yield(i) {
				return
			}
		}
	}
}

// tee has a copy of the message go through the elements, and hands on the
// message. What becomes of the copy is for the log.
func (s *stage) tee(ctx context.Context, r *run, entry string, m *message) flow {
	if err := r.keep(m); err != nil {
		return failed(m, err)
	}
	side := m.branch()
	if r.park(side); side.over != nil {
		return failed(m, side.over.err)
	}
	ctx = r.beside(ctx)
	work := func() {
		defer r.guard(side)
		aside := stage{mode: serial, told: s.mode, fail: s.fail, succeed: s.succeed, elements: s.elements}
		f, _ := aside.chain(ctx, r, entry, side, 0)
		for part := range f.all() {
			part.settle()
			if part.over != nil {
				r.log.LogAttrs(r.ctx, slog.LevelWarn, "a tee failed", slog.Int("status", part.over.status()), slog.Any("error", part.over.err))
			}
			part.close()
		}
	}
	if s.mode == tee {
		r.tees.Go(work)
	} else {
		work()
	}
	return pass(m)
}
