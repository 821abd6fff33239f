package gotemplate

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// maxWidth is the most that a width or a precision of printf may be.
const maxWidth = 1000

// directive is one of printf: flags, width, precision and verb.
var directive = regexp.MustCompile(`%[-+# 0]*(\d*)(?:\.(\d*))?([a-zA-Z%])?`)

// printf is that of Go, one directive after the other: a width has an end, each
// directive takes the next argument, and a number is what its verb needs.
func (r *run) printf(format string, args ...any) (string, error) {
	var b strings.Builder
	rest := format
	for {
		at := directive.FindStringSubmatchIndex(rest)
		if at == nil {
			break
		}
		b.WriteString(rest[:at[0]])
		part := rest[at[0]:at[1]]
		if at[6] < 0 {
			return "", fmt.Errorf("%q is no directive: write one such as %%s, %%d or %%.2f", part)
		}
		verb := rest[at[6]]
		rest = rest[at[1]:]
		if verb == '%' {
			b.WriteByte('%')
			continue
		}
		if len(args) == 0 {
			return "", fmt.Errorf("%q has more directives than there are values", format)
		}
		text, err := r.directive(part, verb, args[0])
		if err != nil {
			return "", err
		}
		args = args[1:]
		b.WriteString(text)
	}
	if len(args) > 0 {
		return "", fmt.Errorf("%q has %d directives too few", format, len(args))
	}
	b.WriteString(rest)
	return b.String(), r.spend(b.Len())
}

// directive writes one value.
func (r *run) directive(part string, verb byte, v any) (string, error) {
	width := 0
	for _, group := range directive.FindStringSubmatch(part)[1:3] {
		n, err := strconv.Atoi("0" + group)
		if err != nil || n > maxWidth {
			return "", fmt.Errorf("%q is wider than %d", part, maxWidth)
		}
		width += n
	}
	value, err := r.valueFor(verb, v)
	if err != nil {
		return "", err
	}
	text, _ := value.(string)
	if err := r.spend(width + 8*len(text)); err != nil { // a byte is at most 8 of %+q
		return "", err
	}
	if verb == 'v' {
		part = part[:len(part)-1] + "s"
	}
	return fmt.Sprintf(part, value), nil
}

// valueFor returns a value as its verb takes it.
func (r *run) valueFor(verb byte, v any) (any, error) {
	switch verb {
	case 's', 'v', 'q':
		return r.text(v)
	case 'e', 'E', 'f', 'F', 'g', 'G':
		return float(v)
	case 'x', 'X':
		if isText(v) {
			return r.text(v)
		}
		return integer(v)
	case 'd', 'b', 'o', 'c', 'U':
		return integer(v)
	case 't':
		if truth, ok := v.(bool); ok {
			return truth, nil
		}
		return nil, fmt.Errorf("%s is not true or false", sort(v))
	}
	return nil, fmt.Errorf("there is no directive with %q", string(verb))
}

// integer returns a number that is whole.
func integer(v any) (any, error) {
	if u, ok := v.(uint64); ok {
		return u, nil
	}
	if n, ok := whole(v); ok {
		return n, nil
	}
	f, err := float(v)
	if err != nil {
		return nil, err
	}
	if n := int64(f); float64(n) == f && f > -1<<63 && f < 1<<63 {
		return n, nil
	}
	return nil, fmt.Errorf("%s is no whole number", floatText(f))
}
