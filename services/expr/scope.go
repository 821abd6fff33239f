package expr

import (
	"encoding/json"
	"strings"
	"unsafe"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/tidwall/gjson"

	"github.com/seed90475182/restspace/urlpattern"
)

// Raw is the JSON of a value; nil is undefined. It may be a view of the input.
type Raw []byte

// A Scope gives an expression its names.
type Scope struct {
	// Input is valid JSON: its members are names, and $ is it. nil is none.
	Input []byte

	// Names has further names, which come before those of the input. A value
	// is nil, a bool, a float64, a string, a []string or a Raw; for header and
	// query a func(string) any of those. nil: there are none.
	Names func(name string) (value any, ok bool)

	// Pattern is what pathPattern expands a pattern with, but for the body and
	// variables. nil: nothing.
	Pattern *urlpattern.Values

	// Set is told the variables that a transform sets, but for those in its
	// loops, named without their $. nil: nobody wants to know.
	Set func(name string, value Raw)

	// Engine has the machines. nil: one is made where it is needed, and thrown
	// away.
	Engine *Engine
}

// frame is a scope inside another: of an element of a loop in a transform, or
// of an object with variables.
type frame struct {
	input    gjson.Result
	bindings []binding // the last of a name counts
	scope    *Scope
	outside  *frame
	element  bool // of a loop: its input is not that of outside

	// found is what frames inside have read here: a loop looks once for what
	// stays the same, and not for each element.
	found map[*path]reading
}

// reading is what a path stands for in one frame, if its root is there.
type reading struct {
	value gjson.Result
	there bool
}

// binding is a name for a value: a variable, or where a loop is.
type binding struct {
	name  string
	value gjson.Result // of a loop the element
	key   string       // of a loop: what the position is called, index or key
	at    gjson.Result // of a loop: the position
	outer *frame       // of outer: whose input it is
}

// read is what a path that begins with the name stands for.
func (b *binding) read(p *path) gjson.Result {
	switch {
	case b.outer != nil:
		return b.outer.once(p, func() reading { return reading{p.from(b.value), true} }).value
	case b.key == "":
		return p.from(b.value)
	case len(p.steps) == 0:
		return gjson.Parse(`{"` + b.key + `":` + b.at.Raw + `,"value":` + b.value.Raw + "}")
	case p.steps[0] == b.key:
		return stepsFrom(b.at, p.steps[1:])
	case p.steps[0] == "value":
		return stepsFrom(b.value, p.steps[1:])
	}
	return gjson.Result{}
}

func newFrame(s *Scope) *frame {
	return &frame{input: gjson.Parse(view(s.Input)), scope: s}
}

func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// within returns the frame of an element inside f.
func (f *frame) within(input gjson.Result, bindings ...binding) *frame {
	return &frame{input: input, bindings: bindings, scope: f.scope, outside: f, element: true}
}

// read returns what p stands for: absent is undefined.
func (f *frame) read(p *path) gjson.Result {
	if p.root == "$" || p.root == "$this" {
		return p.from(f.input)
	}
	if f.outside == nil {
		if v, ok := f.scope.named(p.root); ok {
			return p.from(v)
		}
		if p.fast != "" && f.input.IsObject() {
			return gjson.Get(f.input.Raw, p.fast)
		}
		return f.member(p).value
	}
	if b, holder := f.binding(p.root); b != nil {
		if holder == f {
			return b.read(p)
		}
		return holder.once(p, func() reading { return reading{b.read(p), true} }).value
	}
	if v, ok := f.scope.named(p.root); ok {
		return f.outermost().once(p, func() reading { return reading{p.from(v), true} }).value
	}
	for in := f; in != nil; in = in.outside {
		if found := in.seen(p, f); found.there {
			return found.value
		}
	}
	return gjson.Result{}
}

// seen is a member of the input of f, for a frame inside or f itself.
func (f *frame) seen(p *path, from *frame) reading {
	switch {
	case f.outside != nil && !f.element: // its input is that of what is outside
		return reading{}
	case f == from:
		return f.member(p)
	}
	return f.once(p, func() reading { return f.member(p) })
}

func (f *frame) outermost() *frame {
	for f.outside != nil {
		f = f.outside
	}
	return f
}

// once is what p stands for in f, for a frame inside: it is read once.
func (f *frame) once(p *path, read func() reading) reading {
	v, ok := f.found[p]
	if !ok {
		v = read()
		if f.found == nil {
			f.found = make(map[*path]reading)
		}
		f.found[p] = v
	}
	return v
}

// member is a member of the input.
func (f *frame) member(p *path) reading {
	if !f.input.IsObject() {
		return reading{}
	}
	if f.outside == nil && p.fast != "" {
		return reading{gjson.Get(f.input.Raw, p.fast), true}
	}
	if v := field(f.input, p.root); v.Exists() {
		return reading{p.from(v), true}
	}
	return reading{}
}

// binding is that of a name, and the frame that has it; nil if there is none.
func (f *frame) binding(name string) (*binding, *frame) {
	for ; f != nil; f = f.outside {
		for i := len(f.bindings) - 1; i >= 0; i-- {
			if f.bindings[i].name == name {
				return &f.bindings[i], f
			}
		}
	}
	return nil, nil
}

// named is what Names has of a name.
func (s *Scope) named(name string) (gjson.Result, bool) {
	if s.Names == nil {
		return gjson.Result{}, false
	}
	v, ok := s.Names(name)
	if !ok {
		return gjson.Result{}, false
	}
	return result(v), true
}

// variable is the JSON of a variable, named without its $.
func (f *frame) variable(name string) []byte {
	if b, _ := f.binding("$" + name); b != nil {
		return raw(b.value)
	}
	v, _ := f.scope.named("$" + name)
	return raw(v)
}

// result is a value of Scope.Names as gjson would have read it.
func result(value any) gjson.Result {
	switch v := value.(type) {
	case nil:
		return gjson.Result{Type: gjson.Null, Raw: "null"}
	case bool:
		if v {
			return gjson.Result{Type: gjson.True, Raw: "true"}
		}
		return gjson.Result{Type: gjson.False, Raw: "false"}
	case string:
		return gjson.Result{Type: gjson.String, Str: v, Raw: string(appendString(nil, v))}
	case Raw:
		return gjson.Parse(view(v))
	case float64, []string:
		raw, err := json.Marshal(v)
		if err != nil { // not a number
			return gjson.Result{Type: gjson.Null, Raw: "null"}
		}
		return gjson.ParseBytes(raw)
	}
	return gjson.Result{}
}

// function is a function of the scope; nil if it has none of that name.
func (f *frame) function(name string) func(string) any {
	if f.scope.Names == nil {
		return nil
	}
	v, _ := f.scope.Names(name)
	function, _ := v.(func(string) any)
	return function
}

// appendString appends the JSON of s.
func appendString(dst []byte, s string) []byte {
	dst, _ = jsontext.AppendQuote(dst, s) // what is no UTF-8 becomes U+FFFD
	return dst
}

// raw is the JSON of a value; nil is undefined.
func raw(v gjson.Result) Raw {
	if !v.Exists() {
		return nil
	}
	text := strings.TrimRight(v.Raw, " \t\r\n")
	return unsafe.Slice(unsafe.StringData(text), len(text))
}

// truth is JavaScript's.
func truth(v gjson.Result) bool {
	switch v.Type {
	case gjson.True, gjson.JSON:
		return true
	case gjson.Number:
		return v.Num != 0
	case gjson.String:
		return v.Str != ""
	}
	return false
}
