package expr

import (
	"io"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/dop251/goja"
)

// stoppable is a text that ends when the watchdog says so: regexp asks for the
// next character, and looks for nothing else.
type stoppable struct {
	strings.Reader
	stopped func() bool
	read    int
}

// ReadRune is part of io.RuneReader.
func (s *stoppable) ReadRune() (rune, int, error) {
	if s.read++; s.read&0xff == 0 && s.stopped() {
		return 0, 0, io.EOF
	}
	return s.Reader.ReadRune()
}

// pattern returns a regular expression, compiled; it throws what is wrong.
func (m *machine) pattern(source, flags string) *pattern {
	key := flags + "/" + source
	p, ok := m.patterns[key]
	if !ok {
		made, err := compilePattern(source, flags)
		if err != nil {
			m.fail(err)
		}
		if len(m.patterns) >= maxPatterns {
			clear(m.patterns)
		}
		p = made
		m.patterns[key] = p
	}
	return p
}

// search is a pattern on its way through a text.
type search struct {
	*machine
	pattern *pattern
	text    goja.Value
	s       string
	at      int // in bytes: where the next match may begin
	known   int // a place in s, and which UTF-16 code unit it is
	units   int
}

// unit is which UTF-16 code unit stands at a byte of s: bytes come in order.
func (s *search) unit(at int) int {
	for _, c := range s.s[s.known:at] {
		s.units += utf16.RuneLen(c)
	}
	s.known = at
	return s.units
}

// next returns what RegExp.prototype.exec does, nil for no match, and goes on
// behind it.
func (s *search) next() *goja.Object {
	found := s.pattern.find(s.s, s.at, s.watched.stopped.Load)
	s.alive()
	if found == nil {
		return nil
	}
	if err := s.run.budget.takeElements(int64(len(found) / 2)); err != nil {
		s.fail(err)
	}
	if s.at = found[1]; found[0] == found[1] {
		_, width := utf8.DecodeRuneInString(s.s[s.at:])
		s.at += max(width, 1)
	}
	return s.match(found)
}

// match is the list that JavaScript makes of a match.
func (s *search) match(found []int) *goja.Object {
	parts := make([]any, len(found)/2)
	groups := goja.Undefined()
	for i := range parts {
		part := goja.Undefined()
		if found[2*i] >= 0 {
			part = s.js.ToValue(s.s[found[2*i]:found[2*i+1]])
		}
		parts[i] = part
		if name := s.pattern.names[i]; name != "" {
			if goja.IsUndefined(groups) {
				groups = s.js.NewObject()
			}
			_ = groups.(*goja.Object).DefineDataProperty(name, part, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_TRUE)
		}
	}
	match := s.js.NewArray(parts...)
	_ = match.Set("index", s.unit(found[0]))
	_ = match.Set("input", s.text)
	_ = match.Set("groups", groups)
	return match
}

// find is the first match of a source with its flags in a text, from a code
// unit: a list, or null.
func (m *machine) find(c goja.FunctionCall) goja.Value {
	s := m.search(c)
	from := c.Argument(3).ToInteger()
	for s.at < len(s.s) && int64(s.units) < from {
		_, width := utf8.DecodeRuneInString(s.s[s.at:])
		s.at += width
		s.unit(s.at)
	}
	if int64(s.units) < from {
		return goja.Null()
	}
	if match := s.next(); match != nil {
		return match
	}
	return goja.Null()
}

// findAll is the list of all matches of a source with its flags in a text.
func (m *machine) findAll(c goja.FunctionCall) goja.Value {
	s := m.search(c)
	var all []any
	for s.at <= len(s.s) {
		match := s.next()
		if match == nil {
			break
		}
		all = append(all, match)
	}
	return m.js.NewArray(all...)
}

func (m *machine) search(c goja.FunctionCall) *search {
	return &search{
		machine: m,
		pattern: m.pattern(c.Argument(0).String(), c.Argument(1).String()),
		text:    c.Argument(2),
		s:       c.Argument(2).String(),
	}
}
