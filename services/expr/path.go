package expr

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"

	"github.com/tidwall/gjson"
)

// path is a name and members: what is read without a machine.
type path struct {
	root  string
	steps []string
	host  bool   // a function of the scope
	fast  string // root and steps as a gjson path; "" where that means something else
	tail  string // steps alone
}

// compile finds out how p is read.
func (p *path) compile() {
	plain := isPlain(p.root)
	for _, step := range p.steps {
		if !isPlain(step) || step == "length" {
			return
		}
	}
	p.tail = strings.Join(p.steps, ".")
	if plain {
		p.fast = strings.Join(append([]string{p.root}, p.steps...), ".")
	}
}

// isPlain reports whether a name means the same in a path of gjson: a member of
// an object, and of nothing else.
func isPlain(name string) bool {
	for i := range len(name) {
		c := name[i]
		letter := c|0x20 >= 'a' && c|0x20 <= 'z' || c == '_'
		if !letter && (i == 0 || c != '$' && (c < '0' || c > '9')) {
			return false
		}
	}
	return name != ""
}

func (p *path) equal(other *path) bool {
	return p.root == other.root && slices.Equal(p.steps, other.steps)
}

// from reads the steps from what the root is.
func (p *path) from(v gjson.Result) gjson.Result {
	if p.tail != "" && v.IsObject() {
		return gjson.Get(v.Raw, p.tail)
	}
	return stepsFrom(v, p.steps)
}

func stepsFrom(v gjson.Result, steps []string) gjson.Result {
	for _, step := range steps {
		v = member(v, step)
		if !v.Exists() {
			return v
		}
	}
	return v
}

// member is what JavaScript reads as an own property of a JSON value.
func member(v gjson.Result, name string) gjson.Result {
	switch {
	case v.IsObject():
		return field(v, name)
	case v.IsArray():
		if name == "length" {
			n := 0
			v.ForEach(func(_, _ gjson.Result) bool { n++; return true })
			return number(n)
		}
		if i, ok := index(name); ok {
			return element(v, i)
		}
	case v.Type == gjson.String:
		return character(v.Str, name)
	}
	return gjson.Result{}
}

// field is a member of an object: the first of that name, and JSON that was checked has no second.
func field(v gjson.Result, name string) (found gjson.Result) {
	v.ForEach(func(key, value gjson.Result) bool {
		if key.Str == name {
			found = value
			return false
		}
		return true
	})
	return found
}

func element(v gjson.Result, at int) (found gjson.Result) {
	v.ForEach(func(_, value gjson.Result) bool {
		if at == 0 {
			found = value
			return false
		}
		at--
		return true
	})
	return found
}

// index is the position that a name is: decimal digits as JavaScript writes
// them.
func index(name string) (int, bool) {
	i, err := strconv.Atoi(name)
	return i, err == nil && i >= 0 && strconv.Itoa(i) == name
}

func character(s, name string) gjson.Result {
	if name == "length" {
		n := 0
		for _, c := range s {
			n += utf16.RuneLen(c)
		}
		return number(n)
	}
	i, ok := index(name)
	if !ok {
		return gjson.Result{}
	}
	for _, c := range s {
		if i < utf16.RuneLen(c) {
			if utf16.RuneLen(c) == 2 {
				c = '\uFFFD'
			}
			return result(string(c))
		}
		i -= utf16.RuneLen(c)
	}
	return gjson.Result{}
}

func number(n int) gjson.Result {
	return gjson.Result{Type: gjson.Number, Num: float64(n), Raw: strconv.Itoa(n)}
}
