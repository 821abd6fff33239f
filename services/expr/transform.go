package expr

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/tidwall/gjson"

	"github.com/seed90475182/restspace/bus"
)

// A Transform is JSON whose strings are expressions, checked and compiled. It
// does not change and is safe for concurrent use.
type Transform struct {
	whole     template
	variables []string
}

// CompileTransform compiles a transform of at most 1,000 expressions. An error is TransformErrors, with all
// that is wrong, or says why json is none.
func CompileTransform(json []byte) (*Transform, error) {
	if !jsontext.Value(json).IsValid() {
		return nil, errors.New("a transform is JSON, with each key once")
	}
	c := new(compiler)
	t, err := c.template(gjson.ParseBytes(bytes.Clone(json)), "", 0)
	if err := both(err, nil); err != nil {
		return nil, err
	}
	return &Transform{t, c.variables}, nil
}

// Variables returns the variables that the transform sets, those in its loops
// too, named without their $.
func (t *Transform) Variables() []string { return slices.Clone(t.variables) }

// Apply returns the JSON that the transform makes; nil is undefined. What fails
// on the data is a *bus.Error of status 422, and an ended ctx its error.
func (t *Transform) Apply(ctx context.Context, s *Scope) ([]byte, error) {
	r := newRun(ctx, s.Engine)
	defer r.end()
	return t.apply(r, newFrame(s))
}

func (t *Transform) apply(r *run, f *frame) ([]byte, error) {
	n, err := t.whole.make(r, f)
	if err != nil || n.form == absent {
		return nil, err
	}
	out, err := n.append(nil, r.most(f))
	if err != nil {
		return nil, failure("", err)
	}
	return out, nil
}

// most is how long what is made may be.
func (r *run) most(f *frame) int { return len(f.scope.Input) + maxBytes }

// value is what n is, to be read: what is written out for that is charged.
func (r *run) value(n *node, f *frame) (gjson.Result, error) {
	if n.form == leaf {
		return gjson.Parse(n.json), nil
	}
	text, err := n.append(nil, r.most(f))
	if r.reread += len(text); err == nil && r.reread > maxReread {
		err = errReread
	}
	return gjson.Parse(view(text)), err
}

// failure is what a client is told of what a key of a transform did.
func failure(pointer string, err error) error {
	var told *bus.Error
	if errors.As(err, &told) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return bus.Errorf(http.StatusUnprocessableEntity, "%s: %s", placeOf(pointer), err)
}

// make is part of template.
func (c constant) make(*run, *frame) (node, error) { return c.node, nil }

// make is part of template.
func (c computed) make(r *run, f *frame) (node, error) {
	if err := r.budget.takeElements(1); err != nil {
		return node{}, failure(c.pointer, err)
	}
	v, err := c.raw(r, f)
	if err != nil {
		var told *bus.Error
		if errors.As(err, &told) {
			return node{}, bus.Errorf(told.Status, "%s: %s", placeOf(c.pointer), told.Detail)
		}
		return node{}, err
	}
	return leafOf(v), nil
}

// make is part of template. As in JavaScript's JSON an element that is
// undefined is null.
func (s sequence) make(r *run, f *frame) (node, error) {
	if err := r.budget.takeElements(int64(len(s))); err != nil {
		return node{}, err
	}
	n := node{form: list, kids: make([]node, len(s))}
	for i, t := range s {
		kid, err := t.make(r, f)
		if err != nil {
			return node{}, err
		}
		if kid.form == absent {
			kid = node{form: leaf, json: "null"}
		}
		n.kids[i] = kid
	}
	return n, nil
}

// make is part of template: variables first, then the whole, then the keys in
// their order.
func (m *mapping) make(r *run, f *frame) (node, error) {
	if err := r.budget.takeElements(int64(len(m.entries))); err != nil {
		return node{}, failure(m.pointer, err)
	}
	f, err := m.bind(r, f)
	if err != nil {
		return node{}, err
	}
	if m.flat {
		return m.makeFlat(r, f)
	}
	n := node{form: object}
	if m.base != nil {
		if n, err = m.base.make(r, f); err != nil {
			return node{}, err
		}
	}
	for i := range m.entries {
		w := writer{r: r, entry: &m.entries[i], frame: f}
		if err := w.set(&n, w.entry.steps, f); err != nil {
			return node{}, failure(w.entry.pointer, err)
		}
	}
	return n, nil
}

// makeFlat is make for what only sets members.
func (m *mapping) makeFlat(r *run, f *frame) (node, error) {
	n := node{form: object, keys: m.keys, kids: make([]node, 0, len(m.entries))}
	own := false
	for i := range m.entries {
		kid, err := m.entries[i].value.make(r, f)
		if err != nil {
			return node{}, err
		}
		switch {
		case kid.form != absent:
			n.kids = append(n.kids, kid)
			if own {
				n.keys = append(n.keys, m.keys[i])
			}
		case !own:
			n.keys, own = append(make([]string, 0, len(m.keys)), m.keys[:i]...), true
		}
	}
	if !own {
		n.keys = m.keys[:len(m.keys):len(m.keys)]
	}
	return n, nil
}

// bind returns the frame in which the variables have their values.
func (m *mapping) bind(r *run, f *frame) (*frame, error) {
	if len(m.variables) == 0 {
		return f, nil
	}
	inside := f.within(f.input)
	inside.element = false
	for i := range m.variables {
		v := &m.variables[i]
		n, err := v.value.make(r, inside)
		if err != nil {
			return nil, err
		}
		var value gjson.Result
		if n.form != absent {
			if value, err = r.value(&n, f); err != nil {
				return nil, failure(v.pointer, err)
			}
		}
		inside.bindings = append(inside.bindings, binding{name: v.name, value: value})
		if f.outside == nil && f.scope.Set != nil {
			f.scope.Set(strings.TrimPrefix(v.name, "$"), raw(value))
		}
	}
	return inside, nil
}

// writer sets what one key of an object says.
type writer struct {
	r     *run
	entry *entry
	frame *frame // of the object
}

// set sets at, or what steps lead to from there.
func (w *writer) set(at *node, steps []step, f *frame) (err error) {
	if len(steps) == 0 {
		*at, err = w.entry.value.make(w.r, f)
		return err
	}
	if steps[0].kind != toMember {
		return w.loop(at, steps, f)
	}
	var kid node
	if i := at.find(steps[0].name); i >= 0 {
		kid = at.kids[i]
	}
	if err := w.set(&kid, steps[1:], f); err != nil {
		return err
	}
	return at.put(steps[0].name, kid)
}

// loop does the rest of the steps for each element, or each member, of at. An
// object in the place of a list becomes the list of what its members become.
func (w *writer) loop(at *node, steps []step, f *frame) error {
	at.open()
	if at.form != object && (at.form != list || steps[0].kind == overMembers) {
		return nil
	}
	for i := range at.kids {
		if err := w.r.budget.takeElements(1); err != nil {
			return err
		}
		if err := w.r.ctx.Err(); err != nil {
			return err
		}
		value, err := w.r.value(&at.kids[i], f)
		if err != nil {
			return err
		}
		place := binding{name: steps[0].name, value: value, key: "index", at: number(i)}
		if steps[0].kind == overMembers {
			place.key, place.at = "key", result(at.keys[i])
		}
		inside := f.within(value, binding{name: "outer", value: w.frame.input, outer: w.frame}, place)
		if err := w.set(&at.kids[i], steps[1:], inside); err != nil {
			return err
		}
	}
	if steps[0].kind == overList {
		at.form, at.keys = list, nil
	}
	at.sweep()
	return nil
}
