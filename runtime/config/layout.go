package config

import "bytes"

// layout is a text while it is laid out.
type layout struct{ tokens []token }

// measure finds out which brackets stand on lines of their own: those of objects
// with a line break inside, and of lists with one between their elements. It
// drops the line breaks that do not count: before commas and colons, after
// colons, and between brackets with nothing in them.
func (l *layout) measure() {
	var open []*token
	inMember := false // between a colon and its value
	for i := range l.tokens {
		t, before := &l.tokens[i], &token{text: []byte(",")}
		if i > 0 {
			before = &l.tokens[i-1]
		}
		inMember = before.is(":") || inMember && before.isComment()
		switch {
		case before.isLineComment(): // so that this one is on the next line
		case inMember, t.is(":"), before.is("{[") && t.is("}]"):
			t.breaks = 0
		}
		for j, around := range open {
			if t.breaks > 0 && (around.is("{") || j == len(open)-1) {
				around.broken = true
			}
		}
		switch {
		case t.is("{["):
			open = append(open, t)
		case t.is("}]"):
			t.broken = open[len(open)-1].broken
			open = open[:len(open)-1]
		}
	}
}

func (l *layout) print() []byte {
	var out bytes.Buffer
	depth := 0
	for i := range l.tokens {
		t := &l.tokens[i]
		if t.is("}]") && t.broken {
			depth--
		}
		if i > 0 {
			between(&out, &l.tokens[i-1], t, depth)
		}
		out.Write(t.text)
		if t.is("{[") && t.broken {
			depth++
		}
	}
	out.WriteByte('\n')
	return out.Bytes()
}

// between writes what stands between two tokens.
func between(out *bytes.Buffer, before, t *token, depth int) {
	opened, closes := before.is("{[") && before.broken, t.is("}]") && t.broken
	switch {
	case t.breaks > 0, closes, opened && !t.isComment():
		if t.breaks > 1 && !opened && !closes {
			out.WriteByte('\n')
		}
		out.WriteByte('\n')
		for range depth {
			out.WriteString("  ")
		}
	case spaced(before, t):
		out.WriteByte(' ')
	}
}

// spaced reports whether two tokens on one line have a space between them.
func spaced(before, t *token) bool {
	switch {
	case t.is(":,]"), before.is("{") && t.is("}"):
		return false
	case before.is("["):
		return t.isComment()
	}
	return true
}
