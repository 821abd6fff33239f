package script

import (
	"fmt"
	"maps"
	"strings"
	"unicode/utf8"

	"github.com/rogpeppe/go-internal/diff"
)

// seen is a reply, or a mail, that came.
type seen struct {
	status int                   // 0 of a mail
	values func(string) []string // of the fields of a name
	body   string
}

// A Difference is the error of a step that is not answered as expected.
type Difference struct {
	what      string // "reply" or "mail"
	want, got string // all that the script looks at, and what of it came
	expected  *Expected
	seen      *seen
	names     names
	before    names // as they were then
}

// Line returns where in the file stands what was expected.
func (d *Difference) Line() int { return d.expected.Line }

// Lines returns what was expected, and what came, as lines that begin with "-",
// "+", or " " where they are the same.
func (d *Difference) Lines() (lines []string) {
	all := strings.Split(string(diff.Diff("", []byte(d.want), "", []byte(d.got))), "\n")
	for i, line := range all[min(3, len(all)):] { // after the names
		switch {
		case strings.HasPrefix(line, "@@") && i > 0:
			lines = append(lines, " ...")
		case line != "" && !strings.HasPrefix(line, "@@"):
			lines = append(lines, line)
		}
	}
	for len(lines) > 0 && lines[len(lines)-1] == " " {
		lines = lines[:len(lines)-1]
	}
	return lines
}

func (d *Difference) Error() string {
	return fmt.Sprintf("the %s is another one:\n%s", d.what, strings.Join(d.Lines(), "\n"))
}

// compare returns nil where what came is what was expected, whose names it then
// knows. Of what differs it learns nothing.
func (n names) compare(e *Expected, s *seen) *Difference {
	c := &comparison{names: maps.Clone(n)}
	if e.Status != 0 {
		c.both(fmt.Sprint(e.Status), fmt.Sprint(s.status))
	}
	for _, field := range e.Header {
		c.field(field[0], field[1], s.values)
	}
	body := strings.TrimSuffix(s.body, "\n")
	switch {
	case e.Body != nil:
		c.both("", "")
		c.body(*e.Body, body)
	case e.Status != s.status && body != "": // it says why
		c.got.WriteString("\n" + shown(body) + "\n")
		c.different = true
	}
	if !c.different {
		maps.Copy(n, c.names)
		return nil
	}
	what := "reply"
	if e.Status == 0 {
		what = "mail"
	}
	return &Difference{what: what, want: c.want.String(), got: c.got.String(), expected: e, seen: s, names: n, before: maps.Clone(n)}
}

type comparison struct {
	names
	want, got strings.Builder
	different bool
}

func (c *comparison) both(want, got string) {
	c.want.WriteString(want + "\n")
	c.got.WriteString(got + "\n")
	c.different = c.different || want != got
}

func (c *comparison) field(name, want string, of func(string) []string) {
	bare, absent := strings.CutPrefix(name, "!")
	values := of(bare)
	came := strings.Join(values, ", ")
	switch {
	case absent && len(values) == 0:
		c.both(name, name)
	case absent:
		c.both(name, bare+": "+came)
	case len(values) == 0:
		c.want.WriteString(name + ": " + c.fill(want) + "\n")
		c.different = true
	case c.match(want, came):
		c.both(name+": "+came, name+": "+came)
	default:
		c.both(name+": "+c.fill(want), name+": "+came)
	}
}

func (c *comparison) body(want, got string) {
	if spread(want) && isJSON(got) {
		want, got = layout(want), layout(got)
	}
	if c.match(want, got) {
		c.both(got, got)
		return
	}
	c.different = true
	want = c.fill(want)
	lines := c.alike(want, got)
	if isJSON(got) && strings.HasPrefix(want, got[:1]) {
		// laid out, unless the spacing is all that differs
		if laid := layout(got); c.alike(layout(want), laid) != laid {
			lines, got = c.alike(layout(want), laid), laid
		}
	}
	c.want.WriteString(lines + "\n")
	c.got.WriteString(shown(got) + "\n")
}

// alike returns what is wanted, with lines of what came in the place of those
// with names that match them.
func (c *comparison) alike(want, got string) string {
	lines := strings.Split(want, "\n")
	for i, line := range lines {
		if !nameForm.MatchString(line) {
			continue
		}
		for other := range strings.SplitSeq(got, "\n") {
			if _, ok := c.try(line, other); ok {
				lines[i] = other
				break
			}
		}
	}
	return strings.Join(lines, "\n")
}

// shown returns a body for people.
func shown(body string) string {
	if !utf8.ValidString(body) {
		return fmt.Sprintf("(%d bytes that are no text)", len(body))
	}
	return body
}
