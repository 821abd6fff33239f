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

// compileTemplate compiles one value of a transform.
func compileTemplate(v gjson.Result, pointer string, depth int) (template, error) {
	switch {
	case depth > maxNesting:
		return nil, &TransformError{pointer, v.Raw, 0, "nested too deep"}
	case v.IsObject():
		return compileMapping(v, pointer, depth)
	case v.IsArray():
		return compileSequence(v, pointer, depth)
	case v.Type == gjson.String:
		return compileExpression(v.Str, pointer)
	}
	return constant{leafOf(raw(v))}, nil
}

func compileExpression(source, pointer string) (template, error) {
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

func compileSequence(v gjson.Result, pointer string, depth int) (template, error) {
	parts := v.Array()
	if name := calledName(parts); name != "" {
		return compileCall(name, parts[1:], pointer)
	}
	s := make(sequence, len(parts))
	var wrong error
	for i, part := range parts {
		t, err := compileTemplate(part, fmt.Sprintf("%s/%d", pointer, i), depth+1)
		wrong = both(wrong, err)
		s[i] = t
	}
	return s, wrong
}

func compileMapping(v gjson.Result, pointer string, depth int) (template, error) {
	m := &mapping{pointer: pointer}
	var wrong error
	v.ForEach(func(key, value gjson.Result) bool {
		wrong = both(wrong, m.add(key.Str, value, depth))
		return true
	})
	if wrong != nil {
		return nil, wrong
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

// add compiles one key and its value.
func (m *mapping) add(key string, value gjson.Result, depth int) error {
	pointer := m.pointer + "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(key)
	t, err := compileTemplate(value, pointer, depth+1)
	return both(m.set(key, pointer, t), err)
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

// calledName is the function that a list calls: ["fn()", ...]; "" if none.
func calledName(parts []gjson.Result) string {
	if len(parts) == 0 || parts[0].Type != gjson.String {
		return ""
	}
	name, ok := strings.CutSuffix(parts[0].Str, "()")
	if !ok || !functions[name] {
		return ""
	}
	return name
}

// compileCall compiles a call as the expression that it stands for.
func compileCall(name string, args []gjson.Result, pointer string) (template, error) {
	if name == "literal" && len(args) == 1 {
		return constant{leafOf(raw(args[0]))}, nil
	}
	source, err := callSource(name, args, pointer)
	if err != nil {
		return nil, err
	}
	return compileExpression(source, pointer)
}

func callSource(name string, args []gjson.Result, pointer string) (string, error) {
	sources := make([]string, len(args))
	for i, arg := range args {
		if i == quotedArgument(name) || name == "literal" {
			sources[i] = arg.Raw
			continue
		}
		source, err := argument(arg, fmt.Sprintf("%s/%d", pointer, i+1))
		if err != nil {
			return "", err
		}
		sources[i] = source
	}
	return name + "(" + strings.Join(sources, ", ") + ")", nil
}

// argument is the source of what is given to a call.
func argument(v gjson.Result, pointer string) (string, error) {
	switch {
	case v.IsObject():
		return "", &TransformError{pointer, v.Raw, 0, `an object is given to a call as ["literal()", {...}], or by a variable`}
	case v.IsArray():
		parts := v.Array()
		if name := calledName(parts); name != "" {
			return callSource(name, parts[1:], pointer)
		}
		sources := make([]string, len(parts))
		for i, part := range parts {
			source, err := argument(part, fmt.Sprintf("%s/%d", pointer, i))
			if err != nil {
				return "", err
			}
			sources[i] = source
		}
		return "[" + strings.Join(sources, ", ") + "]", nil
	case v.Type == gjson.String:
		if _, err := Compile(v.Str); err != nil {
			return "", within(err, v.Str, pointer)
		}
		return "(" + v.Str + "\n)", nil
	}
	return v.Raw, nil
}
