package urlpattern

import "strings"

// maxQueryBytes bounds the query of an expanded URL.
const maxQueryBytes = 16 << 10

// Expand makes the URLs of calls: one, or one for each element where body codes
// give lists, the leftmost list the slowest; none when a list is empty. Base
// and Sub of the URLs are 0. What a code inserts is data: it is never parsed,
// except by a pattern whose URL comes FromData.
//
// An error is an *ExpandError when the values don't fit the pattern, and the
// *SyntaxError that ParseText passed over when the pattern makes no URL.
func (p *Pattern) Expand(v *Values) ([]URL, error) {
	if p.fault != nil {
		return nil, p.fault
	}
	var room [3]insertion
	insertions, count, err := p.resolve(v, room[:0])
	if err != nil {
		return nil, err
	}
	if count == 1 {
		one := new(oneURL)
		err = p.expandOne(&one.urls[0], one.segments[:0], insertions)
		if err != nil {
			return nil, err
		}
		return one.urls[:], nil
	}
	urls := make([]URL, count)
	for i := range urls {
		if i > 0 {
			advance(insertions)
		}
		if err := p.expandOne(&urls[i], make([]string, 0, p.target.slots), insertions); err != nil {
			return nil, err
		}
	}
	return urls, nil
}

// oneURL is the usual expansion in one allocation: a URL with few segments.
type oneURL struct {
	urls     [1]URL
	segments [6]string
}

// expandOne makes the URL of one combination. Its segments are put into room,
// if they have room there.
func (p *Pattern) expandOne(u *URL, room []string, insertions []insertion) (err error) {
	if p.fromData {
		*u, err = p.parseData(&insertions[0])
		return err
	}
	b := builder{pattern: p, segments: room}
	for i := range p.target.path {
		if err = b.add(&p.target.path[i], insertions); err != nil {
			return err
		}
	}
	if b.open != "" {
		if err = b.end(); err != nil {
			return err
		}
	}
	u.Scheme, u.Host, u.Path = p.scheme, p.host, b.segments
	u.Dir = b.slash || len(b.segments) == 0
	if b.query != "" || p.hasQuery {
		u.Query, err = p.expandQuery(b.query, insertions)
	}
	return err
}

// parseData reads the URL that a single code gives.
func (p *Pattern) parseData(in *insertion) (URL, error) {
	if in.absent && in.fallback == nil {
		return URL{}, p.absent(p.codes[0])
	}
	u, err := ParseURL(in.whole())
	if err != nil {
		return URL{}, p.expandError(p.codes[0], "%v", err)
	}
	return u, nil
}

// whole is the text of an insertion that is a whole URL.
func (in *insertion) whole() string {
	switch {
	case in.fallback != nil:
		return in.fallback.text
	case len(in.segments) > 0:
		return in.segments[0]
	}
	return in.text
}

// builder puts the segments of a path together.
type builder struct {
	pattern  *Pattern
	segments []string
	size     int
	open     string // the segment at hand
	coded    *code  // the last code that wrote to it; nil if it is a literal
	slash    bool   // a slash came last
	query    string // of the wholes that were inserted
}

// add writes a piece. An element or a literal that is a segment alone takes a
// shorter way.
func (b *builder) add(p *piece, insertions []insertion) error {
	if p.alone && b.open == "" {
		if p.code == nil {
			b.slash = false
			return b.close(p.text, nil)
		}
		if in := &insertions[p.code.index]; p.code.kind == element && len(in.segments) == 1 {
			b.slash = false
			return b.close(in.segments[0], p.code)
		}
	}
	if err := b.literal(p); err != nil || p.code == nil {
		return err
	}
	return b.insert(p.code, &insertions[p.code.index])
}

func (b *builder) literal(p *piece) error {
	if p.slash {
		if err := b.separate(); err != nil {
			return err
		}
	}
	if p.text != "" {
		b.write(p.text)
	}
	return nil
}

// separate writes a slash.
func (b *builder) separate() error {
	b.slash = true
	if b.open == "" {
		return nil
	}
	return b.end()
}

func (b *builder) write(s string) {
	if b.open == "" {
		b.open = s
	} else if len(b.open) <= maxSegmentBytes {
		b.open += s
	}
	b.slash = false
}

// end closes the segment at hand, which is not empty: an empty one is left out,
// for nothing but $* and its like, and the empty default, insert nothing.
func (b *builder) end() error {
	err := b.close(b.open, b.coded)
	b.open, b.coded = "", nil
	return err
}

// close adds a segment that code c had a part in, unless c is nil.
func (b *builder) close(s string, c *code) error {
	if c != nil {
		if offset, reason := segmentFault(s); reason != "" {
			return b.pattern.expandError(c, "the segment would have, at byte %d, %s", offset, reason)
		}
	}
	b.size += 1 + len(s)
	if len(b.segments) == maxSegments || b.size > maxPathBytes {
		return b.pattern.expandError(nil, "a path over 64 segments or 8 KiB: write a pattern that inserts less")
	}
	b.segments = append(b.segments, s)
	return nil
}

// insert writes what a code inserts into the path.
func (b *builder) insert(c *code, in *insertion) error {
	switch {
	case in.fallback != nil:
		for i := range in.fallback.pieces {
			if err := b.literal(&in.fallback.pieces[i]); err != nil {
				return err
			}
			b.coded = c
		}
		return nil
	case in.absent:
		return b.pattern.absent(c)
	case c.kind == bodyPath:
		return b.insertPath(c, in.text)
	case c.kind == queryAll:
		if in.query == "" {
			return nil
		}
		return b.value(c, in.query)
	case c.kind == whole:
		b.query = joinQuery(b.query, in.query)
	case len(in.segments) == 0:
		return b.value(c, in.text)
	}
	for i, s := range in.segments {
		if i > 0 {
			if err := b.separate(); err != nil {
				return err
			}
		}
		if err := b.value(c, s); err != nil {
			return err
		}
	}
	if in.dir {
		return b.separate()
	}
	return nil
}

// value writes a value into the segment at hand.
func (b *builder) value(c *code, s string) error {
	if s == "" {
		return b.pattern.expandError(c, "an empty value where a path element is needed")
	}
	b.coded = c
	b.write(s)
	return nil
}

// insertPath inserts a value that is a path: each part of it is one segment. A
// slash at its beginning or its end is no part.
func (b *builder) insertPath(c *code, path string) error {
	path = strings.TrimPrefix(path, "/")
	first := true
	for part := range strings.SplitSeq(strings.TrimSuffix(path, "/"), "/") {
		if !first {
			if err := b.separate(); err != nil {
				return err
			}
		}
		first = false
		if err := b.value(c, part); err != nil {
			return err
		}
	}
	if strings.HasSuffix(path, "/") {
		return b.separate()
	}
	return nil
}

// expandQuery makes the query from that which the path's codes brought and the
// pattern's own.
func (p *Pattern) expandQuery(query string, insertions []insertion) (string, error) {
	pieces := p.target.query
	if len(query) > maxQueryBytes {
		return "", p.expandError(nil, "a query over 16 KiB: write a pattern that inserts less")
	}
	if len(pieces) == 0 {
		return query, nil
	}
	if len(pieces) == 1 && pieces[0].code == nil {
		return joinQuery(query, pieces[0].text), nil
	}
	b := make([]byte, 0, 64)
	if b = append(b, query...); query != "" {
		b = append(b, '&')
	}
	for i := range pieces {
		c := pieces[i].code
		if c == nil {
			b = append(b, pieces[i].text...)
			continue
		}
		in := &insertions[c.index]
		if in.absent && in.fallback == nil {
			return "", p.absent(c)
		}
		if b = appendInsertion(b, c, in); len(b) > maxQueryBytes {
			return "", p.expandError(c, "a query over 16 KiB: write a pattern that inserts less")
		}
	}
	return strings.TrimSuffix(string(b), "&"), nil
}

// appendInsertion adds what a code inserts to a query: one component, and a raw
// query joined to what is there.
func appendInsertion(b []byte, c *code, in *insertion) []byte {
	if in.fallback != nil {
		return appendLegalQuery(b, in.fallback.text)
	}
	for i, s := range in.segments {
		if i > 0 {
			b = appendHex(b, '/')
		}
		b = appendComponent(b, s)
	}
	if in.dir {
		b = appendHex(b, '/')
	}
	b = appendComponent(b, in.text)
	if in.query != "" && len(b) > 0 && b[len(b)-1] != '&' {
		b = append(b, '&')
	}
	return append(b, in.query...)
}

func joinQuery(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + "&" + b
}
