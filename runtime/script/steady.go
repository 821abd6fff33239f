package script

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// steady returns what came with the names of what was wanted in it, and with names
// in the place of what is another than in the first play. label is for new ones.
func (u *update) steady(label, want, was, came string) string {
	came = u.named(want, came)
	if u.before == nil {
		return came
	}
	was, came = u.known(u.before.named(want, was), came)
	a, b := unitForm.FindAllString(was, -1), unitForm.FindAllString(came, -1)
	if len(a) != len(b) {
		a, b = []string{was}, []string{came}
	}
	var text strings.Builder
	for i := range b {
		u.unit(&text, label, wordForm.FindAllString(a[i], -1), wordForm.FindAllString(b[i], -1))
	}
	return text.String()
}

// leastKnown is the shortest value that is found anywhere in a text.
const leastKnown = 4

// known puts the names in that stand for something else in each play.
func (u *update) known(was, came string) (string, string) {
	longest := slices.SortedFunc(maps.Keys(u.names), func(a, b string) int {
		return cmp.Or(len(u.names[b])-len(u.names[a]), strings.Compare(a, b))
	})
	for _, name := range longest {
		first, next := u.before.names[name], u.names[name]
		if len(first) >= leastKnown && len(next) >= leastKnown && first != next && !timeForm.MatchString(next) {
			was = strings.ReplaceAll(was, first, "{{"+name+"}}")
			came = strings.ReplaceAll(came, next, "{{"+name+"}}")
		}
	}
	return was, came
}

// unit adds the words that came to text: those that are others than before become
// a name, one for all that stand side by side, and one for all between the first
// and the last of them where there are more of them, or fewer.
func (u *update) unit(text *strings.Builder, label string, was, came []string) {
	if len(was) != len(came) {
		start, end := shared(was, came)
		text.WriteString(strings.Join(came[:start], ""))
		u.name(text, label, strings.Join(was[start:len(was)-end], ""), strings.Join(came[start:len(came)-end], ""))
		text.WriteString(strings.Join(came[len(came)-end:], ""))
		return
	}
	for i := 0; i < len(came); i++ {
		from := i
		for i < len(came) && was[i] != came[i] {
			i++
		}
		if from < i {
			u.name(text, label, strings.Join(was[from:i], ""), strings.Join(came[from:i], ""))
		}
		if i < len(came) {
			text.WriteString(came[i])
		}
	}
}

// shared returns how many words are the same at the start and at the end, so that
// there are others between them in both.
func shared(a, b []string) (start, end int) {
	least := min(len(a), len(b)) - 1 // a name stands for a word at least
	for start < least && a[start] == b[start] {
		start++
	}
	for end < least-start && a[len(a)-1-end] == b[len(b)-1-end] {
		end++
	}
	return start, max(0, end)
}

// name adds a name for what was one thing in the first play, and then another: a
// new one, unless one stands for the same two, which are no times.
func (u *update) name(text *strings.Builder, label, was, came string) {
	if was == "" || came == "" {
		u.unsteady = true
		return
	}
	for _, name := range slices.Sorted(maps.Keys(u.names)) {
		if u.names[name] == came && u.before.names[name] == was && !timeForm.MatchString(came) {
			text.WriteString("{{" + name + "}}")
			return
		}
	}
	if key := keyForm.FindStringSubmatch(text.String()); key != nil {
		label = key[1]
	}
	name := label
	for i := 2; slices.Contains(u.taken, name); i++ {
		name = fmt.Sprint(label, i)
	}
	u.taken = append(u.taken, name)
	u.names[name], u.before.names[name], u.fresh[name] = came, was, was
	text.WriteString("{{" + name + "}}")
}

// dayForm is a weekday, a month, or a date in numbers.
const dayForm = `(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun|Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*|\d{4}-\d\d-\d\d[\w:.+-]*`

var (
	// unitForm is a string of JSON, a line break, or what is between them.
	unitForm = regexp.MustCompile(`"(?:[^"\\\n]|\\.)*"|\n|[^"\n]+|"`)

	// wordForm is a name, a date in several words, a word, which may be a time, a
	// token or a number, or one other character.
	wordForm = regexp.MustCompile(`(?s)\{\{\w+\}\}|` +
		`(?:\d[\w:.+-]*,? )*(?:` + dayForm + `)(?:,? (?:` + dayForm + `|at|[AP]M|(?:GMT|UTC)(?:[+-]\d{4})?|[+-]?\d[\w:.+-]*))*` +
		`|[\p{L}\p{N}_.+-][\p{L}\p{N}_:.+-]*|.`)

	// timeForm is what may be a time. Two that are the same are so by chance.
	timeForm = regexp.MustCompile(`^\d+$|\d:\d\d|` + dayForm)

	// keyForm is the key of JSON before a value.
	keyForm = regexp.MustCompile(`"(\w+)":\s*"?[^"]*$`)
)
