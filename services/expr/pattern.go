package expr

import (
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"
	"unicode/utf8"

	"github.com/dop251/goja/parser"
)

const (
	maxPattern = 1 << 10 // bytes of a regular expression
	maxProgram = 2000    // instructions that it may be compiled to
	maxSearch  = 1 << 20 // instructions times bytes of text that nothing interrupts
)

// A pattern is a regular expression as Go's regexp runs it, in linear time:
// goja would go over to another engine, which may take for ever, for each match
// but the first. A dot is a character, also where JavaScript counts two.
type pattern struct {
	source string // in the syntax of regexp
	global bool
	sticky bool
	looks  bool // at what stands before a match
	size   int
	names  []string                  // of the groups
	forms  map[string]*regexp.Regexp // by what stands before the source
}

// compilePattern refuses what does not run in linear time, and what is too
// large.
func compilePattern(source, flags string) (*pattern, error) {
	for i, flag := range flags {
		if !strings.ContainsRune("gimsuy", flag) || strings.IndexRune(flags, flag) < i {
			return nil, fmt.Errorf("a regular expression has no flag %q there: write some of g, i, m, s, u and y", flag)
		}
	}
	if len(source) > maxPattern {
		return nil, errors.New("a regular expression over 1 KiB: write a shorter one")
	}
	has := func(flag string) bool { return strings.Contains(flags, flag) }
	text, err := parser.TransformRegExp(source, has("s"), has("u"))
	if incompatible := (parser.RegexpErrorIncompatible{}); errors.As(err, &incompatible) {
		return nil, errors.New("a regular expression with a lookaround or a backreference: these may take for ever, write one without")
	}
	if err != nil {
		return nil, fmt.Errorf("the regular expression is wrong: %w", err)
	}
	for _, flag := range []string{"i", "m", "s"} {
		if has(flag) {
			text = "(?" + flag + ":" + text + ")"
		}
	}
	p := &pattern{source: text, global: has("g"), sticky: has("y"), forms: make(map[string]*regexp.Regexp)}
	return p, p.measure()
}

var errPattern = errors.New("a regular expression that becomes too large: repeat less")

// measure finds out what p becomes, before regexp makes it.
func (p *pattern) measure() error {
	parsed, err := syntax.Parse(p.source, syntax.Perl)
	if wrong := (*syntax.Error)(nil); errors.As(err, &wrong) && wrong.Code != syntax.ErrLarge && wrong.Code != syntax.ErrInvalidRepeatSize {
		return fmt.Errorf("the regular expression is wrong: %s", wrong.Code)
	}
	if err != nil {
		return errPattern
	}
	p.names = parsed.CapNames()
	program, err := syntax.Compile(parsed.Simplify())
	if err != nil || len(program.Inst) > maxProgram {
		return errPattern
	}
	p.size = len(program.Inst)
	for _, i := range program.Inst {
		p.looks = p.looks || i.Op == syntax.InstEmptyWidth
	}
	return nil
}

// form returns p with something before it, compiled.
func (p *pattern) form(before string) *regexp.Regexp {
	compiled, ok := p.forms[before]
	if !ok {
		compiled = regexp.MustCompile(before + "(" + p.source + ")")
		p.forms[before] = compiled
	}
	return compiled
}

// find returns where p and its groups match in s from at, as regexp does. What
// looks back is given the one character that it can see. A long search ends as
// soon as stopped is true.
func (p *pattern) find(s string, at int, stopped func() bool) []int {
	before := ""
	from := at
	switch {
	case at > 0 && p.looks:
		_, width := utf8.DecodeLastRuneInString(s[:at])
		from -= width
		before = `\A(?s:.)`
		if !p.sticky {
			before += `(?s:.*?)`
		}
	case p.sticky:
		before = `\A`
	}
	compiled, text := p.form(before), s[from:]
	var found []int
	if p.size*len(text) <= maxSearch {
		found = compiled.FindStringSubmatchIndex(text)
	} else {
		found = compiled.FindReaderSubmatchIndex(&stoppable{Reader: *strings.NewReader(text), stopped: stopped})
	}
	if found == nil {
		return nil
	}
	found = found[2:]
	for i := range found {
		if found[i] >= 0 {
			found[i] += from
		}
	}
	return found
}
