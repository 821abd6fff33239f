package expr

import (
	"github.com/dop251/goja/ast"
	"github.com/dop251/goja/file"
	"github.com/dop251/goja/token"
	"github.com/dop251/goja/unistring"
)

// Names that only a rewritten expression says: no source can have the space.
const (
	counted = " counted"   // counts the result of a +
	text    = " text"      // what a template makes of a value
	get     = " get"       // an own property
	pick    = " pick"      // an own property, or else what is outside
	spread  = " spread"    // counts what is spread in a list
	given   = " arguments" // the same in a call
	members = " members"   // counts what is spread in an object
)

// rewriter checks an expression and writes it anew for a machine.
type rewriter struct {
	source   string
	base     int // where source stands in that of the whole
	params   []path
	natives  []string // what it asks of the machine, by name
	known    map[string]bool
	scopes   []scope
	roots    map[string]bool // the free names that the source says
	elements int
	applied  []*Transform // by transformMap
	given    bool         // applied was there before, and the source has positions in it
}

// scope is what a name may mean: a parameter of an arrow function, or a member
// of the element that an expression in a string is about.
type scope struct {
	params   map[string]bool
	element  string // the name of that element; "" is an arrow function
	previous string // the name of $previous
}

func (r *rewriter) fault(at file.Idx, format string, args ...any) *SyntaxError {
	return fault(r.base+offset(at), format, args...)
}

// native returns the name of something that the machine has.
func (r *rewriter) native(name string, at file.Idx) *ast.Identifier {
	if !r.known[name] {
		r.known[name] = true
		r.natives = append(r.natives, name)
	}
	return identifier(name, at)
}

func identifier(name string, at file.Idx) *ast.Identifier {
	return &ast.Identifier{Name: unistring.NewFromString(name), Idx: at}
}

func call(f ast.Expression, args ...ast.Expression) ast.Expression {
	return &ast.CallExpression{Callee: f, ArgumentList: args, LeftParenthesis: args[0].Idx0(), RightParenthesis: args[0].Idx0()}
}

func quote(s string, at file.Idx) *ast.StringLiteral {
	return &ast.StringLiteral{Idx: at, Value: unistring.NewFromString(s)}
}

// expression returns e in the form that runs.
func (r *rewriter) expression(e ast.Expression) (ast.Expression, error) {
	switch e := e.(type) {
	case nil:
		return nil, r.fault(0, "an element is left out: write undefined")
	case *ast.NumberLiteral:
		switch e.Value.(type) {
		case int64, float64:
			return e, nil
		}
		return nil, r.fault(e.Idx, "a BigInt: write a number")
	case *ast.StringLiteral, *ast.BooleanLiteral, *ast.NullLiteral:
		return e, nil
	case rewritten:
		return e.ArrowFunctionLiteral, nil
	case *ast.RegExpLiteral:
		if e.Pattern == "" { // as the parser has what is not closed
			return nil, r.fault(e.Idx, "the regular expression is not closed: each [ needs its ], and a / follows")
		}
		if _, err := compilePattern(e.Pattern, e.Flags); err != nil {
			return nil, r.fault(e.Idx, "%s", err)
		}
		return e, nil
	case *ast.Identifier, *ast.DotExpression, *ast.BracketExpression, *ast.OptionalChain, *ast.Optional:
		return r.read(e)
	case *ast.CallExpression:
		return r.call(e)
	case *ast.ArrowFunctionLiteral:
		return r.arrow(e)
	default:
		return r.compound(e)
	}
}

// compound is expression for what is made of others.
func (r *rewriter) compound(e ast.Expression) (ast.Expression, error) {
	switch e := e.(type) {
	case *ast.BinaryExpression:
		return r.binary(e)
	case *ast.UnaryExpression:
		return r.unary(e)
	case *ast.ConditionalExpression:
		err := r.each(&e.Test, &e.Consequent, &e.Alternate)
		return e, err
	case *ast.ArrayLiteral:
		return e, r.list(e.Value, spread)
	case *ast.ObjectLiteral:
		return r.object(e)
	case *ast.TemplateLiteral:
		return r.template(e)
	}
	return nil, r.refuse(e)
}

// each rewrites expressions where they stand.
func (r *rewriter) each(list ...*ast.Expression) error {
	for _, e := range list {
		written, err := r.expression(*e)
		if err != nil {
			return err
		}
		*e = written
	}
	return nil
}

// list rewrites elements, or arguments, where they stand: what counts those of
// a spread is said.
func (r *rewriter) list(list []ast.Expression, counts string) error {
	for i, e := range list {
		s, ok := e.(*ast.SpreadElement)
		if !ok {
			if err := r.each(&list[i]); err != nil {
				return err
			}
			continue
		}
		if err := r.each(&s.Expression); err != nil {
			return err
		}
		s.Expression = call(r.native(counts, s.Expression.Idx0()), s.Expression)
	}
	return nil
}

var binaryOperators = map[token.Token]bool{
	token.PLUS: true, token.MINUS: true, token.MULTIPLY: true, token.EXPONENT: true, token.SLASH: true, token.REMAINDER: true,
	token.AND: true, token.OR: true, token.EXCLUSIVE_OR: true, token.SHIFT_LEFT: true, token.SHIFT_RIGHT: true,
	token.UNSIGNED_SHIFT_RIGHT: true, token.LOGICAL_AND: true, token.LOGICAL_OR: true, token.COALESCE: true,
	token.EQUAL: true, token.STRICT_EQUAL: true, token.NOT_EQUAL: true, token.STRICT_NOT_EQUAL: true,
	token.LESS: true, token.GREATER: true, token.LESS_OR_EQUAL: true, token.GREATER_OR_EQUAL: true, token.IN: true,
}

func (r *rewriter) binary(e *ast.BinaryExpression) (ast.Expression, error) {
	if !binaryOperators[e.Operator] {
		return nil, r.fault(e.Idx0(), "the operator %s is not known here", e.Operator)
	}
	if err := r.each(&e.Left, &e.Right); err != nil {
		return nil, err
	}
	if e.Operator != token.PLUS || isNumber(e.Left) && isNumber(e.Right) {
		return e, nil
	}
	return call(r.native(counted, e.Idx0()), e), nil
}

// isNumber reports whether what was rewritten is a number for sure.
func isNumber(e ast.Expression) bool {
	switch e := e.(type) {
	case *ast.NumberLiteral:
		return true
	case *ast.BinaryExpression:
		switch e.Operator {
		case token.PLUS, token.MINUS, token.MULTIPLY, token.SLASH, token.REMAINDER, token.EXPONENT:
			return true // of a +: what is not counted
		}
	}
	return false
}

func (r *rewriter) unary(e *ast.UnaryExpression) (ast.Expression, error) {
	switch e.Operator {
	case token.PLUS, token.MINUS, token.NOT, token.BITWISE_NOT, token.TYPEOF, token.VOID:
		return e, r.each(&e.Operand)
	}
	return nil, r.fault(e.Idx0(), "%s changes a value: an expression only computes one", e.Operator)
}

func (r *rewriter) object(e *ast.ObjectLiteral) (ast.Expression, error) {
	for i, p := range e.Value {
		switch p := p.(type) {
		case *ast.PropertyShort:
			value, err := r.expression(&p.Name)
			if err != nil {
				return nil, err
			}
			e.Value[i] = &ast.PropertyKeyed{Key: quote(p.Name.Name.String(), p.Name.Idx), Kind: ast.PropertyKindValue, Value: value}
		case *ast.PropertyKeyed:
			if err := r.property(p); err != nil {
				return nil, err
			}
		case *ast.SpreadElement:
			if err := r.each(&p.Expression); err != nil {
				return nil, err
			}
			p.Expression = call(r.native(members, p.Expression.Idx0()), p.Expression)
		default:
			return nil, r.refuse(p)
		}
	}
	return e, nil
}

func (r *rewriter) property(p *ast.PropertyKeyed) error {
	if p.Kind != ast.PropertyKindValue {
		return r.fault(p.Key.Idx0(), "a property is a value here: write name: value, or an arrow function")
	}
	if key, ok := p.Key.(*ast.StringLiteral); ok && !p.Computed && key.Value.String() == "__proto__" {
		return r.fault(key.Idx, "__proto__ does not exist here")
	}
	if p.Computed {
		if err := r.each(&p.Key); err != nil {
			return err
		}
	}
	return r.each(&p.Value)
}

// template joins by one counted function.
func (r *rewriter) template(e *ast.TemplateLiteral) (ast.Expression, error) {
	if e.Tag != nil {
		return nil, r.fault(e.Tag.Idx0(), "a tagged template: write a call")
	}
	parts := make([]ast.Expression, 0, 2*len(e.Expressions)+1)
	for i, element := range e.Elements {
		parts = append(parts, &ast.StringLiteral{Idx: element.Idx, Literal: element.Literal, Value: element.Parsed})
		if i < len(e.Expressions) {
			if err := r.each(&e.Expressions[i]); err != nil {
				return nil, err
			}
			parts = append(parts, e.Expressions[i])
		}
	}
	return call(r.native(text, e.OpenQuote), parts...), nil
}

// refuse says what e is, and what to write.
func (r *rewriter) refuse(e ast.Expression) error {
	at := e.Idx0()
	switch e.(type) {
	case *ast.FunctionLiteral:
		return r.fault(at, "a function with a body: write an arrow function with an expression, such as x => x.n")
	case *ast.ClassLiteral:
		return r.fault(at, "a class: an expression only computes a value")
	case *ast.AssignExpression:
		return r.fault(at, "an assignment: an expression only computes a value (== compares)")
	case *ast.NewExpression:
		return r.fault(at, "new makes objects of classes, which are not known here: newDate(x) makes a date, regexp(x) a regular expression")
	case *ast.SequenceExpression:
		return r.fault(at, "several expressions with commas between them: write one")
	case *ast.AwaitExpression, *ast.YieldExpression:
		return r.fault(at, "await and yield wait: an expression only computes a value")
	case *ast.ThisExpression, *ast.SuperExpression, *ast.MetaProperty:
		return r.fault(at, "this does not exist here: $ is the input")
	}
	return r.fault(at, "this is not known in expressions")
}
