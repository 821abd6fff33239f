package urlpattern

import (
	"fmt"
	"strings"
)

// The limits of what can be written in a pattern or a selector. They bound the
// time that one expansion takes to a constant times the size of the body.
const (
	maxPatternBytes  = 8 << 10
	maxSelectorBytes = 1 << 10
	maxParts         = 128 // codes, selector steps and operands of conditions
	maxNesting       = 32  // parentheses and signs in a condition
)

// SyntaxError says what is wrong with the text of a pattern or a selector.
type SyntaxError struct {
	Offset  int    // byte in the text that was parsed
	Message string // what is wrong there, and what to write instead
}

// Error gives the offset and the message.
func (e *SyntaxError) Error() string {
	return fmt.Sprintf("byte %d: %s", e.Offset, e.Message)
}

// parser reads a pattern or a selector from left to right.
type parser struct {
	text    string
	at      int
	parts   int
	nesting int
	reads   bool // the condition at hand looks at its element
}

func (p *parser) rest() string { return p.text[p.at:] }

// peek is the next byte, 0 at the end.
func (p *parser) peek() byte {
	if p.at == len(p.text) {
		return 0
	}
	return p.text[p.at]
}

// eat moves over s if it comes next.
func (p *parser) eat(s string) bool {
	if !strings.HasPrefix(p.rest(), s) {
		return false
	}
	p.at += len(s)
	return true
}

func (p *parser) skipSpace() {
	for p.peek() == ' ' {
		p.at++
	}
}

// digits moves over the decimal digits that come next and gives their value, or
// -1 if there are none or too many.
func (p *parser) digits() int {
	start, n := p.at, 0
	for isDigit(p.peek()) {
		n = min(n*10+int(p.peek()-'0'), 1e6)
		p.at++
	}
	if p.at == start || n == 1e6 {
		return -1
	}
	return n
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// part counts one more code, step or operand.
func (p *parser) part() error {
	if p.parts++; p.parts > maxParts {
		return p.fault(p.at, "more than 128 codes, steps and operands: write a shorter one")
	}
	return nil
}

// quoted reads a string in quotes whose first byte is next. A backslash stands
// before a quote or a backslash.
func (p *parser) quoted() (string, error) {
	start, quote := p.at, p.peek()
	var s []byte
	for p.at++; p.at < len(p.text); p.at++ {
		c := p.text[p.at]
		switch {
		case c == quote:
			p.at++
			return string(s), nil
		case c == '\\':
			p.at++
			if c = p.peek(); c != '\\' && c != '"' && c != '\'' {
				return "", p.fault(p.at-1, "a backslash in quotes stands before a quote or a backslash only: write the character itself")
			}
		}
		s = append(s, c)
	}
	return "", p.fault(start, "a string that is not closed: write %c at its end", quote)
}

func (p *parser) fault(at int, format string, args ...any) error {
	return &SyntaxError{Offset: at, Message: fmt.Sprintf(format, args...)}
}
