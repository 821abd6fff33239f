package openapi

import (
	"io"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/seed90475182/restspace/runtime/access"
)

// listed is a mount in the list.
type listed struct {
	Name        string `json:"name"`
	BasePath    string `json:"basePath"`
	Service     string `json:"service"`
	Description string `json:"description,omitzero"`

	*roles `json:",embed"`
}

// roles are the rules of a mount, as the configuration has them.
type roles struct {
	Read   string `json:"readRoles"`
	Write  string `json:"writeRoles"`
	Create string `json:"createRoles"`
	Manage string `json:"manageRoles"`
}

// Services writes the mounts that v shows as a JSON array to w, in the order of
// their paths. The same is written the same way each time.
func (d *Description) Services(to io.Writer, v View, options ...jsontext.Options) error {
	w := newWriter(to, options)
	w.token(jsontext.BeginArray)
	for _, m := range d.mounts {
		if !v.shows(m) {
			continue
		}
		l := listed{Name: m.Name, BasePath: m.path, Service: m.Kind.Name, Description: m.summary()}
		if v.showsRoles(m) {
			r := m.Rules
			l.roles = &roles{written(r.Read), written(r.Write), written(r.Create), written(r.Manage)}
		}
		w.value(l)
	}
	w.token(jsontext.EndArray)
	return w.err
}

// written returns roles as they are written; nobody has those that are not.
func written(s *access.Spec) string {
	if text := s.String(); text != "" {
		return text
	}
	return "none"
}
