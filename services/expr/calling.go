package expr

import (
	"fmt"
	"math"
	"math/big"
	"slices"
	"strconv"

	"github.com/dop251/goja/ast"
	"github.com/dop251/goja/file"
)

// call is expression for calls: of a function of the language, of a method by
// its name, of an arrow function.
func (r *rewriter) call(e *ast.CallExpression) (ast.Expression, error) {
	switch callee := unwrap(e.Callee).(type) {
	case *ast.Identifier:
		name := callee.Name.String()
		if !r.isParam(name) {
			return r.function(e, name, callee.Idx)
		}
		e.Callee = callee
	case *ast.DotExpression:
		return r.method(e, callee)
	case *ast.ArrowFunctionLiteral, *ast.CallExpression:
		if err := r.each(&e.Callee); err != nil {
			return nil, err
		}
	default:
		return nil, r.fault(e.Callee.Idx0(), "what is called has a name: a function, or a method after a point")
	}
	return e, r.list(e.ArgumentList, given)
}

// function calls one by its name.
func (r *rewriter) function(e *ast.CallExpression, name string, at file.Idx) (ast.Expression, error) {
	switch {
	case hostFunctions[name]:
		callee, err := r.resolve(path{root: name, host: true}, at)
		if err != nil {
			return nil, err
		}
		e.Callee = callee
	case !functions[name]:
		return nil, r.fault(at, "the function %s is not known in expressions%s", name, nearest(name, functions))
	default:
		if err := r.quoted(name, e.ArgumentList, at); err != nil {
			return nil, err
		}
		e.Callee = r.native(name, at)
	}
	if name == "path" || name == "pathPattern" {
		e.ArgumentList = r.withInput(name, e.ArgumentList, at)
	}
	return e, r.list(e.ArgumentList, given)
}

// withInput gives a function the input that it reads where nothing is said.
func (r *rewriter) withInput(name string, args []ast.Expression, at file.Idx) []ast.Expression {
	input := identifier("$", at)
	whole := !slices.ContainsFunc(r.scopes, func(s scope) bool { return s.element != "" })
	if whole { // which the function has, and nobody makes values of
		r.roots["$"] = true
	}
	if name == "path" {
		if len(args) == 1 && !whole {
			args = append(args, input)
		}
		return args
	}
	for len(args) < 3 {
		args = append(args, identifier("undefined", at))
	}
	if args = args[:3:3]; !whole {
		args = append(args, input)
	}
	return args
}

// method calls one of a value, undefined of undefined.
func (r *rewriter) method(e *ast.CallExpression, callee *ast.DotExpression) (ast.Expression, error) {
	name := callee.Identifier.Name.String()
	if r.global(callee.Left) != "" {
		function, err := r.member(callee)
		if err != nil {
			return nil, err
		}
		e.Callee = function
		return e, r.list(e.ArgumentList, given)
	}
	if !methods[name] {
		return nil, r.fault(callee.Identifier.Idx, "the method %s is not known in expressions%s", name, nearest(name, methods))
	}
	if err := r.each(&callee.Left); err != nil {
		return nil, err
	}
	callee.Left = &ast.Optional{Expression: callee.Left}
	e.Callee = callee
	return &ast.OptionalChain{Expression: e}, r.list(e.ArgumentList, given)
}

// quoted compiles the arguments that are expressions in strings, or transforms:
// they are part of the source, never of the data.
func (r *rewriter) quoted(name string, args []ast.Expression, at file.Idx) error {
	i := quotedArgument(name)
	if i < 0 {
		return nil
	}
	if i >= len(args) {
		return r.fault(at, "%s needs %d arguments", name, i+1)
	}
	if name == "transformMap" {
		return r.transform(args, i)
	}
	literal, ok := args[i].(*ast.StringLiteral)
	if !ok {
		if _, ok := args[i].(*ast.ArrowFunctionLiteral); ok {
			return nil
		}
		return r.fault(args[i].Idx0(), "an expression that %s applies is written out in quotes, so that data is never code", name)
	}
	body, params, err := r.inner(literal, name == "expressionReduce")
	if err != nil {
		return err
	}
	args[i] = rewritten{arrowOf(params, body, literal.Idx)}
	return nil
}

// inner rewrites the expression in a string as the body of an arrow function of
// the element.
func (r *rewriter) inner(literal *ast.StringLiteral, reduces bool) (ast.Expression, []*ast.Binding, error) {
	base := r.base
	defer func() { r.base = base }()
	r.base += offset(literal.Idx) + 1
	parsed, err := parse(literal.Value.String())
	if err != nil {
		return nil, nil, shift(err, r.base)
	}
	r.elements++
	s := scope{element: " e" + strconv.Itoa(r.elements)}
	params := []*ast.Binding{{Target: identifier(s.element, literal.Idx)}}
	if reduces {
		s.previous = " q" + strconv.Itoa(r.elements)
		params = append(params, &ast.Binding{Target: identifier(s.previous, literal.Idx)})
	}
	r.scopes = append(r.scopes, s)
	defer func() { r.scopes = r.scopes[:len(r.scopes)-1] }()
	body, err := r.expression(parsed)
	return body, params, err
}

// rewritten marks an argument that has been rewritten already.
type rewritten struct{ *ast.ArrowFunctionLiteral }

// quotedArgument is the position of the argument that is code; -1 is none.
func quotedArgument(name string) int {
	switch name {
	case "expressionMap", "expressionFilter", "expressionFind", "expressionSort", "expressionGroup",
		"expressionMax", "expressionMin", "transformMap":
		return 1
	case "expressionReduce":
		return 2
	}
	return -1
}

// shift moves the offset of a fault in a part to where it stands in the whole.
func shift(err error, by int) error {
	if f, ok := err.(*SyntaxError); ok {
		return fault(f.Offset+by, "%s", f.Message)
	}
	return err
}

// transform compiles the transform that transformMap applies.
func (r *rewriter) transform(args []ast.Expression, i int) error {
	at := args[i].Idx0()
	if number, ok := args[i].(*ast.NumberLiteral); ok && r.given {
		if position, ok := number.Value.(*big.Int); ok {
			number.Value = position.Int64()
			return nil
		}
	}
	source, ok := appendLiteral(nil, args[i])
	if !ok {
		return r.fault(at, "the transform that transformMap applies is written out, so that data is never code")
	}
	t, err := CompileTransform(source)
	if wrong := faultsOf(err); wrong != nil {
		return r.fault(at, "%s", wrong[0])
	}
	if err != nil {
		return r.fault(at, "%s", err)
	}
	args[i] = &ast.NumberLiteral{Idx: at, Value: int64(len(r.applied))}
	r.applied = append(r.applied, t)
	return nil
}

// appendLiteral appends the JSON of an expression of literals.
func appendLiteral(dst []byte, e ast.Expression) ([]byte, bool) {
	ok := true
	switch e := e.(type) {
	case *ast.StringLiteral:
		return appendString(dst, e.Value.String()), true
	case *ast.NumberLiteral:
		switch n := e.Value.(type) {
		case int64:
			return strconv.AppendInt(dst, n, 10), true
		case float64:
			return fmt.Append(dst, n), !math.IsInf(n, 0)
		}
		return nil, false
	case *ast.BooleanLiteral:
		return strconv.AppendBool(dst, e.Value), true
	case *ast.NullLiteral:
		return append(dst, "null"...), true
	case *ast.ArrayLiteral:
		dst = append(dst, '[')
		for i, element := range e.Value {
			if i > 0 {
				dst = append(dst, ',')
			}
			if dst, ok = appendLiteral(dst, element); !ok {
				return nil, false
			}
		}
		return append(dst, ']'), true
	case *ast.ObjectLiteral:
		return appendMembers(dst, e)
	}
	return nil, false
}

func appendMembers(dst []byte, e *ast.ObjectLiteral) ([]byte, bool) {
	dst = append(dst, '{')
	for i, member := range e.Value {
		p, ok := member.(*ast.PropertyKeyed)
		if !ok || p.Computed || p.Kind != ast.PropertyKindValue {
			return nil, false
		}
		if i > 0 {
			dst = append(dst, ',')
		}
		if dst, ok = appendLiteral(dst, p.Key); !ok {
			return nil, false
		}
		if dst, ok = appendLiteral(append(dst, ':'), p.Value); !ok {
			return nil, false
		}
	}
	return append(dst, '}'), true
}

// arrow is expression for arrow functions.
func (r *rewriter) arrow(e *ast.ArrowFunctionLiteral) (ast.Expression, error) {
	body, ok := e.Body.(*ast.ExpressionBody)
	switch {
	case !ok:
		return nil, r.fault(e.Start, "a function with a body: write an arrow function with an expression, such as x => x.n")
	case e.Async:
		return nil, r.fault(e.Start, "an async function waits: an expression only computes a value")
	case e.ParameterList.Rest != nil:
		return nil, r.fault(e.ParameterList.Rest.Idx0(), "a rest parameter: name each, or pass a list")
	}
	s := scope{params: make(map[string]bool)}
	for _, b := range e.ParameterList.List {
		if err := r.bind(b.Target, s.params); err != nil {
			return nil, err
		}
	}
	r.scopes = append(r.scopes, s)
	defer func() { r.scopes = r.scopes[:len(r.scopes)-1] }()
	for _, b := range e.ParameterList.List {
		if err := r.defaults(b); err != nil {
			return nil, err
		}
	}
	value, err := r.expression(body.Expression)
	if err != nil {
		return nil, err
	}
	return arrowOf(e.ParameterList.List, value, e.Start), nil
}

func arrowOf(params []*ast.Binding, body ast.Expression, at file.Idx) *ast.ArrowFunctionLiteral {
	return &ast.ArrowFunctionLiteral{Start: at, ParameterList: &ast.ParameterList{List: params}, Body: &ast.ExpressionBody{Expression: body}}
}
