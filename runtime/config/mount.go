package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tailscale/hujson"

	"github.com/seed90475182/restspace/runtime/access"
	"github.com/seed90475182/restspace/urlpattern"
)

const nameRule = "1 to 64 letters, digits and - _ ."

// isName reports whether s follows nameRule.
func isName(s string) bool {
	const longest = 64
	return s != "" && len(s) <= longest && strings.IndexFunc(s, func(c rune) bool {
		return (c < 'a' || 'z' < c) && (c < 'A' || 'Z' < c) && (c < '0' || '9' < c) && !strings.ContainsRune("-_.", c)
	}) < 0
}

// mount reads the name and the base path of a service.
func (r *reader) mount(b *block, t *together) {
	if v := b.keys.Name; v == nil {
		r.missing(b.value, b.at, "name", `%s has no "name": write one of its own`, b.title)
	} else if name, ok := r.text(v, b.at.AppendToken("name")); ok {
		b.Name = name
		r.member(b.value, b.at, "/name", t.name(name, v))
	}
	if v := b.keys.BasePath; v == nil {
		r.missing(b.value, b.at, "basePath", `%s has no "basePath": write where it answers, such as "/orders"`, b.title)
	} else if text, ok := r.text(v, b.at.AppendToken("basePath")); ok {
		base, exact, err := parseBase(text)
		if err == nil {
			b.Base, b.Exact, b.mounted = base, exact, true
			err = t.mount(b, v)
		}
		r.member(b.value, b.at, "/basePath", err)
	}
}

// parseBase reads a base path.
func parseBase(text string) (base []string, exact bool, err error) {
	if !strings.HasPrefix(text, "/") {
		return nil, false, fmt.Errorf("%s does not begin with a slash: write /%s", quote(text), strings.TrimLeft(text, "./"))
	}
	if at := strings.IndexAny(text, "?#"); at >= 0 {
		return nil, false, fmt.Errorf("byte %d: a query or a fragment: write a path alone", at)
	}
	text, exact = strings.CutSuffix(text, ".")
	path, err := urlpattern.ParsePath(text)
	switch {
	case err != nil:
		return nil, false, err
	case exact && path.Dir && len(path.Segments) > 0:
		return nil, false, fmt.Errorf("a dot after a slash: write %s. for this path alone", textOf(path.Segments))
	case Reserved(path.Segments):
		return nil, false, fmt.Errorf("%s belongs to the server itself: write another path", textOf(path.Segments))
	}
	return path.Segments, exact, nil
}

// Reserved reports whether a path is what the runtime answers itself.
func Reserved(path []string) bool {
	if len(path) == 0 {
		return false
	}
	switch path[0] {
	case "healthz", "readyz", "metrics":
		return true
	case ".well-known":
		return len(path) > 1 && (path[1] == "restspace" || path[1] == "jwks.json")
	}
	return false
}

// covers reports whether s is mounted at path or above it.
func (s *Service) covers(path []string) bool {
	if s.Exact {
		return slices.Equal(path, s.Base)
	}
	return begins(path, s.Base)
}

// begins reports whether a path is another one or is below it.
func begins(path, with []string) bool {
	return len(path) >= len(with) && slices.Equal(path[:len(with)], with)
}

// rules reads the roles of a service.
func (r *reader) rules(b *block) {
	none := new(access.Spec)
	b.Rules = access.Rules{Read: none, Write: none, Manage: none}
	if b.keys.ReadRoles == nil {
		r.missing(b.value, b.at, "readRoles", `%s has no readRoles: write "all" to open it to everybody or "none" to keep it internal`, b.title)
	}
	r.roles(b, "readRoles", b.keys.ReadRoles, &b.Rules.Read)
	r.roles(b, "writeRoles", b.keys.WriteRoles, &b.Rules.Write)
	r.roles(b, "manageRoles", b.keys.ManageRoles, &b.Rules.Manage)
	b.Rules.Create = b.Rules.Write
	if b.keys.CreateRoles != nil && b.Kind.Name != "" && !b.Kind.Documents {
		r.member(b.value, b.at, "/createRoles", fmt.Errorf("the Kind %s keeps no documents: leave the key out, writeRoles say who may write", b.Kind.Name))
	}
	r.roles(b, "createRoles", b.keys.CreateRoles, &b.Rules.Create)
}

func (r *reader) roles(b *block, key string, v *hujson.Value, into **access.Spec) {
	if v == nil || r.broken[v.StartOffset] {
		return
	}
	literal, ok := v.Value.(hujson.Literal)
	if !ok || literal.Kind() != '"' {
		r.mistyped(v, b.at.AppendToken(key), `roles, such as "E A", or "all" or "none"`)
		return
	}
	spec, err := access.Parse(literal.String())
	if err != nil {
		r.member(b.value, b.at, pointer("").AppendToken(key), err)
		return
	}
	r.fits(b, key, spec)
	*into = spec
}

// fits says what of a rule is not for the service of b.
func (r *reader) fits(b *block, key string, spec *access.Spec) {
	switch {
	case spec.Narrows() && key == "manageRoles":
		r.member(b.value, b.at, "/manageRoles", errors.New("a rule over a member is for documents, and managing is for more: write ${member=field} into readRoles, writeRoles or createRoles"))
	case spec.Narrows() && b.Kind.Name != "" && !b.Kind.Records:
		r.member(b.value, b.at, pointer("").AppendToken(key), fmt.Errorf("the Kind %s has no rules over what is in a document: leave ${member=field} out, or use the Kind json", b.Kind.Name))
	}
	for name := range spec.Fields() {
		if !slices.Contains(r.userFields, name) {
			r.member(b.value, b.at, pointer("").AppendToken(key), fmt.Errorf("users have no field %s: write {%s}, or list it in auth.userProps",
				quote(name), strings.Join(r.userFields, "} or {")))
		}
	}
	for path := range spec.Paths() {
		if name := path[len(path)-1]; b.Kind.Extension != "" && strings.HasSuffix(name, b.Kind.Extension) {
			r.member(b.value, b.at, pointer("").AppendToken(key), fmt.Errorf(
				"the section %s ends in %s, which names a document with and without it: write %s",
				textOf(path), b.Kind.Extension, strings.TrimSuffix(textOf(path), b.Kind.Extension)))
		}
	}
}

// together is what the services of a file must not share.
type together struct {
	r      *reader
	names  map[string]*hujson.Value
	bases  map[string]*hujson.Value
	claims []claim
}

func newTogether(r *reader) *together {
	return &together{r: r, names: make(map[string]*hujson.Value), bases: make(map[string]*hujson.Value)}
}

// name takes a name for the service that has it at v.
func (t *together) name(name string, v *hujson.Value) error {
	if !isName(name) {
		return fmt.Errorf("%s is no name: write %s", quote(name), nameRule)
	}
	if before, ok := t.names[name]; ok {
		return fmt.Errorf("the service at %s is named %s too: write another name", t.r.place(before), quote(name))
	}
	t.names[name] = v
	return nil
}

// mount takes the base path of a service.
func (t *together) mount(b *block, v *hujson.Value) error {
	base := textOf(b.Base)
	if b.Exact {
		base += "."
	}
	if before, ok := t.bases[base]; ok {
		return fmt.Errorf("the service at %s has the same base path %s: write another one", t.r.place(before), base)
	}
	t.bases[base] = v
	return nil
}
