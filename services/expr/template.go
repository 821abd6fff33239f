package expr

import (
	"errors"
	"fmt"
	"strings"

	"github.com/tidwall/gjson"
)

// A TransformError says what is wrong in a transform, and where.
type TransformError struct {
	Pointer string // of the key in the transform (RFC 6901)
	Source  string // the expression, or the key
	Offset  int    // in bytes in Source
	Message string
}

// Error is part of error.
func (e *TransformError) Error() string {
	return fmt.Sprintf("%s: %s, offset %d: %s", placeOf(e.Pointer), shown(e.Source), e.Offset, e.Message)
}

// TransformErrors are all that is wrong in a transform: one for each key or
// expression, in their order.
type TransformErrors []*TransformError

// Error is part of error.
func (e TransformErrors) Error() string {
	lines := make([]string, len(e))
	for i, one := range e {
		lines[i] = one.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap returns each of them.
func (e TransformErrors) Unwrap() []error {
	list := make([]error, len(e))
	for i, one := range e {
		list[i] = one
	}
	return list
}

// both are the errors of two parts; either may be nil.
func both(a, b error) error {
	all := append(faultsOf(a), faultsOf(b)...)
	if len(all) == 0 {
		return nil
	}
	return all
}

func faultsOf(err error) TransformErrors {
	switch err := err.(type) {
	case *TransformError:
		return TransformErrors{err}
	case TransformErrors:
		return err
	}
	return nil
}

func placeOf(pointer string) string {
	if pointer == "" {
		return "the transform"
	}
	return pointer
}

// template is a part of a transform: what it makes in a frame.
type template interface {
	make(r *run, f *frame) (node, error)
}

// constant is a part that is not computed.
type constant struct{ node }

// computed is an expression.
type computed struct {
	*Expr
	pointer string
}

// sequence is a list.
type sequence []template

// mapping is an object.
type mapping struct {
	pointer   string
	variables []entry
	base      template // what $ says; nil is nothing
	entries   []entry
	flat      bool     // each entry sets a member of its own, and nothing else
	keys      []string // of a flat one
}

type entry struct {
	pointer string
	name    string // of a variable
	steps   []step
	value   template
}

// maxExpressions is how many expressions a transform has.
const maxExpressions = 1000

// compiler compiles one transform.
type compiler struct {
	expressions int      // that it has met
	variables   []string // that it has met as keys
}

// template compiles one value of a transform.
func (c *compiler) template(v gjson.Result, pointer string, depth int) (template, error) {
	switch {
	case depth > maxNesting:
		return nil, &TransformError{pointer, v.Raw, 0, "nested too deep"}
	case v.IsObject():
		return c.mapping(v, pointer, depth)
	case v.IsArray():
		return c.sequence(v, pointer, depth)
	case v.Type == gjson.String:
		return c.expression(v.Str, pointer)
	}
	return constant{leafOf(raw(v))}, nil
}

func (c *compiler) expression(source, pointer string) (template, error) {
	switch c.expressions++; {
	case c.expressions == maxExpressions+1:
		return nil, &TransformError{pointer, source, 0, fmt.Sprintf("a transform of more than %d expressions: divide it", maxExpressions)}
	case c.expressions > maxExpressions: // that is told
		return nil, nil
	}
	e, err := Compile(source)
	if err != nil {
		return nil, within(err, source, pointer)
	}
	return computed{e, pointer}, nil
}

// within says where an error is.
func within(err error, source, pointer string) error {
	if syntax, ok := errors.AsType[*SyntaxError](err); ok {
		return &TransformError{pointer, source, syntax.Offset, syntax.Message}
	}
	return &TransformError{pointer, source, 0, err.Error()}
}

func (c *compiler) sequence(v gjson.Result, pointer string, depth int) (template, error) {
	parts := v.Array()
	if name := calledName(parts); name != "" {
		return c.call(v, pointer, depth)
	}
	s := make(sequence, len(parts))
	var wrong error
	for i, part := range parts {
		t, err := c.template(part, fmt.Sprintf("%s/%d", pointer, i), depth+1)
		wrong = both(wrong, err)
		s[i] = t
	}
	return s, wrong
}

func (c *compiler) mapping(v gjson.Result, pointer string, depth int) (template, error) {
	m := &mapping{pointer: pointer}
	var wrong error
	v.ForEach(func(key, value gjson.Result) bool {
		at := pointer + "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(key.Str)
		t, err := c.template(value, at, depth+1)
		wrong = both(wrong, both(m.set(key.Str, at, t), err))
		return true
	})
	if wrong != nil {
		return nil, wrong
	}
	for _, v := range m.variables {
		c.variables = append(c.variables, v.name[1:])
	}
	m.flat = m.base == nil && len(m.entries) > 0
	seen := make(map[string]bool)
	for _, e := range m.entries {
		name := e.steps[0].name
		m.flat = m.flat && len(e.steps) == 1 && e.steps[0].kind == toMember && !seen[name]
		seen[name] = true
		m.keys = append(m.keys, name)
	}
	return m, nil
}

// set has a key set what its value makes.
func (m *mapping) set(key, pointer string, t template) error {
	path, isLiteral := strings.CutPrefix(key, "$$")
	switch {
	case key == "$", key == "$this", key == ".":
		if m.base != nil {
			return &TransformError{pointer, key, 0, "the whole is set twice: keep one of $, $this and ."}
		}
		m.base = t
		return nil
	case isLiteral && path != "":
		path = "$" + path
	case isLiteral:
		path = key
	case strings.HasPrefix(key, "$"):
		if !isPlain(key[1:]) {
			return &TransformError{pointer, key, 0, "the name of a variable is letters, digits and _: a member that begins with $ is written with two"}
		}
		m.variables = append(m.variables, entry{pointer: pointer, name: key, value: t})
		return nil
	default:
		path = key
	}
	steps, err := parseKey(path)
	if err != nil {
		return within(err, key, pointer)
	}
	m.entries = append(m.entries, entry{pointer: pointer, steps: steps, value: t})
	return nil
}
