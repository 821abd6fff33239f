package access

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/seed90475182/restspace/urlpattern"
)

// A SyntaxError says what is wrong with the text of a spec.
type SyntaxError struct {
	Offset  int    // byte in the text
	Message string // what is wrong there, and what to write instead
}

// Error gives the offset and the message.
func (e *SyntaxError) Error() string { return fmt.Sprintf("byte %d: %s", e.Offset, e.Message) }

// Parse parses the roles of a configuration:
//
//	spec := term* ( '/'path term* )*        separated by spaces
//	term := all | none | role | {field} | {field}@n | ${member=field}
//
// all admits everybody, signed in or not, a role those who have it, {email}
// those whose field is the first segment of the service path, or with @n the
// segment at position n. none, or no term at all, admits nobody. Terms after a
// path hold for it and what is below it, instead of the leading ones.
// ${member=field} admits nobody: of the documents that the other terms open, it
// leaves those whose member is the field. An error is a *SyntaxError.
func Parse(spec string) (*Spec, error) {
	s := &Spec{text: spec}
	current := &s.leading
	for offset, word := range words(spec) {
		if word[0] != '/' {
			if err := current.add(word, offset); err != nil {
				return nil, err
			}
			continue
		}
		path, err := sectionPath(word, offset)
		if err != nil {
			return nil, err
		}
		for _, other := range s.sections {
			if slices.Equal(other.path, path) {
				return nil, fault(offset, "a second section for %s: write its terms in one", word)
			}
		}
		s.sections = append(s.sections, section{path: path})
		current = &s.sections[len(s.sections)-1].rule
	}
	for r := range s.rules() {
		if len(r.members) == 0 {
			continue
		}
		if s.narrows = true; r.nobody() {
			return nil, fault(r.members[0].offset, "${member=field} admits nobody: write beside it whom it narrows, such as U ${owner=email}")
		}
	}
	slices.SortStableFunc(s.sections, func(a, b section) int { return cmp.Compare(len(b.path), len(a.path)) })
	return s, nil
}

// words yields what stands between spaces, with its offset.
func words(s string) func(yield func(int, string) bool) {
	return func(yield func(int, string) bool) {
		offset := 0
		for word := range strings.SplitSeq(s, " ") {
			if word != "" && !yield(offset, word) {
				return
			}
			offset += len(word) + 1
		}
	}
}

func sectionPath(word string, offset int) ([]string, error) {
	if at := strings.IndexAny(word, "{}"); at >= 0 {
		return nil, fault(offset+at, "a section is a path as it is: {email} alone admits who is named by the first segment, wherever that leads (%%7B is a brace in a name)")
	}
	if at := strings.IndexAny(word, "?#"); at >= 0 {
		return nil, fault(offset+at, "a path with a query or a fragment: write the path alone, and %%3F or %%23 for these characters in it")
	}
	path, err := urlpattern.ParsePath(word)
	if err != nil {
		wrong := err.(*urlpattern.PathError)
		return nil, fault(offset+wrong.Offset, "%s", wrong.Reason)
	}
	if len(path.Segments) == 0 {
		return nil, fault(offset, `"/" is all of the mount: write its terms before the first path`)
	}
	return path.Segments, nil
}

// add parses one term.
func (r *rule) add(word string, offset int) error {
	switch {
	case word == "all":
		r.all = true
	case word == "none":
	case word[0] == '{':
		f, err := parseField(word, offset)
		if err != nil {
			return err
		}
		r.fields = append(r.fields, f)
	case word[0] == '$':
		m, err := parseMember(word, offset)
		if err != nil {
			return err
		}
		r.members = append(r.members, m)
	case strings.EqualFold(word, "all"), strings.EqualFold(word, "none"):
		return fault(offset, "%q is no role: write %s", word, strings.ToLower(word))
	default:
		if at := strings.IndexFunc(word, notInRole); at >= 0 {
			r, _ := utf8.DecodeRuneInString(word[at:])
			return fault(offset+at, "%q can't be in a role: write letters, digits and - _ . : @ +, and a space between two roles", r)
		}
		r.roles = append(r.roles, word)
	}
	return nil
}

// parseField parses {name} or {name}@n.
func parseField(word string, offset int) (field, error) {
	name, rest, closed := strings.Cut(word[1:], "}")
	if !closed || !isName(name) {
		return field{}, fault(offset, "no field in braces: write the name of a field of the user, such as {email}")
	}
	if rest == "" {
		return field{name: name}, nil
	}
	digits, found := strings.CutPrefix(rest, "@")
	n, err := strconv.ParseUint(digits, 10, 8)
	if !found || err != nil || n == 0 {
		return field{}, fault(offset+len(name)+2, "no position after the field: write @ and the number of a segment of the service path, the first being 1, such as {%s}@2", name)
	}
	return field{name: name, index: int(n) - 1}, nil
}

// parseMember parses ${member=field}.
func parseMember(word string, offset int) (member, error) {
	inner, open := strings.CutPrefix(word, "${")
	inner, closed := strings.CutSuffix(inner, "}")
	name, field, equals := strings.Cut(inner, "=")
	if !open || !closed || !equals || !isName(name) || !isName(field) {
		return member{}, fault(offset, "no rule over a member: write ${member=field}, such as ${owner=email}")
	}
	return member{name, field, offset}, nil
}

func isName(s string) bool {
	return s != "" && strings.IndexFunc(s, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("-_.", r)
	}) < 0
}

func notInRole(r rune) bool {
	return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("-_.:@+", r)
}

func fault(offset int, format string, args ...any) error {
	return &SyntaxError{Offset: offset, Message: fmt.Sprintf(format, args...)}
}
