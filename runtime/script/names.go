package script

import (
	"maps"
	"regexp"
	"strings"
)

// names is what {{name}} stands for.
type names map[string]string

// fill puts in what the names stand for, as it is: a name in it stays.
func (n names) fill(text string) string {
	return nameForm.ReplaceAllStringFunc(text, func(form string) string {
		if value, ok := n[strings.Trim(form, "{}")]; ok {
			return value
		}
		return form
	})
}

// match compares a text with what is wanted, and learns the names that are new.
func (n names) match(want, text string) bool {
	found, ok := n.try(want, text)
	maps.Copy(n, found)
	return ok
}

// try is match, but returns the names that are new.
func (n names) try(want, text string) (found names, ok bool) {
	if !strings.Contains(want, "{{") {
		return nil, want == text
	}
	compiled, err := regexp.Compile("(?s)^" + openForm.ReplaceAllString(regexp.QuoteMeta(n.fill(want)), `(?P<$1>.+?)`) + "$")
	if err != nil {
		return nil, false
	}
	groups := compiled.FindStringSubmatch(text)
	if groups == nil {
		return nil, false
	}
	found = make(names)
	for i, name := range compiled.SubexpNames() {
		if known, twice := found[name]; twice && known != groups[i] {
			return nil, false
		}
		if name != "" {
			found[name] = groups[i]
		}
	}
	return found, true
}

var (
	openForm = regexp.MustCompile(`\\\{\\\{(\w+)\\\}\\\}`) // in a quoted text
	nameForm = regexp.MustCompile(`\{\{(\w+)\}\}`)
)
