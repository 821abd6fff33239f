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

// frame is a scope inside another: of an element of a loop in a transform.
type frame struct {
	input    gjson.Result
	bindings []binding // the last of a name counts
	scope    *Scope
	outside  *frame
}

// binding is a name for a value: a variable, or where a loop is.
type binding struct {
	name  string
	value gjson.Result // of a loop the element
	key   string       // of a loop: what the position is called, index or key
	at    gjson.Result // of a loop: the position
}

// read is what a path that begins with the name stands for.
func (b *binding) read(p *path) gjson.Result {
	switch {
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
	return &frame{input: input, bindings: bindings, scope: f.scope, outside: f}
}

// read returns what p stands for: absent is undefined.
func (f *frame) read(p *path) gjson.Result {
	if p.root == "$" || p.root == "$this" {
		return p.from(f.input)
	}
	if b := f.binding(p.root); b != nil {
		return b.read(p)
	}
	if v, ok := f.scope.named(p.root); ok {
		return p.from(v)
	}
	for ; f != nil; f = f.outside {
		if !f.input.IsObject() {
			continue
		}
		if f.outside == nil && p.fast != "" {
			return gjson.Get(f.input.Raw, p.fast)
		}
		if v := field(f.input, p.root); v.Exists() {
			return p.from(v)
		}
	}
	return gjson.Result{}
}

// binding is that of a name; nil if there is none.
func (f *frame) binding(name string) *binding {
	for ; f != nil; f = f.outside {
		for i := len(f.bindings) - 1; i >= 0; i-- {
			if f.bindings[i].name == name {
				return &f.bindings[i]
			}
		}
	}
	return nil
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
	if b := f.binding("$" + name); b != nil {
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
