package documents

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// A pointer is a JSON Pointer (RFC 6901): the names and indices that lead to a
// value, decoded. The empty one leads to the whole document.
type pointer []string

func parsePointer(text string) (pointer, error) {
	if text == "" {
		return nil, nil
	}
	if text[0] != '/' {
		return nil, fmt.Errorf(`%q is no JSON Pointer: write a slash before each name, or "" for the whole document`, shorten(text))
	}
	if strings.Count(text, "/") > maxDepth {
		return nil, fmt.Errorf("it leads more than %d levels down, where no document has anything", maxDepth)
	}
	p := pointer(strings.Split(text[1:], "/"))
	for i, token := range p {
		name, err := unescape(token)
		if err != nil {
			return nil, err
		}
		p[i] = name
	}
	return p, nil
}

// unescape decodes ~0 and ~1.
func unescape(token string) (string, error) {
	if !strings.Contains(token, "~") {
		return token, nil
	}
	for i, part := range strings.Split(token, "~") {
		if i > 0 && (part == "" || part[0] != '0' && part[0] != '1') {
			return "", fmt.Errorf("%q has a ~ that means nothing: write ~0 for ~ and ~1 for /", shorten(token))
		}
	}
	return strings.NewReplacer("~1", "/", "~0", "~").Replace(token), nil
}

func (p pointer) equal(other pointer) bool { return slices.Equal(p, other) }

// above reports whether what other leads to is inside what p leads to.
func (p pointer) above(other pointer) bool {
	return len(p) < len(other) && p.equal(other[:len(p)])
}

// String returns the pointer as it is written, in quotes and not too long: for
// errors.
func (p pointer) String() string {
	var text strings.Builder
	escape := strings.NewReplacer("~", "~0", "/", "~1")
	for _, name := range p {
		text.WriteByte('/')
		_, _ = escape.WriteString(&text, name)
	}
	return strconv.Quote(shorten(text.String()))
}
