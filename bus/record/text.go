package record

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A Look says how a tree is written for people.
type Look struct {
	Width    int  // columns of the terminal; 0 is no end
	NoBodies bool // leave them out, also where they were kept

	// Good, Bad and Faint set a text off; nil leaves it plain.
	Good, Bad, Faint func(string) string
}

// Write writes a tree in aligned columns: what it is, URL, service, status,
// time, and the sizes of what was sent and answered.
func Write(w io.Writer, e Entry, look Look) error {
	t := &table{look: look}
	t.add(e, "", "")
	widths := t.widths()
	out := bufio.NewWriter(w)
	for _, row := range t.rows {
		t.write(out, row, widths)
	}
	return out.Flush()
}

const (
	columns = 6
	gap     = 2
)

// row is a line of the tree.
type row struct {
	cells  [columns]string
	status int
	faint  bool
	below  []string // lines that go through the columns
}

type table struct {
	look Look
	rows []row
}

// add adds e with all below it. first is what its own line begins with, rest
// what those of its children do.
func (t *table) add(e Entry, first, rest string) {
	call := e
	if e.Kind == Step && len(e.Children) == 1 && e.Children[0].Kind == Call {
		call = e.Children[0]
		call.Error = longer(call.Error, e.Error)
	}
	t.rows = append(t.rows, t.rowOf(e, call, first, rest))
	for i, child := range call.Children {
		if i == len(call.Children)-1 && call.More == 0 {
			t.add(child, rest+"└ ", rest+"  ")
		} else {
			t.add(child, rest+"├ ", rest+"│ ")
		}
	}
	if call.More > 0 {
		t.rows = append(t.rows, row{faint: true, cells: [columns]string{fmt.Sprintf("%s└ and %d more", rest, call.More)}})
	}
}

// rowOf returns the line of e, which may be a step that is a call alone.
func (t *table) rowOf(e, call Entry, first, rest string) row {
	r := row{status: call.Status, faint: e.Skipped}
	r.cells = [columns]string{first + printable(e.label()), printable(call.URL), printable(call.Service), e.result(call), "", sizes(call)}
	if !e.Skipped && e.Kind != Plan {
		r.cells[4] = duration(e.Took)
	}
	if call.Error != "" && !childHas(call.Children, call.Error) {
		r.below = append(r.below, "error: "+printable(call.Error))
	}
	if !t.look.NoBodies {
		r.below = append(r.below, body("sent", call.In)...)
		r.below = append(r.below, body("answered", call.Out)...)
	}
	lines := rest + "  "
	if len(call.Children) > 0 || call.More > 0 {
		lines = rest + "│ "
	}
	for i, line := range r.below {
		r.below[i] = lines + line
	}
	return r
}

func longer(a, b string) string {
	if len(a) > len(b) {
		return a
	}
	return b
}

// childHas reports whether a child tells the same error, or the end of it.
func childHas(children []Entry, text string) bool {
	for _, c := range children {
		if c.Error != "" && strings.HasSuffix(text, c.Error) || childHas(c.Children, text) {
			return true
		}
	}
	return false
}

// label says what an entry is.
func (e *Entry) label() string {
	text := e.Text
	switch e.Kind {
	case Request, Call:
		text = e.Method
	case Plan:
		text = "would " + e.Method
	case Part:
		text = "part " + e.Name
	case Around, Pipeline:
		text = e.Name
	case Transform:
		text = "transform"
	case List:
		text = "list"
	}
	if e.At != "" {
		text = e.At + " " + text
	}
	if e.Mode != "" {
		text += " (" + e.Mode + ")"
	}
	if e.Held != nil {
		text += fmt.Sprintf(" [%t]", *e.Held)
	}
	switch {
	case e.Parts == 1:
		text += " [1 part]"
	case e.Parts > 1:
		text += fmt.Sprintf(" [%d parts]", e.Parts)
	}
	return text
}

// result says what a call, or what stands for it, led to.
func (e *Entry) result(call Entry) string {
	switch {
	case e.Skipped:
		return "skipped"
	case e.Kind == Plan:
		return "planned"
	case call.Status > 0:
		return fmt.Sprint(call.Status)
	}
	return ""
}

// duration writes milliseconds out.
func duration(ms float64) string {
	switch {
	case ms >= 1000:
		return fmt.Sprintf("%.2fs", ms/1000)
	case ms >= 10:
		return fmt.Sprintf("%.0fms", ms)
	}
	return fmt.Sprintf("%.2fms", ms)
}

func sizes(e Entry) string {
	if e.In.Type == "" && e.In.Size == 0 && e.Out.Type == "" && e.Out.Size == 0 {
		return ""
	}
	return fmt.Sprintf("%s > %s", size(e.In.Size), size(e.Out.Size))
}

func size(n int64) string {
	const units = "kMGTPE"
	if n < 1000 {
		return fmt.Sprintf("%d B", n)
	}
	value, unit := float64(n)/1000, 0
	for value >= 999.95 && unit < len(units)-1 {
		value, unit = value/1000, unit+1
	}
	return fmt.Sprintf("%.1f %cB", value, units[unit])
}

// body returns the lines of a body.
func body(what string, p Payload) []string {
	if p.Text == "" {
		return nil
	}
	lines := []string{what + ":"}
	for line := range strings.Lines(p.Text) {
		lines = append(lines, "  "+printable(strings.TrimRight(line, "\r\n")))
	}
	if p.Cut {
		lines = append(lines, fmt.Sprintf("  ... of %s", size(p.Size)))
	}
	return lines
}

// printable replaces what would do something to a terminal.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return utf8.RuneError
		}
		return r
	}, text)
}

// widths returns the widths of the columns. Where the terminal is too narrow,
// the URLs and then the tree give way.
func (t *table) widths() [columns]int {
	var widths [columns]int
	for _, row := range t.rows {
		for i, cell := range row.cells {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	if t.look.Width == 0 {
		return widths
	}
	over := gap*(columns-1) - t.look.Width
	for _, width := range widths {
		over += width
	}
	for _, give := range []struct{ column, least int }{{1, 24}, {0, 24}, {1, 8}, {2, 8}, {0, 8}} {
		less := min(over, widths[give.column]-give.least)
		if less > 0 {
			widths[give.column] -= less
			over -= less
		}
	}
	return widths
}

func (t *table) write(w *bufio.Writer, r row, widths [columns]int) {
	var line strings.Builder
	for i, cell := range r.cells {
		cell = fit(cell, widths[i])
		pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
		switch {
		case i >= 4: // numbers stand to the right
			cell = pad + cell
			pad = ""
		case i == 3:
			cell = t.paint(r, cell)
		}
		line.WriteString(cell + pad + strings.Repeat(" ", gap))
	}
	text := strings.TrimRight(line.String(), " ")
	if r.faint && t.look.Faint != nil {
		text = t.look.Faint(text)
	}
	fmt.Fprintln(w, text)
	for _, line := range r.below {
		if t.look.Width > 0 {
			line = fit(line, t.look.Width)
		}
		fmt.Fprintln(w, line)
	}
}

// paint sets a status off.
func (t *table) paint(r row, cell string) string {
	switch {
	case cell == "" || r.faint:
	case r.status >= 400 && t.look.Bad != nil:
		return t.look.Bad(cell)
	case r.status > 0 && r.status < 400 && t.look.Good != nil:
		return t.look.Good(cell)
	}
	return cell
}

// fit cuts a text to a width, and shows where.
func fit(text string, width int) string {
	if utf8.RuneCountInString(text) <= width {
		return text
	}
	return string([]rune(text)[:max(width-1, 0)]) + "…"
}

// Plans returns the writes that a dry run did not make, in the order of the
// definitions that they come of, and how many of them had no room.
func Plans(e Entry) (list []string) {
	if e.Kind == Plan {
		line := fmt.Sprintf("would %s %s", printable(e.Method), printable(e.URL))
		if e.In.Size > 0 || e.In.Type != "" {
			line += ", " + bytesOf(e.In.Size)
		}
		list = append(list, line)
	}
	for _, child := range e.Children {
		list = append(list, Plans(child)...)
	}
	if e.LostPlans > 0 {
		list = append(list, fmt.Sprintf("and %d more", e.LostPlans))
	}
	return list
}

func bytesOf(n int64) string {
	if n == 1 {
		return "1 byte"
	}
	return fmt.Sprintf("%d bytes", n)
}
