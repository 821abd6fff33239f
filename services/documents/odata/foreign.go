package odata

import (
	"slices"
	"strings"
)

// symbols are operators of other languages, each before those that it begins
// with, and the word for it here.
var symbols = [...][2]string{
	{">=", "ge"}, {"<=", "le"}, {"<>", "ne"}, {"!=", "ne"}, {"==", "eq"}, {"&&", "and"}, {"||", "or"},
	{">", "gt"}, {"<", "lt"}, {"=", "eq"}, {"&", "and"}, {"|", "or"},
}

// foreign returns an error with the right word where an operator of another
// language comes next, or one in capitals.
func (p *parser) foreign() error {
	rest := p.text[p.at:]
	for _, s := range symbols {
		if strings.HasPrefix(rest, s[0]) {
			return p.fault(p.at, "%q can't stand here: write %s, with a space on both sides", s[0], s[1])
		}
	}
	if strings.HasPrefix(rest, "[") {
		return p.fault(p.at, `"[" can't stand here: what is in lists can't be searched: write a member of an object`)
	}
	word := p.word()
	lower := strings.ToLower(word)
	if word != lower && (slices.Contains(operators[:], lower) || slices.Contains([]string{"and", "or", "in", "asc", "desc"}, lower)) {
		return p.fault(p.at, "%q can't stand here: write %s", word, lower)
	}
	return nil
}

// noDoubleQuote returns an error where a text in double quotes comes next, which
// would be a member: who compares with one means a text.
func (p *parser) noDoubleQuote() error {
	if p.at == len(p.text) || p.text[p.at] != '"' {
		return nil
	}
	start := p.at
	name, err := p.quoted('"')
	if err != nil {
		return err
	}
	return p.fault(start, `a text stands in single quotes: write '%.40s' (a member whose name needs double quotes stands first)`, strings.ReplaceAll(name, "'", "''"))
}
