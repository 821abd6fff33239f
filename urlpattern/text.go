package urlpattern

import "strings"

// maxTextBytes bounds one text of an expansion.
const maxTextBytes = 64 << 10

// Text expands the pattern for a name, a header or the command line: one text,
// or one for each combination where body codes give lists. What is absent is
// the empty text, and the slashes around it stay. Values before the first '?'
// are written as segments of a URL path, or with decode as they are; behind it
// they are query components. An error is an *ExpandError.
func (p *Pattern) Text(v *Values, decode bool) ([]string, error) {
	var room [3]insertion
	insertions, count, err := p.resolve(v, room[:0])
	if err != nil {
		return nil, err
	}
	texts := make([]string, 0, count)
	for i := range count {
		if i > 0 {
			advance(insertions)
		}
		s := p.textOf(insertions, decode)
		if len(s) > maxTextBytes {
			return nil, p.expandError(nil, "a text over 64 KiB: write a pattern that inserts less")
		}
		texts = append(texts, s)
	}
	return texts, nil
}

// textOf is the text of one combination.
func (p *Pattern) textOf(insertions []insertion, decode bool) string {
	if p.fromData {
		return insertions[0].whole()
	}
	w := textWriter{decode: decode}
	for _, part := range p.path {
		if len(w.path) > maxTextBytes {
			break
		}
		if part.code == nil {
			w.path = append(w.path, part.literal...)
		} else {
			w.insert(part.code, &insertions[part.code.index])
		}
	}
	brought := len(w.query) > 0
	for i, part := range p.query {
		if len(w.query) > maxTextBytes {
			break
		}
		if i == 0 && brought {
			w.query = append(w.query, '&')
		}
		if part.code == nil {
			w.query = append(w.query, part.literal...)
		} else {
			w.query = appendInsertion(w.query, part.code, &insertions[part.code.index])
		}
	}
	if p.hasQuery || brought {
		w.path = append(append(w.path, '?'), w.query...)
	}
	return string(w.path)
}

type textWriter struct {
	path, query []byte
	decode      bool
}

// insert writes what a code inserts before the first '?'.
func (w *textWriter) insert(c *code, in *insertion) {
	switch {
	case in.fallback != nil:
		w.path = append(w.path, in.fallback.text...)
		return
	case c.kind == requestURL && !w.decode:
		w.path = appendComponent(w.path, in.text)
		return
	case c.kind == bodyPath:
		w.segments(strings.Split(in.text, "/"))
		return
	case c.kind == queryAll:
		w.segment(in.query)
		return
	}
	w.segments(in.segments)
	w.segment(in.text)
	if in.dir {
		w.path = append(w.path, '/')
	}
	if in.query != "" {
		if len(w.query) > 0 {
			w.query = append(w.query, '&')
		}
		w.query = append(w.query, in.query...)
	}
}

func (w *textWriter) segments(segments []string) {
	for i, s := range segments {
		if i > 0 {
			w.path = append(w.path, '/')
		}
		w.segment(s)
	}
}

func (w *textWriter) segment(s string) {
	if w.decode {
		w.path = append(w.path, s...)
	} else {
		w.path = AppendSegment(w.path, s)
	}
}
