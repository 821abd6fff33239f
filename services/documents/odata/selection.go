package odata

import "github.com/tidwall/gjson"

// A Selection is the members that are wanted of documents. It is immutable and
// safe for concurrent use.
type Selection struct {
	below map[string]*Selection // by name; nil: the whole value
}

// ParseSelection parses the text of $select. An error is a *SyntaxError.
func ParseSelection(text string) (*Selection, error) {
	p, err := newParser(text)
	if err != nil {
		return nil, err
	}
	s := &Selection{make(map[string]*Selection)}
	for first := true; first || p.eat(','); first = false {
		if err := p.count(); err != nil {
			return nil, err
		}
		names, err := p.names()
		if err != nil {
			return nil, err
		}
		if len(names) > maxNesting {
			return nil, p.fault(p.at, "a member more than %d deep: write a shorter one", maxNesting)
		}
		s.add(names)
	}
	return s, p.end("write / before a member of a member, and , before a further one")
}

func (s *Selection) add(names []string) {
	for i, name := range names {
		below, known := s.below[name]
		switch {
		case known && below.below == nil: // all of it is wanted already
			return
		case i == len(names)-1:
			s.below[name] = &Selection{}
			return
		case !known:
			below = &Selection{make(map[string]*Selection)}
			s.below[name] = below
		}
		s = below
	}
}

// Append adds the wanted members of a document, which is JSON, to dst: an
// object with the document's own bytes, in its order. What the document has not
// is left out.
func (s *Selection) Append(dst, doc []byte) []byte { return s.append(dst, parse(doc)) }

func (s *Selection) append(dst []byte, object gjson.Result) []byte {
	dst = append(dst, '{')
	first := len(dst)
	if object.IsObject() {
		object.ForEach(func(name, v gjson.Result) bool {
			below := s.below[name.Str]
			if below == nil || below.below != nil && !v.IsObject() {
				return true
			}
			if len(dst) > first {
				dst = append(dst, ',')
			}
			dst = append(append(dst, name.Raw...), ':')
			if below.below == nil {
				dst = append(dst, v.Raw...)
			} else {
				dst = below.append(dst, v)
			}
			return true
		})
	}
	return append(dst, '}')
}
