package script

import (
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// spread reports whether an author has laid out JSON over lines, so that its
// spacing does not count.
func spread(want string) bool {
	want = strings.TrimSpace(want)
	return want != "" && strings.Contains("{[", want[:1]) && strings.Contains(want, "\n")
}

// isJSON reports whether text is an object or a list.
func isJSON(text string) bool {
	text = strings.TrimSpace(text)
	return text != "" && strings.Contains("{[", text[:1]) && jsontext.Value(text).IsValid()
}

// layout lays out JSON, in which {{name}} may stand anywhere, always in the same
// way: a line for each value.
func layout(text string) string {
	l := &layouter{}
	for text != "" {
		if n := len(l.token(text)); n > 0 {
			text = text[n:]
		}
	}
	return l.String()
}

type layouter struct {
	strings.Builder
	depth int
	begun bool // an object or a list, with nothing in it so far
}

// token writes what text begins with, and returns that.
func (l *layouter) token(text string) string {
	switch c := text[0]; {
	case strings.HasPrefix(text, "{{") && nameForm.FindStringIndex(text) != nil && nameForm.FindStringIndex(text)[0] == 0:
		return l.value(nameForm.FindString(text))
	case strings.IndexByte(" \t\r\n", c) >= 0:
		return text[:1]
	case c == '{' || c == '[':
		l.value(text[:1])
		l.depth, l.begun = l.depth+1, true
	case c == '}' || c == ']':
		l.depth = max(0, l.depth-1)
		if !l.begun {
			l.line()
		}
		l.begun = false
		l.WriteByte(c)
	case c == ',':
		l.WriteByte(c)
		l.line()
	case c == ':':
		l.WriteString(": ")
	case c == '"':
		return l.value(text[:quoted(text)])
	default:
		return l.value(text[:1+len(text[1:])-len(strings.TrimLeft(text[1:], "+-.0123456789abcdefghijklmnopqrstuvwxyzE"))])
	}
	return text[:1]
}

func (l *layouter) value(text string) string {
	if l.begun {
		l.line()
	}
	l.begun = false
	l.WriteString(text)
	return text
}

func (l *layouter) line() { l.WriteString("\n" + strings.Repeat("  ", l.depth)) }

// quoted returns the length of the string that text begins with.
func quoted(text string) int {
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(text)
}
