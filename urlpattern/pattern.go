package urlpattern

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Pattern is a parsed URL pattern. It is immutable and safe for concurrent use.
type Pattern struct {
	text         string
	codes        []*code
	path, query  []part // what is before and after the first literal '?'
	hasQuery     bool
	target       target
	fault        error // why Expand makes no URL of it
	fromData     bool  // it is one code that gives the whole URL, and may
	isOneValue   bool  // it is one code that gives one value
	scheme, host string
}

// part is a literal or a code of the pattern, in its order.
type part struct {
	literal string
	at      int
	code    *code
}

// Parse parses a pattern for the URL of a call. It refuses a pattern that is
// only a $?(key) or a ${path}, whose target would come from data as a whole:
// see ParseWholeURL. An error is a *SyntaxError.
func Parse(s string) (*Pattern, error) {
	p, err := ParseText(s)
	switch {
	case err != nil:
		return nil, err
	case p.fault != nil:
		return nil, p.fault
	case p.isOneValue:
		return nil, &SyntaxError{Message: "the whole URL comes from data: write a path before the code, as in /contacts/" + s}
	}
	return p, nil
}

// ParseWholeURL is Parse, but accepts a pattern that is only a $?(key) or a
// ${path}. The value is then the URL, for which FromData reports true. Whoever
// makes a call to it gives it the rights of the original caller and nothing
// more, keeps it from internal mounts, and checks the host against a list.
func ParseWholeURL(s string) (*Pattern, error) {
	p, err := ParseText(s)
	switch {
	case err != nil:
		return nil, err
	case p.fault != nil:
		return nil, p.fault
	}
	p.fromData = p.isOneValue
	return p, nil
}

// ParseText parses a pattern for a name, a header or other text, in which
// literals need not make a URL. A lone $?(key) or ${path} is one segment to
// Expand, and a pattern whose literals make no URL is an error to it. An error
// is a *SyntaxError.
func ParseText(s string) (*Pattern, error) {
	r := &parser{text: s}
	if len(s) > maxPatternBytes {
		return nil, r.fault(maxPatternBytes, "a pattern over 8 KiB: write a shorter one")
	}
	for i, c := range s {
		if unicode.IsControl(c) {
			return nil, r.fault(i, "a control character: leave it out")
		}
		if _, width := utf8.DecodeRuneInString(s[i:]); c == utf8.RuneError && width == 1 {
			return nil, r.fault(i, "bytes that are not UTF-8: encode the text as UTF-8")
		}
	}
	p := &Pattern{text: s}
	if err := p.split(r); err != nil {
		return nil, err
	}
	p.isOneValue = len(p.path) == 1 && !p.hasQuery && p.path[0].code != nil &&
		(p.path[0].code.kind == queryValue || p.path[0].code.kind == bodyValue)
	p.fault = p.compile()
	return p, nil
}

// String gives the text that was parsed.
func (p *Pattern) String() string { return p.text }

// FromData reports whether the whole URL, with its host, comes from data.
func (p *Pattern) FromData() bool { return p.fromData }

// Literal is the beginning of the URL that no data changes: scheme, host and
// the leading segments that are literals as a whole. It tells which mount the
// pattern leads to.
func (p *Pattern) Literal() URL {
	u := URL{Scheme: p.scheme, Host: p.host, Path: slices.Clone(p.target.literal)}
	if last := len(p.target.path) - 1; last >= 0 && p.LiteralPath() {
		u.Dir = p.target.path[last].text == ""
	}
	return u
}

// LiteralPath reports whether no data changes the path, so that Literal has all
// of it.
func (p *Pattern) LiteralPath() bool {
	return !slices.ContainsFunc(p.path, func(part part) bool { return part.code != nil })
}

// split reads the parts of the pattern.
func (p *Pattern) split(r *parser) error {
	start := 0 // of the literal at hand
	for r.at < len(r.text) {
		at := r.at
		c, err := r.code()
		switch {
		case err != nil:
			return err
		case c != nil:
			p.addLiteral(r.text[start:at], start)
			p.addCode(c)
			start = r.at
		case !p.hasQuery && r.eat("?"):
			p.addLiteral(r.text[start:at], start)
			p.hasQuery = true
			start = r.at
		default:
			r.at++
		}
	}
	p.addLiteral(r.text[start:], start)
	return nil
}

func (p *Pattern) addLiteral(s string, at int) {
	if s != "" {
		p.addPart(part{literal: s, at: at})
	}
}

func (p *Pattern) addCode(c *code) {
	c.index = len(p.codes)
	p.codes = append(p.codes, c)
	p.addPart(part{code: c, at: c.at})
}

func (p *Pattern) addPart(next part) {
	if p.hasQuery {
		p.query = append(p.query, next)
	} else {
		p.path = append(p.path, next)
	}
}

// cutOrigin takes scheme and host off the first literal.
func (p *Pattern) cutOrigin(literal string) (rest string, err error) {
	scheme, after, found := strings.Cut(literal, "://")
	if !found || strings.Contains(scheme, "/") {
		return literal, nil
	}
	host, _, ends := strings.Cut(after, "/")
	if !ends && len(p.path) > 1 {
		return "", &SyntaxError{Offset: len(scheme) + len("://"), Message: "the host is not a literal: write it out, with a slash after it"}
	}
	p.scheme, p.host, err = checkOrigin(scheme, host)
	if err != nil {
		return "", syntaxFault(0, err)
	}
	return after[len(host):], nil
}

// syntaxFault makes a fault of a path that begins at byte at into one of the
// pattern.
func syntaxFault(at int, err error) error {
	fault := err.(*PathError)
	return &SyntaxError{Offset: at + fault.Offset, Message: fault.Reason}
}
