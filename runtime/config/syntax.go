package config

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/tailscale/hujson"
)

// syntax reads the text. After a fault there is no tree.
func (r *reader) syntax(data []byte) *hujson.Value {
	if len(data) > MaxBytes {
		r.faultAt(MaxBytes, "", "the file is over %d MiB: write a smaller one", MaxBytes>>20)
		return nil
	}
	if offset, reason := unfit(data); reason != "" {
		r.faultAt(offset, "", "%s", reason)
		return nil
	}
	// A comment at the very end needs no newline to be one.
	root, err := hujson.Parse(append(data[:len(data):len(data)], '\n'))
	if err == nil {
		return &root
	}
	line, column := len(r.lines)+1, 1
	text := err.Error()
	if _, scanErr := fmt.Sscanf(text, "hujson: line %d, column %d:", &line, &column); scanErr == nil {
		_, text, _ = strings.Cut(text, ": ")
		_, text, _ = strings.Cut(text, ": ")
	}
	offset := len(data)
	if line <= len(r.lines) {
		offset = min(r.lines[line-1]+column-1, offset)
	}
	if at := commentToEnd(data); at >= 0 && strings.HasSuffix(text, "unexpected EOF") {
		r.faultAt(at, "", "// makes a comment of all the rest of the one line that the file is: write it with its line breaks (curl sends them with --data-binary, not with -d)")
		return nil
	}
	r.faultAt(offset, "", "%s", instead(text))
	return nil
}

// aValue says what a value can be.
const aValue = "write a string in double quotes, a number, true, false or null"

// instead says what the parser's text says, and what to write.
func instead(text string) string {
	if strings.HasSuffix(text, "unexpected EOF") {
		return "the file ends before its value does: write the rest of it"
	}
	if what, ok := strings.CutPrefix(text, "invalid literal: "); ok {
		if reason := noString(what); reason != "" {
			return reason
		}
		return "invalid value " + quote(what) + ": " + aValue
	}
	for where, advice := range map[string]string{
		"after array value (expecting ',' or ']')":  "after a value of a list: write a comma before it, or ] where the list ends",
		"after object value (expecting ',' or '}')": "after a value of an object: write a comma before it, or } where the object ends",
		"after object name":                         "after the name of a key: write a colon and a value after the name",
		"after top-level value":                     "after the end of the value: leave out what follows, or a bracket that closes too early",
		"at start of object name":                   "where an object has a key: write its name in double quotes",
		"at start of value":                         "where a value has to be: " + aValue,
	} {
		if what, ok := strings.CutSuffix(text, where); ok {
			return strings.TrimPrefix(what, "invalid character ") + advice
		}
	}
	return text
}

// noString says what keeps a text in double quotes from being a string of JSON.
func noString(text string) string {
	if !strings.HasPrefix(text, `"`) {
		return ""
	}
	escaped := false
	for _, c := range text[1:] {
		switch {
		case c == '\n':
			return `a line break in a string: write it as \n`
		case c < ' ':
			return fmt.Sprintf(`a control character in a string: write it as \u%04x`, c)
		case escaped && !strings.ContainsRune(`"\/bfnrtu`, c):
			return fmt.Sprintf(`\%c in a string: write the character alone, or \\ for a backslash`, c)
		}
		escaped = c == '\\' && !escaped
	}
	return ""
}

// commentToEnd returns where the comment begins that takes the rest of a file
// of one line, -1 if none does.
func commentToEnd(data []byte) int {
	if bytes.IndexByte(bytes.TrimSpace(data), '\n') >= 0 {
		return -1
	}
	for i := 0; i < len(data); i++ {
		switch {
		case data[i] == '"':
			i = endOfString(data, i)
		case bytes.HasPrefix(data[i:], []byte("//")):
			return i
		case data[i] == '/':
			i = endOfComment(data, i)
		}
	}
	return -1
}

// unfit says why a text is not for the parser, which recurses and makes a node
// of each value, and where. It reads no more of the grammar than it must.
func unfit(data []byte) (offset int, reason string) {
	depth, values := 0, 0
	for i := 0; i < len(data); i++ {
		switch data[i] {
		case '"':
			i = endOfString(data, i)
		case '/':
			i = endOfComment(data, i)
		case '{', '[':
			if depth++; depth > maxDepth {
				return i, fmt.Sprintf("more than %d values inside one another: write a flatter one", maxDepth)
			}
		case '}', ']':
			depth--
		case ',':
			if values++; values > maxValues {
				return i, fmt.Sprintf("more than %d values: write fewer", maxValues)
			}
		}
	}
	if !utf8.Valid(data) {
		return validPrefix(data), "bytes that are not UTF-8: save the file as UTF-8"
	}
	return 0, ""
}

// endOfString returns where the string that begins at data[from] ends.
func endOfString(data []byte, from int) int {
	for i := from + 1; i < len(data); i++ {
		switch data[i] {
		case '\\':
			i++
		case '"':
			return i
		}
	}
	return len(data)
}

// endOfComment returns where the comment that begins at data[from] ends, from
// if none does.
func endOfComment(data []byte, from int) int {
	open, end := 2, ""
	switch {
	case bytes.HasPrefix(data[from:], []byte("//")):
		end = "\n"
	case bytes.HasPrefix(data[from:], []byte("/*")):
		end = "*/"
	default:
		return from
	}
	n := bytes.Index(data[from+open:], []byte(end))
	if n < 0 {
		return len(data)
	}
	return from + open + n + len(end) - 1
}

// validPrefix returns how many bytes of data are UTF-8.
func validPrefix(data []byte) int {
	n := 0
	for n < len(data) {
		r, size := utf8.DecodeRune(data[n:])
		if r == utf8.RuneError && size == 1 {
			break
		}
		n += size
	}
	return n
}
