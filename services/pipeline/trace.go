package pipeline

import (
	"context"
	"iter"
	"log/slog"
	"strconv"
	"strings"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/bus/record"
)

// recorded runs p. Where p has the option trace, the log is told how it went,
// once the reply is whole.
func (r *run) recorded(p *Pipeline) (*bus.Message, error) {
	own := record.NodeOf(r.ctx)
	if own.Hidden() {
		own = nil
	}
	if own == nil && !p.trace {
		return r.pipeline(p)
	}
	var node *record.Node
	if p.trace && r.log.Enabled(r.ctx, slog.LevelInfo) {
		e := record.Entry{Kind: record.Pipeline, Name: "pipeline", Method: r.request.Method, URL: r.request.URL.String()}
		if own != nil {
			node = own.Child(-1, e)
			r.ctx = node.With(r.ctx)
		} else {
			r.ctx, node = record.Start(r.ctx, record.Options{}, e)
		}
	}
	r.traced = own != nil || node != nil
	reply, err := r.pipeline(p)
	node.End(err)
	if node == nil {
		return reply, err
	}
	tell := func() {
		var text strings.Builder
		_ = record.Write(&text, node.Tree(nil), record.Look{NoBodies: true}) // a Builder takes all
		r.log.LogAttrs(r.ctx, slog.LevelInfo, "pipeline run", slog.String("run", text.String()))
	}
	if err != nil {
		tell()
		return nil, err
	}
	node.Set(func(e *record.Entry) { e.Status = reply.Status })
	if reply.Body.Stream() == nil {
		tell()
	} else {
		reply.Body.OnClose(tell)
	}
	return reply, nil
}

// node returns the node of what is done with ctx; nil where nothing is recorded.
func (r *run) node(ctx context.Context) *record.Node {
	if !r.traced {
		return nil
	}
	return record.NodeOf(ctx)
}

// within returns the context of what is done with a part of a split.
func (r *run) within(ctx context.Context, m *message) context.Context {
	if m.node == nil {
		return ctx
	}
	return m.node.With(ctx)
}

// beside returns the context of what goes on after ctx has ended: that of the
// run, at ctx's place in the record.
func (r *run) beside(ctx context.Context) context.Context { return r.node(ctx).With(r.ctx) }

// partNode adds a part of a split to the record.
func partNode(split *record.Node, index int, name string) *record.Node {
	split.Set(func(e *record.Entry) { e.Parts = max(e.Parts, index+1) })
	return split.Child(index, record.Entry{Kind: record.Part, Name: name})
}

// told gives each part of a split its node.
func (r *run) told(ctx context.Context, parts iter.Seq[*message]) iter.Seq[*message] {
	split := r.node(ctx)
	if split == nil {
		return parts
	}
	return func(yield func(*message) bool) {
		i := 0
		for part := range parts {
			part.node = partNode(split, i, part.name)
			i++
			if !yield(part) {
				return
			}
		}
	}
}

// noteCondition notes what the condition of a step said.
func noteCondition(ctx context.Context, holds bool) {
	record.NodeOf(ctx).Set(func(e *record.Entry) { e.Held = &holds })
}

// element runs an element of the stage.
func (s *stage) element(ctx context.Context, r *run, entry string, e element, m *message) (flow, bool) {
	if !r.traced {
		return e.run(ctx, r, entry, m)
	}
	told := entryOf(e)
	switch mode := s.mode; {
	case s.told != "":
		told.Mode = string(s.told)
	case mode != serial:
		told.Mode = string(mode)
	}
	node := record.NodeOf(ctx).Child(place(told.At), told)
	failed := m.over
	f, did := e.run(node.With(ctx), r, entry, m)
	var err error
	if f.one != nil && f.one.over != nil && f.one.over != failed {
		err = f.one.over.err
	}
	node.End(err)
	node.Set(func(e *record.Entry) {
		e.Skipped = !did
		if f.one != nil {
			e.Name = f.one.name
		}
	})
	if f.one != nil && s.mode == parallel {
		f.one.node = node
	}
	return f, did
}

// left notes that the elements from one on are left out.
func (s *stage) left(ctx context.Context, r *run, from int) {
	if !r.traced {
		return
	}
	for _, e := range s.elements[min(from, len(s.elements)):] {
		told := entryOf(e)
		told.Skipped = true
		record.NodeOf(ctx).Child(place(told.At), told)
	}
}

// place returns the place of an element in its list.
func place(at string) int {
	n, _ := strconv.Atoi(at[strings.LastIndexByte(at, '/')+1:])
	return n
}

// entryOf describes an element.
func entryOf(e element) record.Entry {
	switch e := e.(type) {
	case *step:
		return record.Entry{Kind: record.Step, At: string(e.at), Text: e.source, Condition: e.tested, Variable: e.variable}
	case *transform:
		return record.Entry{Kind: record.Transform, At: string(e.at)}
	case *splitting:
		return record.Entry{Kind: record.Split, At: string(e.at), Text: e.word}
	case *level:
		return record.Entry{Kind: record.List, At: string(e.at)}
	}
	return record.Entry{}
}

// joined is join, as a node of the record.
func (r *run) joined(ctx context.Context, s *stage, entry string, f flow) *message {
	if !r.traced {
		return r.join(ctx, s, entry, f)
	}
	node := record.NodeOf(ctx).Child(place(string(s.at)), record.Entry{Kind: record.Join, At: string(s.at), Text: s.word})
	if all := f.many; all != nil {
		f.many = func(yield func(*message) bool) {
			for m := range all {
				node.Set(func(e *record.Entry) { e.Parts++ })
				if !yield(m) {
					return
				}
			}
		}
	}
	joined := r.join(ctx, s, entry, f)
	var err error
	if joined.over != nil {
		err = joined.over.err
	}
	node.End(err)
	return joined
}
