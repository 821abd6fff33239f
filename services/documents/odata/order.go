package odata

import "strings"

// An Order is what documents are sorted by. It is immutable and safe for
// concurrent use.
type Order struct{ keys []sortKey }

type sortKey struct {
	by   node
	sign int // -1 is the greatest first
}

// A Rank is the place of a document in an Order. It holds no view of the
// document.
type Rank []value

// ParseOrder parses the text of $orderby. An error is a *SyntaxError.
func ParseOrder(text string) (*Order, error) {
	p, err := newParser(text)
	if err != nil {
		return nil, err
	}
	o := &Order{}
	for len(o.keys) == 0 || p.eat(',') {
		if len(o.keys) == maxKeys {
			return nil, p.fault(p.at, "more than %d to sort by: write fewer", maxKeys)
		}
		by, err := p.sortedBy()
		if err != nil {
			return nil, err
		}
		key := sortKey{by, 1}
		if p.eatWord("desc") {
			key.sign = -1
		} else {
			p.eatWord("asc")
		}
		o.keys = append(o.keys, key)
	}
	return o, p.end("write a member, then asc or desc, and , before a further one")
}

// sortedBy reads what documents are sorted by, which is not the same for all.
func (p *parser) sortedBy() (node, error) {
	start := p.at
	if p.at < len(p.text) && p.text[p.at] == '-' {
		p.at++
		if word := p.word(); word != "" {
			return nil, p.fault(start, "%.40q can't stand here: write %.40s desc", "-"+word, word)
		}
		p.at = start
	}
	by, err := p.or()
	if _, ok := by.(literal); ok && err == nil {
		return nil, p.fault(start, "a value is the same for all documents: write a member, which stands without quotes")
	}
	return by, err
}

// Rank returns the place of a document, which is JSON.
func (o *Order) Rank(doc []byte) Rank {
	root := parse(doc)
	rank := make(Rank, len(o.keys))
	for i, key := range o.keys {
		rank[i] = key.by.eval(root)
		rank[i].text = strings.Clone(rank[i].text)
	}
	return rank
}

// Size returns about how many bytes a rank holds.
func (r Rank) Size() int {
	const each = 64
	size := each * len(r)
	for i := range r {
		size += len(r[i].text)
	}
	return size
}

// Compare returns -1, 0 or 1 where the document of a comes before that of b,
// neither, or after it.
func (o *Order) Compare(a, b Rank) int {
	for i, key := range o.keys {
		if order := a[i].rank(b[i]); order != 0 {
			return key.sign * order
		}
	}
	return 0
}
