package urlpattern

import (
	"strings"

	"github.com/tidwall/gjson"
)

// selector parses up to the end of the text or to a '}' that belongs to no name
// and no condition.
func (p *parser) selector() (*Selector, error) {
	start := p.at
	s := &Selector{}
	p.separator()
	named := true // a name may stand here
	for p.at < len(p.text) && p.peek() != '}' {
		var err error
		switch {
		case p.peek() == '[':
			err = p.bracket(s)
			named = false
		case named:
			err = p.name(s)
			named = false
		case p.separator():
			if p.at == len(p.text) || p.peek() == '}' {
				err = p.fault(p.at, "a name is missing: write one, or leave out the separator")
			}
			named = true
		default:
			err = p.fault(p.at, `write . before a further name, and a name with other characters in double quotes`)
		}
		if err != nil {
			return nil, err
		}
	}
	s.text, s.path = p.text[start:p.at], s.leadingPath()
	return s, nil
}

// separator moves over a '.' or a '/'.
func (p *parser) separator() bool { return p.eat(".") || p.eat("/") }

// name parses one name and adds it to the names before it.
func (p *parser) name(s *Selector) error {
	if err := p.part(); err != nil {
		return err
	}
	start := p.at
	var name string
	if p.peek() == '"' {
		var err error
		if name, err = p.quoted(); err != nil {
			return err
		}
	} else {
		for p.at < len(p.text) && p.peek() > ' ' && strings.IndexByte(`./[]{}"`, p.peek()) < 0 {
			p.at++
		}
		name = p.text[start:p.at]
	}
	if name == "" {
		return p.fault(start, `a name is missing: write one; with other characters in it, in double quotes`)
	}
	s.add(name)
	return nil
}

// add joins a name to the names just before it, or begins a step.
func (s *Selector) add(name string) {
	name = gjson.Escape(name)
	if last := len(s.steps) - 1; last >= 0 {
		if names, ok := s.steps[last].(members); ok {
			s.steps[last] = append(names, name)
			return
		}
	}
	s.steps = append(s.steps, members{name})
}

// leadingPath joins the names at the beginning into one gjson path. It is empty
// if gjson would read one of them, where it meets a list, as an index or a
// query.
func (s *Selector) leadingPath() string {
	if len(s.steps) == 0 {
		return ""
	}
	names, _ := s.steps[0].(members)
	for _, name := range names {
		if !isIdentifier(name) {
			return ""
		}
	}
	return strings.Join(names, ".")
}

// bracket parses [], [n], [last()], [last()-n] or [condition].
func (p *parser) bracket(s *Selector) error {
	if err := p.part(); err != nil {
		return err
	}
	start := p.at
	p.at++
	p.skipSpace()
	var next step
	var err error
	content := p.at
	switch n := p.digits(); {
	case p.closes():
		next = every{}
		if n >= 0 {
			next = index(n)
		} else if content < p.at-1 && isDigit(p.text[content]) {
			return p.fault(content, "an index of 1000000 or more: write a smaller one")
		}
	default:
		p.at = content
		if next, err = p.lastOrCondition(); err != nil {
			return err
		}
		if !p.closes() {
			return p.fault(start, "a bracket that is not closed, or something that is no part of a condition in it: write ] at its end")
		}
		if _, ok := next.(where); ok && !p.reads {
			return p.fault(content, "a condition that doesn't look at the element: write $this or the name of a member in it, or [last()] for the last element")
		}
	}
	s.steps = append(s.steps, next)
	return nil
}

// closes moves over spaces and a ']'.
func (p *parser) closes() bool {
	p.skipSpace()
	return p.eat("]")
}

func (p *parser) lastOrCondition() (step, error) {
	if p.eat("last()") {
		p.skipSpace()
		if !p.eat("-") {
			return fromEnd(0), nil
		}
		p.skipSpace()
		n := p.digits()
		if n < 0 {
			return nil, p.fault(p.at, "a number is missing: write last()-1 for the element before the last")
		}
		return fromEnd(n), nil
	}
	p.reads = false
	condition, err := p.expression(0)
	return where{condition}, err
}
