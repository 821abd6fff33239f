package urlpattern

import (
	"cmp"
	"math"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/tidwall/gjson"
)

// expression computes a value from an element of a list. What is absent is
// null, and so is what arithmetic makes of anything but numbers.
type expression func(element gjson.Result) gjson.Result

// expression parses operands and the operators between them that bind closer
// than level.
func (p *parser) expression(level int) (expression, error) {
	left, err := p.operand()
	for err == nil {
		p.skipSpace()
		text, next := operatorAt(p.rest())
		if next <= level {
			return left, nil
		}
		p.at += len(text)
		var right expression
		right, err = p.expression(next)
		left = binary(text, left, right)
	}
	return nil, err
}

// operatorAt is the binary operator that s begins with and how close it binds,
// 0 if there is none.
func operatorAt(s string) (text string, level int) {
	for _, o := range [...]struct {
		text  string
		level int
	}{
		{"||", 1}, {"&&", 2},
		{"===", 3}, {"!==", 3}, {"==", 3}, {"!=", 3},
		{"<=", 4}, {">=", 4}, {"<", 4}, {">", 4},
		{"+", 5}, {"-", 5}, {"*", 6}, {"/", 6}, {"%", 6},
	} {
		if strings.HasPrefix(s, o.text) {
			return o.text, o.level
		}
	}
	return "", 0
}

// operand parses a value with the signs before it.
func (p *parser) operand() (expression, error) {
	p.skipSpace()
	if err := p.part(); err != nil {
		return nil, err
	}
	if p.nesting++; p.nesting > maxNesting {
		return nil, p.fault(p.at, "more than 32 parentheses and signs in each other: write a simpler condition")
	}
	defer func() { p.nesting-- }()
	switch c := p.peek(); {
	case c == '!':
		p.at++
		x, err := p.operand()
		return func(e gjson.Result) gjson.Result { return boolean(!truth(x(e))) }, err
	case c == '-':
		p.at++
		x, err := p.operand()
		return func(e gjson.Result) gjson.Result { return arithmetic("-", number(0), x(e)) }, err
	case c == '(':
		return p.parenthesis()
	case c == '\'' || c == '"':
		s, err := p.quoted()
		return constant(gjson.Result{Type: gjson.String, Str: s}), err
	case isDigit(c):
		return p.number()
	}
	return p.reference()
}

func (p *parser) parenthesis() (expression, error) {
	start := p.at
	p.at++
	x, err := p.expression(0)
	if err == nil && !p.eat(")") {
		err = p.fault(start, "a parenthesis that is not closed: write ) at its end")
	}
	return x, err
}

// number parses digits with an optional fraction.
func (p *parser) number() (expression, error) {
	start := p.at
	for isDigit(p.peek()) || p.peek() == '.' {
		p.at++
	}
	n, err := strconv.ParseFloat(p.text[start:p.at], 64)
	if err != nil {
		return nil, p.fault(start, "not a number: write digits with at most one point")
	}
	return constant(number(n)), nil
}

// reference parses true, false, null, $this or the name of a member, the last
// two with the names of members of members after it.
func (p *parser) reference() (expression, error) {
	start := p.at
	name := p.identifier()
	switch name {
	case "":
		return nil, p.fault(start, "a value is missing: write $this, a member's name, a number, a string in quotes, true, false or null")
	case "true", "false":
		return constant(boolean(name == "true")), nil
	case "null":
		return constant(gjson.Result{}), nil
	}
	p.reads = true
	var path []string
	if name != "$this" {
		path = append(path, gjson.Escape(name))
	}
	for p.eat(".") {
		if name = p.identifier(); name == "" {
			return nil, p.fault(p.at, "a member's name is missing: write one after the point")
		}
		path = append(path, gjson.Escape(name))
	}
	if path == nil {
		return func(e gjson.Result) gjson.Result { return e }, nil
	}
	joined := strings.Join(path, ".")
	return func(e gjson.Result) gjson.Result { return field(e, joined) }, nil
}

// identifier moves over an identifier; "" if none comes next.
func (p *parser) identifier() string {
	start := p.at
	for p.at < len(p.text) {
		r, width := utf8.DecodeRuneInString(p.rest())
		if !inIdentifier(r, p.at > start) {
			break
		}
		p.at += width
	}
	return p.text[start:p.at]
}

func isIdentifier(s string) bool {
	for i, r := range s {
		if !inIdentifier(r, i > 0) {
			return false
		}
	}
	return s != ""
}

// inIdentifier reports whether r may be in an identifier, at its beginning or
// later.
func inIdentifier(r rune, later bool) bool {
	return r == '_' || r == '$' || unicode.IsLetter(r) || later && unicode.IsDigit(r)
}

func constant(r gjson.Result) expression {
	return func(gjson.Result) gjson.Result { return r }
}

func number(n float64) gjson.Result { return gjson.Result{Type: gjson.Number, Num: n} }

func boolean(b bool) gjson.Result {
	if b {
		return gjson.Result{Type: gjson.True}
	}
	return gjson.Result{Type: gjson.False}
}

// binary joins two operands. Like in JavaScript, || and && give the operand
// that decided.
func binary(operator string, a, b expression) expression {
	switch operator {
	case "||", "&&":
		decides := operator == "||"
		return func(e gjson.Result) gjson.Result {
			if r := a(e); truth(r) == decides {
				return r
			}
			return b(e)
		}
	case "==", "===":
		return func(e gjson.Result) gjson.Result { return boolean(equal(a(e), b(e))) }
	case "!=", "!==":
		return func(e gjson.Result) gjson.Result { return boolean(!equal(a(e), b(e))) }
	case "<", "<=", ">", ">=":
		return func(e gjson.Result) gjson.Result { return boolean(ordered(operator, a(e), b(e))) }
	}
	return func(e gjson.Result) gjson.Result { return arithmetic(operator, a(e), b(e)) }
}

// truth is what a condition makes of a value: null, false, 0, not-a-number and
// the empty string are false.
func truth(r gjson.Result) bool {
	switch r.Type {
	case gjson.Null, gjson.False:
		return false
	case gjson.Number:
		return r.Num != 0 && !math.IsNaN(r.Num)
	case gjson.String:
		return r.Str != ""
	}
	return true
}

// equal compares without conversion; a list or an object equals nothing.
func equal(a, b gjson.Result) bool {
	if a.Type != b.Type {
		return false
	}
	switch a.Type {
	case gjson.Number:
		return a.Num == b.Num
	case gjson.String:
		return a.Str == b.Str
	}
	return a.Type != gjson.JSON
}

// ordered compares two numbers or two strings (by their bytes). All else is in
// no order.
func ordered(operator string, a, b gjson.Result) bool {
	var order int
	switch {
	case a.Type == gjson.Number && b.Type == gjson.Number && !math.IsNaN(a.Num) && !math.IsNaN(b.Num):
		order = cmp.Compare(a.Num, b.Num)
	case a.Type == gjson.String && b.Type == gjson.String:
		order = strings.Compare(a.Str, b.Str)
	default:
		return false
	}
	switch operator {
	case "<":
		return order < 0
	case "<=":
		return order <= 0
	case ">":
		return order > 0
	}
	return order >= 0
}

func arithmetic(operator string, a, b gjson.Result) gjson.Result {
	if a.Type != gjson.Number || b.Type != gjson.Number {
		return gjson.Result{}
	}
	switch operator {
	case "+":
		return number(a.Num + b.Num)
	case "-":
		return number(a.Num - b.Num)
	case "*":
		return number(a.Num * b.Num)
	case "/":
		return number(a.Num / b.Num)
	}
	return number(math.Mod(a.Num, b.Num))
}
