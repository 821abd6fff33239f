package odata

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/tidwall/gjson"
)

func (p *parser) space() {
	for p.at < len(p.text) && (p.text[p.at] == ' ' || p.text[p.at] == '\t') {
		p.at++
	}
}

// eat moves over one byte, and the space after it, if that is c.
func (p *parser) eat(c byte) bool {
	if p.at == len(p.text) || p.text[p.at] != c {
		return false
	}
	p.at++
	p.space()
	return true
}

// word returns the name that comes next, without quotes; "" if none does.
func (p *parser) word() string {
	rest := p.text[p.at:]
	for i, r := range rest {
		if r == '_' || unicode.IsLetter(r) && r != utf8.RuneError || i > 0 && (r == '-' || unicode.IsDigit(r)) {
			continue
		}
		return rest[:i]
	}
	return rest
}

// eatWord moves over a word, and the space after it.
func (p *parser) eatWord(word string) bool {
	if p.word() != word {
		return false
	}
	p.at += len(word)
	p.space()
	return true
}

// name reads one name of a member. What the language has a word for stands in
// quotes.
func (p *parser) name() (string, error) {
	if p.at < len(p.text) && p.text[p.at] == '"' {
		return p.quoted('"')
	}
	word := p.word()
	switch lower := strings.ToLower(word); {
	case word != lower && (lower == "true" || lower == "false" || lower == "null"):
		return "", p.fault(p.at, `%s is no value: write %s, or "%s" in double quotes if that is the name of a member`, word, lower, word)
	case word == "" && p.at < len(p.text) && p.text[p.at] == '!':
		return "", p.fault(p.at, `"!" can't stand here: write not`)
	}
	switch word {
	case "":
		return "", p.fault(p.at, `a member or a value is missing: write a name (with other characters than letters, digits, _ and - in double quotes), a text in single quotes, or a number`)
	case "and", "or", "not", "in", "eq", "ne", "gt", "ge", "lt", "le", "null", "true", "false", "asc", "desc":
		return "", p.fault(p.at, `a member or a value is missing before %s: write one, or "%s" in double quotes if that is its name`, word, word)
	default:
		p.at += len(word)
		return word, nil
	}
}

// quoted reads a text in quotes, the first of which is next. Two quotes stand
// for one.
func (p *parser) quoted(quote byte) (string, error) {
	start := p.at
	var b strings.Builder
	for rest := p.text[p.at+1:]; ; {
		piece, after, closed := strings.Cut(rest, string(quote))
		b.WriteString(piece)
		if !closed {
			return "", p.fault(start, "a text is not closed: write %c at its end, and %c%c for one within it", quote, quote, quote)
		}
		if !strings.HasPrefix(after, string(quote)) {
			p.at = len(p.text) - len(after)
			return b.String(), nil
		}
		b.WriteByte(quote)
		rest = after[1:]
	}
}

// literal reads a value; ok is false if none comes next.
func (p *parser) literal() (v value, ok bool, err error) {
	if p.at == len(p.text) {
		return v, false, nil
	}
	switch c := p.text[p.at]; {
	case c == '\'':
		v.class = text
		v.text, err = p.quoted(c)
	case c == '-', c == '+', '0' <= c && c <= '9':
		v, err = p.numberOrDate()
	default:
		return p.constant()
	}
	p.space()
	return v, true, err
}

// constant reads true, false or null.
func (p *parser) constant() (v value, ok bool, err error) {
	word := p.word()
	switch word {
	case "true", "false":
		v = truth(word == "true")
	case "null":
	default:
		return v, false, nil
	}
	return v, p.eatWord(word), nil
}

func (p *parser) numberOrDate() (value, error) {
	start := p.at
	for p.at < len(p.text) && isLiteral(p.text[p.at]) {
		p.at++
	}
	written := p.text[start:p.at]
	if v := (value{text: written}).asDate(); v.class == date {
		return v, nil
	}
	if !gjson.Valid(written) || len(written) > maxDigits {
		return value{}, p.fault(start, "%.40q is neither a number nor a date: write 12, 1.5e3, 2026-05-04, 2026-05-04T12:00:00Z "+
			"(a + of a zone is %%2B in a URL), or a text in single quotes", written)
	}
	return valueOf(gjson.Parse(written)), nil
}

// maxDigits is the most characters of a number.
const maxDigits = 1000

func isLiteral(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '.' || c == '-' || c == '+' || c == ':'
}
