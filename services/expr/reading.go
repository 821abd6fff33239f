package expr

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/dop251/goja/ast"
	"github.com/dop251/goja/file"
)

// read is expression for names and members.
func (r *rewriter) read(e ast.Expression) (ast.Expression, error) {
	e = unwrap(e)
	if p, at, ok := r.path(e); ok {
		return r.resolve(p, at)
	}
	switch e := e.(type) {
	case *ast.Identifier:
		return r.name(e)
	case *ast.DotExpression:
		return r.member(e)
	case *ast.BracketExpression:
		if err := r.each(&e.Left, &e.Member); err != nil {
			return nil, err
		}
		return call(r.native(get, e.LeftBracket), e.Left, e.Member), nil
	}
	return r.expression(e)
}

// unwrap takes ?. for the . that it means here.
func unwrap(e ast.Expression) ast.Expression {
	for {
		switch inner := e.(type) {
		case *ast.OptionalChain:
			e = inner.Expression
		case *ast.Optional:
			e = inner.Expression
		default:
			return e
		}
	}
}

// path returns the name and the members of e, if it is nothing but these and
// the name is free.
func (r *rewriter) path(e ast.Expression) (p path, at file.Idx, ok bool) {
	switch e := unwrap(e).(type) {
	case *ast.Identifier:
		name := e.Name.String()
		if r.isLocal(name) || constants[name] || values[name] || statics[name] != nil || forbidden[name] {
			return path{}, 0, false
		}
		return path{root: name}, e.Idx, true
	case *ast.DotExpression:
		p, at, ok = r.path(e.Left)
		name := e.Identifier.Name.String()
		if name == "constructor" || name == "__proto__" {
			return path{}, 0, false
		}
		p.steps = append(p.steps, name)
	case *ast.BracketExpression:
		step, constant := constantKey(e.Member)
		if !constant {
			return path{}, 0, false
		}
		p, at, ok = r.path(e.Left)
		p.steps = append(p.steps, step)
	}
	return p, at, ok
}

// constantKey is the name in brackets, if it is written out. Half of a surrogate
// pair, which only the machine can tell from another, is none.
func constantKey(e ast.Expression) (string, bool) {
	switch e := e.(type) {
	case *ast.StringLiteral:
		name := e.Value.String()
		return name, !strings.ContainsRune(name, utf8.RuneError)
	case *ast.NumberLiteral:
		if n, ok := e.Value.(int64); ok && n >= 0 {
			return strconv.FormatInt(n, 10), true
		}
	}
	return "", false
}

func (r *rewriter) isLocal(name string) bool {
	for _, s := range r.scopes {
		if s.params[name] || s.element != "" { // any name may be a member of an element
			return true
		}
	}
	return false
}

// resolve returns the parameter that a path becomes.
func (r *rewriter) resolve(p path, at file.Idx) (ast.Expression, error) {
	r.roots[p.root] = true
	p.compile()
	for i := range r.params {
		if r.params[i].equal(&p) {
			return identifier(paramName(i), at), nil
		}
	}
	r.params = append(r.params, p)
	return identifier(paramName(len(r.params)-1), at), nil
}

func paramName(i int) string { return " p" + strconv.Itoa(i) }

// name is a name that is no path: of an arrow function, of an element, or of
// the language.
func (r *rewriter) name(e *ast.Identifier) (ast.Expression, error) {
	name := e.Name.String()
	switch {
	case constants[name] || values[name]:
		return r.native(name, e.Idx), nil
	case statics[name] != nil:
		return nil, r.fault(e.Idx, "%s is not a value: write one of its functions, or $.%s for a member of the input", name, name)
	case forbidden[name]:
		return nil, r.fault(e.Idx, "%s does not exist in expressions: write $.%s for a member of the input", name, name)
	}
	return r.inScope(e, len(r.scopes)-1)
}

// inScope looks for a name from a scope outward.
func (r *rewriter) inScope(e *ast.Identifier, i int) (ast.Expression, error) {
	name := e.Name.String()
	if i < 0 {
		return r.resolve(path{root: name}, e.Idx)
	}
	s := r.scopes[i]
	switch {
	case s.params[name]:
		return e, nil
	case s.element == "":
		return r.inScope(e, i-1)
	case name == "$", name == "$this":
		return identifier(s.element, e.Idx), nil
	case name == "$previous" && s.previous != "":
		return identifier(s.previous, e.Idx), nil
	}
	outside, err := r.inScope(e, i-1)
	if err != nil || name[0] == '$' {
		return outside, err
	}
	return call(r.native(pick, e.Idx), identifier(s.element, e.Idx), quote(name, e.Idx), outside), nil
}

// member reads a member of what is no path.
func (r *rewriter) member(e *ast.DotExpression) (ast.Expression, error) {
	name := e.Identifier.Name.String()
	if name == "constructor" || name == "__proto__" {
		return nil, r.fault(e.Identifier.Idx, "%s does not exist in expressions", name)
	}
	if object := r.global(e.Left); object != "" {
		if !statics[object][name] {
			return nil, r.fault(e.Identifier.Idx, "%s.%s is not known in expressions%s", object, name, nearest(name, statics[object]))
		}
		return r.native(object+"."+name, e.Identifier.Idx), nil
	}
	if err := r.each(&e.Left); err != nil {
		return nil, err
	}
	if inherited[name] {
		return call(r.native(get, e.Identifier.Idx), e.Left, quote(name, e.Identifier.Idx)), nil
	}
	e.Left = &ast.Optional{Expression: e.Left}
	return &ast.OptionalChain{Expression: e}, nil
}

// global is the name of the global object that e is; "" if it is none.
func (r *rewriter) global(e ast.Expression) string {
	if id, ok := unwrap(e).(*ast.Identifier); ok {
		if name := id.Name.String(); statics[name] != nil && !r.isParam(name) {
			return name
		}
	}
	return ""
}

func (r *rewriter) isParam(name string) bool {
	for _, s := range r.scopes {
		if s.params[name] {
			return true
		}
	}
	return false
}
