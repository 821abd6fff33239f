package expr

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/dop251/goja"

	"github.com/seed90475182/restspace/bus"
)

// run is one evaluation of an expression, or of a transform with all its
// expressions: they share a budget, and a machine if one needs it.
type run struct {
	ctx     context.Context
	engine  *Engine
	machine *machine // nil: none was needed yet
	broken  bool     // the machine goes
	budget  budget
	reread  int // bytes that loops and variables wrote out to read them
	spare   []byte
	size    int // of the next spare, but for 32
}

func newRun(ctx context.Context, g *Engine) *run {
	return &run{ctx: ctx, engine: g, budget: newBudget()}
}

// end gives the machine back.
func (r *run) end() {
	if r.machine == nil {
		return
	}
	r.machine.run, r.machine.frame, r.machine.code = nil, nil, nil
	clear(r.machine.values[:cap(r.machine.values)])
	r.engine.give(r.machine, !r.broken)
	r.machine = nil
}

// evaluate runs an expression that needs a machine, and has use made of its
// value.
func (r *run) evaluate(e *Expr, f *frame, use func(m *machine, v goja.Value) error) error {
	return r.within(e, f, func(m *machine) error {
		function, err := m.function(e.code)
		if err != nil {
			return err
		}
		args, err := m.args(e.code, f)
		if err != nil {
			return err
		}
		v, err := function(goja.Undefined(), args...)
		if err != nil {
			return err
		}
		return use(m, v)
	})
}

// json returns the JSON of the value of such an expression.
func (r *run) json(e *Expr, f *frame) (out Raw, err error) {
	err = r.evaluate(e, f, func(m *machine, v goja.Value) error {
		w := encoder{machine: m, out: r.room()}
		there, err := w.encode(v, 0)
		if there {
			out = w.out[:len(w.out):len(w.out)]
			r.made(w.out)
		}
		return err
	})
	return out, err
}

// room is where JSON is written: what expressions make stands in one piece of
// memory as long as it is little.
func (r *run) room() []byte {
	if cap(r.spare) < 32 {
		r.spare = make([]byte, 0, r.size+32)
		r.size = min(2*r.size+32, 1<<10)
	}
	return r.spare
}

// made leaves behind out what is free for the next.
func (r *run) made(out []byte) {
	if cap(out) == cap(r.spare) { // it has not become longer than that
		r.spare = out[len(out):]
	}
}

// within has work done in the machine, as part of the evaluation of e, under
// the eye of the watchdog. A transform inside an expression is part of that.
func (r *run) within(e *Expr, f *frame, work func(m *machine) error) (err error) {
	if err := r.ctx.Err(); err != nil {
		return err
	}
	if r.machine == nil {
		if r.engine == nil {
			r.engine = new(Engine)
		}
		r.machine = r.engine.take()
		r.machine.run = r
	}
	m := r.machine
	outer, code, nested := m.frame, m.code, m.watched.busy.Load()
	m.frame, m.code = f, e.code
	if !nested {
		m.watched.age.Store(0)
		m.watched.busy.Store(true)
	}
	defer func() {
		if nested {
			m.frame, m.code = outer, code
		} else {
			m.watched.busy.Store(false)
		}
		if p := recover(); p != nil {
			r.broken = true
			err = fmt.Errorf("expression %q: panic: %v", e.source, p)
		}
	}()
	if err := work(m); err != nil {
		return r.failure(e, err)
	}
	return nil
}

// failure is what a client is told.
func (r *run) failure(e *Expr, err error) error {
	var (
		told      *bus.Error
		thrown    *goja.Exception
		stopped   *goja.InterruptedError
		recursive *goja.StackOverflowError
	)
	switch {
	case errors.As(err, &told): // of a transform inside
		return told
	case errors.As(err, &stopped):
		r.broken = true
		err = r.machine.watched.reason
	case errors.As(err, &recursive):
		r.broken = true
		err = fmt.Errorf("it calls itself more than %d deep", maxCalls)
	case errors.As(err, &thrown):
		return r.thrown(e, thrown)
	}
	r.broken = true
	return bus.Errorf(http.StatusUnprocessableEntity, "%s: %s", e.shown(), err)
}

// thrown is failure for what JavaScript, or a function of the host, threw.
func (r *run) thrown(e *Expr, x *goja.Exception) error {
	var told *bus.Error
	if errors.As(x, &told) {
		return told
	}
	reason := x.Value().String()
	if err := x.Unwrap(); err != nil { // machines are dear: data that is wrong does not cost one
		reason = err.Error()
	}
	if name, ok := strings.CutPrefix(reason, "TypeError: Object has no member '"); ok {
		reason = noMethod(strings.TrimSuffix(name, "'"))
	}
	at := ""
	for _, frame := range x.Stack() {
		if e.list != "" { // its offsets are not those of the source
			break
		}
		if p := frame.Position(); frame.SrcName() == "" && p.Line > 0 {
			at = fmt.Sprintf(" at offset %d", offsetAt(e.source, p.Line, p.Column))
			break
		}
	}
	return bus.Errorf(http.StatusUnprocessableEntity, "%s%s: %s", e.shown(), at, reason)
}

// noMethod says whose method it is that something else was asked for.
func noMethod(name string) string {
	var owners []string
	for _, owner := range []struct{ prototype, plural string }{
		{"Array", "lists"}, {"String", "texts"}, {"Number", "numbers"}, {"Date", "dates"}, {"RegExp", "regular expressions"},
	} {
		if methodNames[owner.prototype][name] {
			owners = append(owners, owner.plural)
		}
	}
	if owners == nil {
		return "what is before it has no method " + name
	}
	return fmt.Sprintf("%s is a method of %s, and what is before it is something else", name, strings.Join(owners, " and "))
}

// shown is an expression as the errors of an evaluation name it.
func (e *Expr) shown() string {
	if e.list != "" {
		return "call " + shown(e.list)
	}
	return "expression " + shown(e.source)
}

// shown is a source as errors quote it.
func shown(source string) string {
	const most = 80
	if len(source) > most {
		source = strings.ToValidUTF8(source[:most], "") + "..."
	}
	return fmt.Sprintf("%q", source)
}
