package script

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// An Edit is a part of a script that is to be another one.
type Edit struct {
	at        int
	old, next string
}

// Edited returns the script with other parts, and all else as it was.
func (s *Script) Edited(edits []Edit) []byte {
	edits = slices.SortedFunc(slices.Values(edits), func(a, b Edit) int { return b.at - a.at })
	data := s.data
	for _, e := range edits { // the last one first
		data = data[:e.at] + e.next + data[e.at+len(e.old):]
	}
	if s.crlf {
		data = strings.ReplaceAll(data, "\n", "\r\n")
	}
	return []byte(data)
}

// An Update has a script say what comes. The script is played twice, each time
// from nothing, with First and then Next as what accepts differences: what is
// another in the second play, such as a time or a random name, becomes a {{name}}.
// It is not safe for concurrent use.
type Update struct {
	first map[int]*Difference // by where in the file stands what was expected
	taken []string            // names of the script
	fresh names               // that are new, with their values in the first play
	edits []Edit
}

// NewUpdate returns the update of a script.
func NewUpdate(s *Script) *Update {
	return &Update{first: make(map[int]*Difference), taken: slices.Clone(s.names), fresh: make(names)}
}

// First notes what differs in the first play.
func (u *Update) First(d *Difference) error {
	u.first[d.expected.at] = d
	_, err := d.edit(nil, u)
	return err
}

// Differs reports whether anything differed in the first play.
func (u *Update) Differs() bool { return len(u.first) > 0 }

// Next notes how the script is to be edited, so that what came is what is
// expected. What it does not look at stays out of it, and names stay; those that
// are new are known then. An error says why that can't be written.
func (u *Update) Next(d *Difference) error {
	first := u.first[d.expected.at]
	if first == nil || first.seen.status != d.seen.status {
		return errUnsteady
	}
	edit, err := d.edit(first, u)
	if err == nil {
		u.edits = append(u.edits, edit)
	}
	return err
}

// Edits returns what Next has noted.
func (u *Update) Edits() []Edit { return u.edits }

// errUnsteady is the error of what no script can expect.
var errUnsteady = errors.New("it is another one each time that the script is played: write it by hand")

// edit returns the part in which what came is what is expected. first is what came
// in the first play, nil in that.
func (d *Difference) edit(first *Difference, all *Update) (Edit, error) {
	u := &update{Update: all, names: d.names, seen: d.seen, old: d.expected.text}
	if first != nil {
		u.before = &update{names: maps.Clone(first.before), seen: first.seen}
		maps.Copy(u.before.names, all.fresh)
	}
	next := u.text(d.expected)
	if u.unsteady {
		return Edit{}, errUnsteady
	}
	p := part{text: next}
	read := p.mail
	if d.expected.Status != 0 {
		read = p.reply
	}
	e, err := read()
	if err != nil || len(parts("-- x --\n"+next)) != 1 {
		return Edit{}, errors.New("no script can hold what came: leave the body out")
	}
	for _, found := range nameForm.FindAllString(d.expected.text, -1) {
		if !strings.Contains(next, found) {
			return Edit{}, fmt.Errorf("there is no place for %s in what came: write it by hand", found)
		}
	}
	if d.names.compare(&e, d.seen) != nil {
		return Edit{}, errors.New("it can't be written as it came: write it by hand")
	}
	return Edit{d.expected.at, d.expected.text, next}, nil
}

// update writes a part anew.
type update struct {
	*Update
	names
	seen     *seen
	old      string
	before   *update // of the first play; nil in that
	unsteady bool
}

func (u *update) text(e *Expected) string {
	var b strings.Builder
	head, body, _ := strings.Cut(u.old, "\n\n")
	if strings.HasPrefix(u.old, "\n") { // a mail without fields
		head, body = "", u.old[1:]
	}
	lines := strings.Split(strings.TrimSuffix(head, "\n"), "\n")
	if e.Status != 0 {
		b.WriteString(u.status(lines[0]) + "\n")
		lines = lines[1:]
	}
	for i, field := range e.Header {
		b.WriteString(u.field(lines[i], field[0], field[1]))
	}
	if e.Body == nil {
		return b.String()
	}
	if next := u.body(*e.Body); next != *e.Body {
		body = next + "\n"
	}
	b.WriteString("\n" + body)
	return b.String()
}

// status returns the first line of a reply.
func (u *update) status(line string) string {
	word, rest, _ := strings.Cut(line, " ")
	now := strconv.Itoa(u.seen.status)
	if now == word {
		return line
	}
	if strings.TrimSpace(rest) == "" {
		return now
	}
	return strings.TrimSpace(now + " " + http.StatusText(u.seen.status))
}

func (u *update) field(line, name, want string) string {
	bare, absent := strings.CutPrefix(name, "!")
	values := u.seen.values(bare)
	came := strings.Join(values, ", ")
	was := came
	if u.before != nil {
		before := u.before.seen.values(bare)
		was = strings.Join(before, ", ")
		u.unsteady = u.unsteady || (len(before) == 0) != (len(values) == 0)
	}
	switch {
	case len(values) == 0 && absent:
		return line + "\n"
	case len(values) == 0:
		return "!" + name + "\n"
	case !absent && u.both(want, was, came):
		return line + "\n"
	}
	label := strings.ToLower(strings.ReplaceAll(bare, "-", ""))
	return bare + ": " + u.steady(label, want, was, came) + "\n"
}

func (u *update) body(want string) string {
	got, was := strings.TrimSuffix(u.seen.body, "\n"), ""
	if u.before != nil {
		was = strings.TrimSuffix(u.before.seen.body, "\n")
	}
	if spread(want) && isJSON(got) {
		if u.both(layout(want), layout(was), layout(got)) {
			return want
		}
		want, was, got = layout(want), layout(was), layout(got)
	}
	if u.both(want, was, got) {
		return want
	}
	return u.steady("text", want, was, got)
}

// both is match, of what came in both plays.
func (u *update) both(want, was, came string) bool {
	if u.before != nil && !u.before.match(want, was) {
		return false
	}
	return u.match(want, came)
}

// named returns what came with the names of what was wanted in it: those that
// are known in the place of what they stand for, and new ones where what stands
// around them is the same.
func (u *update) named(want, came string) string {
	for line := range strings.SplitSeq(want, "\n") {
		if strings.Contains(line, "{{") {
			for other := range strings.SplitSeq(came, "\n") {
				if u.match(line, other) {
					break
				}
			}
		}
	}
	for _, at := range nameForm.FindAllStringSubmatchIndex(want, -1) {
		name := want[at[2]:at[3]]
		if _, known := u.names[name]; !known {
			u.learn(name, want[:at[0]], want[at[1]:], came)
		}
		if value := u.names[name]; value != "" {
			came = strings.ReplaceAll(came, value, "{{"+name+"}}")
		}
	}
	return came
}

// learn finds what a name stands for by what stands before it, as much of it as
// is in what came once or begins a line of it, and by the byte after it.
func (u *update) learn(name, before, after, came string) {
	end := "$"
	if after != "" {
		end = regexp.QuoteMeta(after[:1])
	}
	before = before[strings.LastIndexByte(before, '\n')+1:]
	for start := "^"; start != "" || len(before) > 2; before = before[min(1, len(before)):] {
		form, err := regexp.Compile("(?m)" + start + regexp.QuoteMeta(before) + "(.+?)" + end)
		start = ""
		if err != nil {
			return
		}
		if found := form.FindAllStringSubmatch(came, -1); len(found) == 1 {
			u.names[name] = found[0][1]
			return
		}
	}
}
