package access

import (
	"iter"
	"slices"

	"github.com/seed90475182/restspace/bus"
)

// A Spec says which users are admitted at which service paths. It is parsed
// with [Parse], does not change, and is safe for concurrent use. The zero Spec
// admits nobody.
type Spec struct {
	text     string
	leading  rule
	sections []section // the longest path first
	narrows  bool      // a rule of it has members
}

// section is a rule for a service path and all below it.
type section struct {
	path []string
	rule rule
}

// rule is terms of which one suffices.
type rule struct {
	all     bool
	roles   []string
	fields  []field
	members []member // all of which a document has to have, too
}

// field admits the user whose named field is the segment at an index.
type field struct {
	name  string
	index int
}

// Admits reports whether u, nil being nobody, is admitted at a service path of
// decoded segments. The section with the longest path that servicePath begins
// with counts, or else the leading terms.
func (s *Spec) Admits(u *bus.User, servicePath []string) bool {
	return s.at(servicePath).admits(u, servicePath)
}

// at returns the rule that counts at a service path.
func (s *Spec) at(servicePath []string) *rule {
	for i := range s.sections {
		at := &s.sections[i]
		if len(servicePath) >= len(at.path) && slices.Equal(servicePath[:len(at.path)], at.path) {
			return &at.rule
		}
	}
	return &s.leading
}

func (r *rule) admits(u *bus.User, path []string) bool {
	if r.all || u == nil {
		return r.all
	}
	for _, role := range r.roles {
		if slices.Contains(u.Roles, role) {
			return true
		}
	}
	for _, f := range r.fields {
		if f.index >= len(path) || path[f.index] == "" {
			continue
		}
		if value, ok := u.Field(f.name); ok && value == path[f.index] {
			return true
		}
	}
	return false
}

// Uniform reports whether s admits a user everywhere or nowhere: its answer
// does not depend on the service path.
func (s *Spec) Uniform() bool {
	return len(s.sections) == 0 && (s.leading.all || len(s.leading.fields) == 0)
}

// Nobody reports whether s admits nobody at all.
func (s *Spec) Nobody() bool {
	for r := range s.rules() {
		if !r.nobody() {
			return false
		}
	}
	return true
}

func (r *rule) nobody() bool { return !r.all && len(r.roles) == 0 && len(r.fields) == 0 }

// Paths yields the service paths of the sections.
func (s *Spec) Paths() iter.Seq[[]string] {
	return func(yield func([]string) bool) {
		for _, section := range s.sections {
			if !yield(section.path) {
				return
			}
		}
	}
}

// Fields yields the names of the fields of a user that s asks for.
func (s *Spec) Fields() iter.Seq[string] {
	return func(yield func(string) bool) {
		for r := range s.rules() {
			for _, f := range r.fields {
				if !yield(f.name) {
					return
				}
			}
			for _, m := range r.members {
				if !yield(m.field) {
					return
				}
			}
		}
	}
}

// rules yields the leading rule and those of the sections.
func (s *Spec) rules() iter.Seq[*rule] {
	return func(yield func(*rule) bool) {
		if !yield(&s.leading) {
			return
		}
		for i := range s.sections {
			if !yield(&s.sections[i].rule) {
				return
			}
		}
	}
}

// IsRole reports whether s is one role and nothing else.
func (s *Spec) IsRole() bool {
	return len(s.sections) == 0 && len(s.leading.roles) == 1 && s.leading.roles[0] == s.text
}

// String returns the text that was parsed.
func (s *Spec) String() string { return s.text }
