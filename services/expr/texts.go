package expr

import (
	"crypto/rand"
	"fmt"
	"math"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/dop251/goja"
	"golang.org/x/text/unicode/norm"
)

// builder is text that a function of the host makes: each piece is charged.
type builder struct {
	*machine
	strings.Builder
}

// add appends a piece, and throws what ends the evaluation.
func (b *builder) add(piece string) {
	b.alive()
	if err := b.run.budget.takeBytes(int64(len(piece))); err != nil {
		b.fail(err)
	}
	b.WriteString(piece)
}

// alive throws if the watchdog has stopped the evaluation: goja does not look
// inside functions of the host.
func (m *machine) alive() {
	if err := m.late(); err != nil {
		m.fail(err)
	}
}

// normalize is String.prototype.normalize.
func (m *machine) normalize(c goja.FunctionCall) goja.Value {
	forms := map[string]norm.Form{"NFC": norm.NFC, "NFD": norm.NFD, "NFKC": norm.NFKC, "NFKD": norm.NFKD}
	form, ok := forms[c.Argument(1).String()]
	if !ok {
		m.fail(fmt.Errorf("normalize(%q): write one of NFC, NFD, NFKC and NFKD", c.Argument(1).String()))
	}
	out := builder{machine: m}
	var i norm.Iter
	for i.InitString(form, c.Argument(0).String()); !i.Done(); {
		out.add(string(i.Next()))
	}
	return m.js.ToValue(out.String())
}

// canonicalise leaves the letters and digits of a text, without accents and in
// lower case: a number of them, or all where that is 0.
func (m *machine) canonicalise(c goja.FunctionCall) goja.Value {
	most := c.Argument(1).ToInteger()
	out := builder{machine: m}
	var i norm.Iter
	n := int64(0)
	for i.InitString(norm.NFD, c.Argument(0).String()); !i.Done(); {
		for _, r := range string(i.Next()) {
			if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
				continue
			}
			if n++; most > 0 && n > most {
				return m.js.ToValue(out.String())
			}
			out.add(string(unicode.ToLower(r)))
		}
		m.alive()
	}
	return m.js.ToValue(out.String())
}

// split is String.prototype.split with a text: nothing between two characters
// that are one in Unicode.
func (m *machine) split(c goja.FunctionCall) goja.Value {
	rest, by, limit := c.Argument(0).String(), c.Argument(1).String(), c.Argument(2).ToInteger()
	var parts []any
	for more := by != "" || rest != ""; more && int64(len(parts)) < limit; {
		if len(parts)&0xff == 0 {
			m.alive()
		}
		var part string
		if by == "" {
			_, width := utf8.DecodeRuneInString(rest)
			part, rest = rest[:width], rest[width:]
			more = rest != ""
		} else {
			part, rest, more = strings.Cut(rest, by)
		}
		parts = append(parts, m.js.ToValue(part))
	}
	if err := m.run.budget.takeElements(int64(len(parts))); err != nil {
		m.fail(err)
	}
	return m.js.NewArray(parts...)
}

// stripHTML leaves what stands outside of tags. It is for reading, and makes
// nothing safe.
func (m *machine) stripHTML(c goja.FunctionCall) goja.Value {
	out := builder{machine: m}
	for rest := c.Argument(0).String(); rest != ""; {
		text, tag, found := strings.Cut(rest, "<")
		out.add(text)
		if !found {
			break
		}
		_, after, closed := strings.Cut(tag, ">")
		if !closed {
			out.add("<" + tag)
			break
		}
		rest = after
	}
	return m.js.ToValue(out.String())
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
	out := builder{machine: m}
	for format != "" {
		if quoted, ok := strings.CutPrefix(format, "'"); ok {
			text, rest, _ := strings.Cut(quoted, "'")
			out.add(text)
			format = rest
			continue
		}
		format = formatPart(&out, when, format)
	}
	return m.js.ToValue(out.String())
}

// formatPart writes what the beginning of a format stands for, and returns the
// rest.
func formatPart(out *builder, when time.Time, format string) string {
	for _, l := range layouts {
		if rest, ok := strings.CutPrefix(format, l.part); ok {
			out.add(strings.TrimPrefix(when.Format(l.layout), "."))
			return rest
		}
	}
	_, width := utf8.DecodeRuneInString(format)
	out.add(format[:width])
	return format[width:]
}

// newUUID returns a random UUID (RFC 9562 section 5.4).
func newUUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
