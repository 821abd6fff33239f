package adaptors

import (
	"fmt"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/seed90475182/restspace/bus"
)

// A Key names a document: decoded segments, the last of them the document's
// own. As a prefix it names a directory, and none at all is the root. A
// segment may hold any text, slashes included.
type Key []string

// maxName is the longest name of a file in common file systems.
const maxName = 255

// Check returns an error that is ErrKey, with status 400, unless all segments
// can be stored: none is empty, all are UTF-8, and none is longer than 255
// bytes as EscapeName writes it. It does not mind a key of no segments.
func (k Key) Check() error {
	for _, segment := range k {
		switch {
		case segment == "":
			return keyError("a name in the path is empty: write something between the slashes")
		case !utf8.ValidString(segment):
			return keyError("the name %q is not UTF-8: encode it as UTF-8", segment)
		}
		if n := escapedLen(segment); n > maxName {
			return keyError("the name %.40q... takes %d bytes when it is stored: shorten it to %d", segment, n, maxName)
		}
	}
	return nil
}

func keyError(format string, args ...any) error {
	return &bus.Error{Status: http.StatusBadRequest, Detail: fmt.Sprintf(format, args...), Err: ErrKey}
}

// String returns the key for messages: the escaped names with slashes between
// them, and "/" for the root.
func (k Key) String() string {
	if len(k) == 0 {
		return "/"
	}
	var b strings.Builder
	for i, segment := range k {
		if i > 0 {
			b.WriteByte('/')
		}
		b.WriteString(EscapeName(segment))
	}
	return b.String()
}

// EscapeName returns a segment as a name in a file system or a bucket: the one
// escape that all stores share, so that all of them list in the same order. As
// "%" and two upper-case hex digits it writes "/", "%", "\", control
// characters, a "." at the beginning, and a "." or a space at the end; all else
// stays as it is. No two segments have the same name, and no name begins with
// a ".", so names such as ".tmp" are free for other uses. Where nothing needs
// it, it is the segment itself.
//
// Names sort as their bytes do. That is the order of the segments but where
// they differ in an escaped character, which sorts as "%" does.
func EscapeName(segment string) string {
	n := escapedLen(segment)
	if n == len(segment) {
		return segment
	}
	const hex = "0123456789ABCDEF"
	name := make([]byte, 0, n)
	for i := range len(segment) {
		if c := segment[i]; escaped(segment, i) {
			name = append(name, '%', hex[c>>4], hex[c&15])
		} else {
			name = append(name, c)
		}
	}
	return string(name)
}

// UnescapeName returns the segment that EscapeName wrote as name. ok is false
// for a name that no segment has, such as ".tmp" or "%41".
func UnescapeName(name string) (segment string, ok bool) {
	segment = name
	if strings.Contains(name, "%") {
		if segment, ok = unescape(name); !ok {
			return "", false
		}
	}
	// Only the canonical name of a segment is its name. Since an escape
	// is never undone to something longer, comparing lengths is not enough:
	// "%41" and "%2F" are both three bytes.
	if segment == "" || !utf8.ValidString(segment) || !canonical(segment, name) {
		return "", false
	}
	return segment, true
}

// Position returns where a name stands in the byte order of a listing. The name
// is given as [Store].List takes it: decoded, a directory's with a "/" at its
// end. Drivers compare the positions of what they list; that of "" is before
// all others.
func Position(name string) string {
	if dir, ok := strings.CutSuffix(name, "/"); ok {
		return EscapeName(dir) + "/"
	}
	return EscapeName(name)
}

// canonical reports whether name is EscapeName(segment), allocating nothing.
func canonical(segment, name string) bool {
	j := 0
	for i := range len(segment) {
		width := 1
		if escaped(segment, i) {
			width = 3
		}
		if j+width > len(name) || (name[j] == '%') != (width == 3) {
			return false
		}
		j += width
	}
	return j == len(name) && len(name) <= maxName
}

// unescape undoes every escape in name that upper-case digits write.
func unescape(name string) (string, bool) {
	segment := make([]byte, 0, len(name))
	for i := 0; i < len(name); i++ {
		c := name[i]
		if c == '%' {
			if i+2 >= len(name) {
				return "", false
			}
			high, ok1 := digit(name[i+1])
			low, ok2 := digit(name[i+2])
			if !ok1 || !ok2 {
				return "", false
			}
			c = high<<4 | low
			i += 2
		}
		segment = append(segment, c)
	}
	return string(segment), true
}

func digit(c byte) (value byte, ok bool) {
	switch {
	case '0' <= c && c <= '9':
		return c - '0', true
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}

func escapedLen(segment string) int {
	n := len(segment)
	for i := range len(segment) {
		if escaped(segment, i) {
			n += 2
		}
	}
	return n
}

// escaped reports whether the byte at i of a segment is written as an escape.
func escaped(segment string, i int) bool {
	switch c := segment[i]; c {
	case '/', '%', '\\', 0x7f:
		return true
	case '.':
		return i == 0 || i == len(segment)-1
	case ' ':
		return i == len(segment)-1
	default:
		return c < ' '
	}
}
