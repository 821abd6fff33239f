package odata

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tidwall/gjson"
)

// The limits of one option.
const (
	maxText    = 8 << 10 // bytes
	maxNodes   = 200     // members, literals, functions and operators; those in the list of an in apart
	maxNesting = 32      // parentheses, functions and nots in one another
	maxKeys    = 16      // of an order
)

// A SyntaxError says what is wrong with the text of an option.
type SyntaxError struct {
	Offset  int    // byte in the text
	Message string // what is wrong there, and what to write instead
}

// Error gives the offset and the message.
func (e *SyntaxError) Error() string { return fmt.Sprintf("byte %d: %s", e.Offset, e.Message) }

// parser reads an option from left to right.
type parser struct {
	text           string
	at             int
	nodes, nesting int
}

func newParser(text string) (*parser, error) {
	p := &parser{text: text}
	if len(text) > maxText {
		return nil, p.fault(maxText, "it is longer than %d bytes: write a shorter one", maxText)
	}
	p.space()
	return p, nil
}

func (p *parser) fault(at int, format string, args ...any) error {
	return &SyntaxError{Offset: at, Message: fmt.Sprintf(format, args...)}
}

// count is called for each node.
func (p *parser) count() error {
	if p.nodes++; p.nodes > maxNodes {
		return p.fault(p.at, "more than %d names, values and operators: write fewer, or use in", maxNodes)
	}
	return nil
}

// deeper is called where an expression begins in another; nesting goes down
// where it ends.
func (p *parser) deeper() error {
	if p.nesting++; p.nesting > maxNesting {
		return p.fault(p.at, "nested more than %d deep: take parentheses away", maxNesting)
	}
	return nil
}

// or reads a whole expression.
func (p *parser) or() (node, error) { return p.chain("or", true, p.and) }

func (p *parser) and() (node, error) { return p.chain("and", false, p.term) }

// chain reads operands of and, or of the operator or.
func (p *parser) chain(operator string, early bool, operand func() (node, error)) (node, error) {
	start := p.at
	a, err := operand()
	for err == nil && p.eatWord(operator) {
		if err = p.mustBeCondition(a, start); err != nil {
			return nil, err
		}
		var b node
		start = p.at
		if b, err = operand(); err == nil {
			err = p.mustBeCondition(b, start)
		}
		a = &logic{early, a, b}
	}
	return a, err
}

func (p *parser) mustBeCondition(n node, at int) error {
	if c := n.gives(); c != boolean && c != anything {
		return p.fault(at, "a condition has to stand here: write a comparison, such as age gt 30")
	}
	return nil
}

var operators = [...]string{"eq", "ne", "gt", "ge", "lt", "le"}

// term reads a condition without and and or, and sees to it that no operator of
// another language follows.
func (p *parser) term() (node, error) {
	n, err := p.comparison()
	if err == nil {
		err = p.foreign()
	}
	return n, err
}

func (p *parser) comparison() (node, error) {
	if p.eatWord("not") {
		return p.not()
	}
	a, err := p.operand()
	if err != nil {
		return nil, err
	}
	operator := p.word()
	switch {
	case operator == "in":
		p.eatWord(operator)
		return p.in(a)
	case !slices.Contains(operators[:], operator):
		return a, nil
	}
	p.eatWord(operator)
	if err := p.noDoubleQuote(); err != nil {
		return nil, err
	}
	b, err := p.operand()
	if err != nil {
		return nil, err
	}
	return &comparison{operator, a, b}, p.count()
}

// not reads what follows that word. In OData it binds more tightly than a
// comparison: who leaves out parentheses there means something else.
func (p *parser) not() (node, error) {
	if err := p.deeper(); err != nil {
		return nil, err
	}
	start := p.at
	operand := p.operand
	if p.eatWord("not") {
		operand = p.not
	}
	n, err := operand()
	if err != nil {
		return nil, err
	}
	if word := p.word(); word == "in" || slices.Contains(operators[:], word) {
		return nil, p.fault(start, "not stands before a comparison: write not ( ... ) around it")
	}
	p.nesting--
	return negation{n}, p.mustBeCondition(n, start)
}

func (p *parser) in(a node) (node, error) {
	if !p.eat('(') {
		return nil, p.fault(p.at, "in needs a list: write in ('a','b')")
	}
	n := &among{node: a}
	for {
		v, ok, err := p.literal()
		switch {
		case err != nil:
			return nil, err
		case !ok:
			return nil, p.fault(p.at, "a value is missing: write a text in single quotes, a number, a date, true, false or null")
		}
		n.list = append(n.list, v)
		if p.eat(')') {
			return n, p.count()
		}
		if !p.eat(',') {
			return nil, p.fault(p.at, "the list is not closed: write , before a further value, or ) at its end")
		}
	}
}

func (p *parser) operand() (node, error) {
	if err := p.count(); err != nil {
		return nil, err
	}
	if p.eat('(') {
		return p.parenthesis()
	}
	v, ok, err := p.literal()
	if ok || err != nil {
		return literal{v}, err
	}
	start, name := p.at, p.word()
	if next := p.at + len(name); name != "" && next < len(p.text) && p.text[next] == '(' {
		p.at = next + 1
		p.space()
		return p.call(name, start)
	}
	return p.member()
}

func (p *parser) parenthesis() (node, error) {
	if err := p.deeper(); err != nil {
		return nil, err
	}
	n, err := p.or()
	if err == nil && !p.eat(')') {
		err = p.fault(p.at, "a parenthesis is not closed: write and, or, or )")
	}
	p.nesting--
	return n, err
}

// call reads the arguments of a function.
func (p *parser) call(function string, start int) (node, error) {
	want := arity(function)
	if want == 0 {
		return nil, p.fault(start, "there is no function %.40s: write startswith, endswith, contains, tolower or length", function)
	}
	if err := p.deeper(); err != nil {
		return nil, err
	}
	c := &call{function: function}
	for len(c.args) == 0 || p.eat(',') {
		at := p.at
		if len(c.args) > 0 {
			if err := p.noDoubleQuote(); err != nil {
				return nil, err
			}
		}
		arg, err := p.or()
		if err != nil {
			return nil, err
		}
		if given := arg.gives(); given != text && given != anything {
			return nil, p.fault(at, "%s is of texts: write a member, or a text in single quotes", function)
		}
		c.args = append(c.args, arg)
	}
	if !p.eat(')') {
		return nil, p.fault(p.at, "the arguments of %s are not closed: write )", function)
	}
	if len(c.args) != want {
		return nil, p.fault(start, "%s takes %d of what stands in its parentheses, not %d", function, want, len(c.args))
	}
	p.nesting--
	return c, nil
}

func (p *parser) member() (member, error) {
	names, err := p.names()
	for i := range names {
		names[i] = gjson.Escape(names[i])
	}
	return names, err
}

// names reads a member.
func (p *parser) names() ([]string, error) {
	var names []string
	for {
		name, err := p.name()
		if err != nil {
			return nil, err
		}
		names = append(names, name)
		if p.at == len(p.text) || p.text[p.at] != '/' {
			p.space()
			return names, nil
		}
		p.at++
	}
}

// end reports an error where something is left of the text.
func (p *parser) end(instead string) error {
	if p.at < len(p.text) {
		if p.text[p.at] == '.' {
			instead = "write / before a member of a member, as in address/city"
		}
		word, _, _ := strings.Cut(p.text[p.at:], " ")
		return p.fault(p.at, "%.40q can't stand here: %s", word, instead)
	}
	return nil
}
