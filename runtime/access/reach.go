package access

import (
	"fmt"
	"iter"
	"net/http"
	"slices"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/services"
)

// A Template stands for service paths that look alike.
type Template struct {
	Segments []string // "" is any segment
	Rest     bool     // one more segment or several follow, whatever they are
}

// Specs returns the specs that [Rules.Decide] asks about an operation of a
// service of that kind: it suffices that one of them admits a user. directory
// says that its paths end in a slash or are empty.
func (r *Rules) Specs(kind *services.Kind, o *services.Operation, directory bool) []*Spec {
	switch {
	case o.Manages:
		return []*Spec{r.Manage}
	case o.Method == http.MethodGet, o.Method == http.MethodPost && kind.PostReads:
		return []*Spec{r.Read}
	case kind.Documents && o.Method == http.MethodPost && directory:
		return []*Spec{r.Create}
	case kind.Documents && (o.Method == http.MethodPut || o.Method == http.MethodPost):
		return []*Spec{r.Create, r.Write}
	}
	return []*Spec{r.Write}
}

// AdmitsAt reports whether u, nil being nobody, is admitted at one of the paths
// that a template stands for.
func (s *Spec) AdmitsAt(u *bus.User, t Template) bool {
	for r := range s.rulesAt(t) {
		if r.all || u != nil && (r.hasRole(u) || r.hasField(u, t)) {
			return true
		}
	}
	return false
}

// Terms returns what admits a user at the paths that a template stands for, as a
// configuration says it: roles, and fields such as {email}. open says that
// everybody is admitted at some of these paths, closed that not everybody is at
// all of them. Neither is so where nobody is admitted.
func (s *Spec) Terms(t Template) (terms []string, open, closed bool) {
	for r := range s.rulesAt(t) {
		open = open || r.all
		closed = closed || !r.all && !r.nobody()
		if r.all {
			continue
		}
		terms = append(terms, r.roles...)
		for _, f := range r.fields {
			terms = append(terms, f.String())
		}
	}
	slices.Sort(terms)
	return slices.Compact(terms), open, closed
}

// rulesAt yields the rules that count at one of the paths of a template.
func (s *Spec) rulesAt(t Template) iter.Seq[*rule] {
	return func(yield func(*rule) bool) {
		for i := range s.sections { // the longest path first
			at := &s.sections[i]
			some, all := t.below(at.path)
			if some && !yield(&at.rule) || all {
				return
			}
		}
		yield(&s.leading)
	}
}

// below reports whether some, and whether all paths of t are at a path or below
// it.
func (t Template) below(path []string) (some, all bool) {
	if len(path) > len(t.Segments) && !t.Rest {
		return false, false
	}
	all = len(path) <= len(t.Segments)
	for i, segment := range path[:min(len(path), len(t.Segments))] {
		switch t.Segments[i] {
		case segment:
		case "":
			all = false
		default:
			return false, false
		}
	}
	return true, all
}

func (r *rule) hasRole(u *bus.User) bool {
	return slices.ContainsFunc(r.roles, func(role string) bool { return slices.Contains(u.Roles, role) })
}

// hasField reports whether a field of u admits it at a path of t.
func (r *rule) hasField(u *bus.User, t Template) bool {
	return slices.ContainsFunc(r.fields, func(f field) bool {
		value, ok := u.Field(f.name)
		switch {
		case !ok || value == "":
			return false
		case f.index >= len(t.Segments):
			return t.Rest
		}
		return t.Segments[f.index] == "" || t.Segments[f.index] == value
	})
}

// String returns f as a configuration has it.
func (f field) String() string {
	if f.index == 0 {
		return "{" + f.name + "}"
	}
	return fmt.Sprintf("{%s}@%d", f.name, f.index+1)
}
