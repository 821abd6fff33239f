package odata

import (
	"unsafe"

	"github.com/tidwall/gjson"
)

// A Filter is a condition on documents. It is immutable and safe for concurrent
// use.
type Filter struct{ condition node }

// ParseFilter parses the text of $filter. An error is a *SyntaxError.
func ParseFilter(text string) (*Filter, error) {
	p, err := newParser(text)
	if err != nil {
		return nil, err
	}
	n, err := p.or()
	if err == nil {
		err = p.end("write a comparison, such as age gt 30, with and, or, or parentheses")
	}
	if err == nil {
		err = p.mustBeCondition(n, 0)
	}
	if err != nil {
		return nil, err
	}
	return &Filter{n}, nil
}

// Match reports whether a document meets the condition. The document is JSON;
// for other bytes the answer means nothing.
func (f *Filter) Match(doc []byte) bool { return f.condition.eval(parse(doc)).isTrue() }

// parse views bytes as a value: gjson's own function for bytes copies them.
func parse(doc []byte) gjson.Result {
	return gjson.Parse(unsafe.String(unsafe.SliceData(doc), len(doc)))
}
