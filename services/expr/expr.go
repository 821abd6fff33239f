package expr

import (
	"context"
	"maps"
	"slices"

	"github.com/dop251/goja"
	"github.com/dop251/goja/ast"
	"github.com/dop251/goja/file"
	"github.com/tidwall/gjson"
)

// An Expr is one JavaScript expression, checked and compiled. It does not
// change and is safe for concurrent use.
type Expr struct {
	source  string
	list    string // of a call in a transform: the list that it was, which errors quote
	roots   map[string]bool
	literal gjson.Result // if it is a literal
	plain   *path        // if it is a name or a member
	code    *code        // of what is more; nil: a literal or a path
}

// code is what a machine runs: a function of natives, which returns one of the
// values of paths.
type code struct {
	program *goja.Program
	natives []string
	params  []path
	applied []*Transform
}

// Compile parses one expression. An error is a *SyntaxError.
func Compile(source string) (*Expr, error) { return compile(source, nil) }

// compile is Compile; where transforms are given transformMap has the position
// of one in its source.
func compile(source string, given []*Transform) (*Expr, error) {
	parsed, err := parse(source)
	if err != nil {
		return nil, err
	}
	e := &Expr{source: source, roots: make(map[string]bool)}
	if v, ok := literal(parsed); ok {
		e.literal = v
		return e, nil
	}
	r := &rewriter{source: source, known: make(map[string]bool), roots: e.roots, applied: given, given: given != nil}
	if p, _, ok := r.path(parsed); ok {
		p.compile()
		e.roots[p.root], e.plain = true, &p
		return e, nil
	}
	body, err := r.expression(parsed)
	if err != nil {
		return nil, err
	}
	program, err := r.program(body)
	if err != nil {
		return nil, err
	}
	e.code = &code{program: program, natives: r.natives, params: r.params, applied: r.applied}
	return e, nil
}

// program compiles what was rewritten.
func (r *rewriter) program(body ast.Expression) (*goja.Program, error) {
	at := body.Idx0()
	params := make([]*ast.Binding, len(r.params))
	for i := range params {
		params[i] = &ast.Binding{Target: identifier(paramName(i), at)}
	}
	natives := make([]*ast.Binding, len(r.natives))
	for i, name := range r.natives {
		natives[i] = &ast.Binding{Target: identifier(name, at)}
	}
	whole := arrowOf(natives, arrowOf(params, body, at), at)
	program, err := goja.CompileAST(&ast.Program{
		Body: []ast.Statement{&ast.ExpressionStatement{Expression: whole}},
		File: file.NewFile("", "("+r.source+"\n)", 1),
	}, true)
	if err != nil {
		return nil, fault(0, "%s", err)
	}
	return program, nil
}

// literal is the value of an expression that is nothing else.
func literal(e ast.Expression) (gjson.Result, bool) {
	if id, ok := e.(*ast.Identifier); ok && id.Name == "undefined" {
		return gjson.Result{}, true
	}
	switch e.(type) {
	case *ast.StringLiteral, *ast.NumberLiteral, *ast.BooleanLiteral, *ast.NullLiteral:
		if text, ok := appendLiteral(nil, e); ok {
			return gjson.ParseBytes(text), true
		}
	}
	return gjson.Result{}, false
}

// String returns the source.
func (e *Expr) String() string { return e.source }

// Uses reports whether the source names name: $ for the whole input, a member
// of it, or what the scope names.
func (e *Expr) Uses(name string) bool { return e.roots[name] }

// Names returns all that Uses is true for, in their order.
func (e *Expr) Names() []string { return slices.Sorted(maps.Keys(e.roots)) }

// Eval returns the JSON of the value, nil for undefined. What fails on the data
// is a *bus.Error of status 422, and an ended ctx its error.
func (e *Expr) Eval(ctx context.Context, s *Scope) (Raw, error) {
	r := newRun(ctx, s.Engine)
	defer r.end()
	return e.raw(r, newFrame(s))
}

// True returns JavaScript's truth of the value. Errors are those of Eval.
func (e *Expr) True(ctx context.Context, s *Scope) (bool, error) {
	if e.code == nil {
		return truth(e.read(newFrame(s))), nil
	}
	r := newRun(ctx, s.Engine)
	defer r.end()
	truth := false
	err := r.evaluate(e, newFrame(s), func(_ *machine, v goja.Value) error {
		truth = v.ToBoolean()
		return nil
	})
	return truth, err
}

// read is the value of what needs no machine.
func (e *Expr) read(f *frame) gjson.Result {
	if e.plain == nil {
		return e.literal
	}
	return f.read(e.plain)
}

// raw is the JSON of the value in a frame.
func (e *Expr) raw(r *run, f *frame) (Raw, error) {
	if e.code == nil {
		return raw(e.read(f)), nil
	}
	return r.json(e, f)
}
