package urlpattern

import (
	"fmt"
	"strings"
)

// kind is what a code inserts.
type kind uint8

const (
	element    kind = iota // $>1, $B<2<0: an element of a list of names, or a range of them
	whole                  // $*, $P*, $N*: all of one
	requestURL             // $$
	queryValue             // $?(key)
	queryAll               // $?*
	bodyValue              // ${path}, ${$var.path}
	bodyPath               // ${*path}
)

// code is one substitution code of a pattern.
type code struct {
	kind     kind
	text     string // as written
	at       int    // where, in the pattern
	index    int    // which code of its pattern, from 0
	source   byte   // of an element and the whole: a letter of B, S, N and P, or 0 for the service path
	from, to position
	ranged   bool // from and to, not from alone
	fallback *fallback
	key      string // of a query value
	selector *Selector
	variable string // of a body code that reads a variable
}

// position counts from the left or from the right, from 0.
type position struct {
	n     int
	right bool
}

// in is the index of the position in a list of length n; it may be outside.
func (p position) in(n int) int {
	if p.right {
		return n - 1 - p.n
	}
	return p.n
}

// fallback is what stands in for an absent element: an element, or a literal.
type fallback struct {
	element *code
	text    string
	at      int     // where, in the pattern
	pieces  []piece // the literal in a path
}

// code parses the code that comes next; nil if none does.
func (p *parser) code() (*code, error) {
	if p.peek() != '$' {
		return nil, nil
	}
	c := &code{at: p.at}
	var err error
	switch {
	case p.eat("$*"):
		c.kind = whole
	case p.eat("$P*"), p.eat("$N*"):
		c.kind, c.source = whole, p.text[c.at+1]
	case p.eat("$$"):
		c.kind = requestURL
	case p.eat("$?*"):
		c.kind = queryAll
	case p.eat("$?("):
		c.kind = queryValue
		if c.key, err = p.until(")", c.at); err == nil && c.key == "" {
			err = p.fault(c.at, "a query key is missing: write $?(key), or $?* for the whole query")
		}
	case p.eat("${"):
		err = p.body(c)
	case p.element(c):
	default:
		return nil, nil
	}
	if err == nil && (c.kind == element || c.kind == queryValue) {
		err = p.fallback(c)
	}
	if err == nil {
		err = p.part()
	}
	c.text = p.text[c.at:p.at]
	return c, err
}

// until gives the text up to the next end, and moves behind that. The code at
// hand began at start.
func (p *parser) until(end string, start int) (string, error) {
	text, _, found := strings.Cut(p.rest(), end)
	if !found {
		return "", p.fault(start, "a code that is not finished: write %s at its end", end)
	}
	p.at += len(text) + len(end)
	return text, nil
}

// body parses what follows the "${".
func (p *parser) body(c *code) error {
	c.kind = bodyValue
	if p.eat("*") {
		c.kind = bodyPath
	}
	if p.eat("$") {
		if c.variable = p.identifier(); c.variable == "" {
			return p.fault(p.at, "a variable's name is missing: write ${$name}")
		}
		if strings.IndexByte("./[}", p.peek()) < 0 {
			return p.fault(p.at, "a variable's name ends before a point, a bracket or the end of the code: write ${$name.path}")
		}
	}
	var err error
	if c.selector, err = p.selector(); err != nil {
		return err
	}
	if !p.eat("}") {
		return p.fault(c.at, "a code that is not finished: write } at its end")
	}
	return nil
}

// element parses an element or a range; it moves nowhere if none comes next.
func (p *parser) element(c *code) bool {
	at := p.at + 1
	if at < len(p.text) && strings.IndexByte("BSNP", p.text[at]) >= 0 {
		c.source = p.text[at]
		at++
	}
	rest, ok := cutPosition(p.text[at:], &c.from)
	if !ok {
		return false
	}
	if after, ok := cutPosition(rest, &c.to); ok {
		c.ranged, rest = true, after
	}
	p.at = len(p.text) - len(rest)
	return true
}

// cutPosition reads a position at the beginning of s.
func cutPosition(s string, to *position) (rest string, ok bool) {
	if len(s) < 2 || s[0] != '<' && s[0] != '>' || !isDigit(s[1]) {
		return s, false
	}
	digits := &parser{text: s, at: 1}
	n := digits.digits()
	if n < 0 {
		n = 1e6 // no path is as long
	}
	*to = position{n: n, right: s[0] == '<'}
	return digits.rest(), true
}

// fallback parses the default of a code, if one follows.
func (p *parser) fallback(c *code) error {
	switch {
	case p.eat(":("):
		at := p.at
		text, err := p.until(")", c.at)
		c.fallback = &fallback{text: text, at: at}
		return err
	case strings.HasPrefix(p.rest(), ":$"):
		p.at++
		other := &code{at: p.at}
		if !p.element(other) {
			p.at-- // the colon is a literal
			return nil
		}
		other.text = p.text[other.at:p.at]
		c.fallback = &fallback{element: other}
	}
	return nil
}

// elements are those that a code with positions reads from v.
func (c *code) elements(v *Values) []string {
	all := v.source(c.source)
	from := c.from.in(len(all))
	to := from
	if c.ranged {
		to = c.to.in(len(all))
	}
	from, to = max(from, 0), min(to, len(all)-1)
	if from > to {
		return nil
	}
	return all[from : to+1]
}

// needs says what the request lacks when the code reads nothing.
func (c *code) needs() string {
	if c.kind == queryValue {
		return fmt.Sprintf("the query key %s", c.key)
	}
	if c.ranged {
		return "path elements for " + c.text
	}
	name := map[byte]string{0: "path element", 'B': "base path element", 'S': "sub path element", 'P': "full path element", 'N': "element in its message's name"}[c.source]
	side := ""
	if c.from.right {
		side = " from the right"
	}
	switch order := [...]string{"first", "second", "third"}; {
	case c.from == position{0, true}:
		return "a last " + name
	case c.from.n < len(order):
		return fmt.Sprintf("a %s %s%s", order[c.from.n], name, side)
	}
	return fmt.Sprintf("%d %ss%s", c.from.n+1, name, side)
}
