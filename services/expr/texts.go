package expr

import (
	"crypto/rand"
	"fmt"
	"math"
	"strings"
	"time"
	"unicode"

	"github.com/dop251/goja"
	"golang.org/x/text/unicode/norm"
)

// canonicalise leaves the letters and digits of s, without accents and in lower
// case: most of them, or all where most is 0.
func canonicalise(s string, most int) string {
	var out strings.Builder
	n := 0
	for _, c := range norm.NFD.String(s) {
		if !unicode.IsLetter(c) && !unicode.IsDigit(c) {
			continue
		}
		if most > 0 && n == most {
			break
		}
		n++
		out.WriteRune(unicode.ToLower(c))
	}
	return out.String()
}

// stripHTML leaves what stands outside of tags. It is for reading, and makes
// nothing safe.
func stripHTML(s string) string {
	var out strings.Builder
	for {
		text, rest, found := strings.Cut(s, "<")
		out.WriteString(text)
		if !found {
			return out.String()
		}
		_, after, closed := strings.Cut(rest, ">")
		if !closed {
			out.WriteString("<" + rest)
			return out.String()
		}
		s = after
	}
}

// layouts are the parts of a format of formatDate, in Go's words; a longer one
// comes before those that it begins with.
var layouts = [...]struct{ part, layout string }{
	{"yyyy", "2006"}, {"yy", "06"}, {"MMMM", "January"}, {"MMM", "Jan"}, {"MM", "01"}, {"M", "1"},
	{"dd", "02"}, {"d", "2"}, {"EEEE", "Monday"}, {"EEE", "Mon"}, {"HH", "15"}, {"hh", "03"}, {"h", "3"},
	{"mm", "04"}, {"m", "4"}, {"ss", "05"}, {"s", "5"}, {"SSS", ".000"}, {"a", "PM"},
}

// formatDate writes a time, in milliseconds of JavaScript, in UTC.
func (m *machine) formatDate(at float64, format string) goja.Value {
	if math.IsNaN(at) {
		return goja.Undefined()
	}
	when := time.UnixMilli(int64(at)).UTC()
	var out strings.Builder
	for format != "" {
		if quoted, ok := strings.CutPrefix(format, "'"); ok {
			text, rest, _ := strings.Cut(quoted, "'")
			out.WriteString(text)
			format = rest
			continue
		}
		format = formatPart(&out, when, format)
	}
	text := out.String()
	if err := m.run.budget.takeBytes(int64(len(text))); err != nil {
		m.fail(err)
	}
	return m.js.ToValue(text)
}

// formatPart writes what the beginning of a format stands for, and returns the
// rest.
func formatPart(out *strings.Builder, when time.Time, format string) string {
	for _, l := range layouts {
		if rest, ok := strings.CutPrefix(format, l.part); ok {
			out.WriteString(strings.TrimPrefix(when.Format(l.layout), "."))
			return rest
		}
	}
	out.WriteByte(format[0])
	return format[1:]
}

// newUUID returns a random UUID (RFC 9562 section 5.4).
func newUUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
