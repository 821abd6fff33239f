package config

import (
	"slices"

	"github.com/seed90475182/restspace/runtime/access"
)

// insideKind is the Kind of a service that pipelines have at /insideKind
// whatever the file says, as long as it mounts nothing there itself.
const insideKind = "lib"

// inside returns the services that are there without being in the file, beside
// those that are.
func (r *reader) inside(list []*Service) []*Service {
	base := []string{insideKind}
	kind, ok := r.kinds.Services.Kind(insideKind)
	if !ok || slices.ContainsFunc(list, func(s *Service) bool { return !s.Exact && slices.Equal(s.Base, base) }) {
		return nil
	}
	all, err := access.Parse("all")
	if err != nil {
		return nil
	}
	none := new(access.Spec)
	return []*Service{{
		Name:      "(" + insideKind + ")", // which no service of a file has
		Base:      base,
		Kind:      kind,
		Config:    kind.Config(),
		Rules:     access.Rules{Read: all, Write: none, Create: none, Manage: none},
		Canonical: []byte("inside " + insideKind),
	}}
}
