package openapi

import (
	"cmp"
	"slices"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/runtime/access"
	"github.com/seed90475182/restspace/runtime/config"
	"github.com/seed90475182/restspace/services"
)

// A Description is all that can be told of a configuration. It does not change,
// and is safe for concurrent use.
type Description struct {
	conf   *config.Config
	table  *bus.Table
	mounts []*mount // that may be asked from outside, in the order of their paths
}

// New returns the description of a configuration.
func New(conf *config.Config) *Description {
	d := &Description{conf: conf}
	all := make([]*bus.Mount, len(conf.Services))
	for i, s := range conf.Services {
		all[i] = &bus.Mount{Name: s.Name, Base: s.Base, Exact: s.Exact}
		if !s.Internal {
			d.mounts = append(d.mounts, &mount{s, all[i].Path()})
		}
	}
	d.table, _ = bus.NewTable(all...) // a configuration that was checked has no two of a name or path
	slices.SortFunc(d.mounts, func(a, b *mount) int { return cmp.Compare(a.path, b.path) })
	return d
}

// A View says what is shown.
type View struct {
	User  *bus.User // who looks; nil is nobody
	Roles bool      // which roles what takes, also where the user does not manage a mount
	All   bool      // what anybody may ask for, whoever looks
}

// admits reports whether v shows what needs one of specs.
func (v *View) admits(specs []*access.Spec, at access.Template) bool {
	return slices.ContainsFunc(specs, func(s *access.Spec) bool {
		if v.All {
			_, open, closed := s.Terms(at)
			return open || closed
		}
		return s.AdmitsAt(v.User, at)
	})
}

// mount is a service that may be asked from outside.
type mount struct {
	*config.Service
	path string // of the base, as the configuration has it
}

// shows reports whether v shows m at all.
func (v *View) shows(m *mount) bool {
	specs := []*access.Spec{m.Rules.Read, m.Rules.Write, m.Rules.Create, m.Rules.Manage}
	return v.admits(specs, access.Template{}) || !m.Exact && v.admits(specs, access.Template{Rest: true})
}

// showsRoles reports whether v shows which roles what m does takes.
func (v *View) showsRoles(m *mount) bool { return v.Roles || m.Rules.Manage.Admits(v.User, nil) }

// operation is one of a mount.
type operation struct {
	services.Operation
	path  path
	specs []*access.Spec
}

// operations returns what v shows of m, in the order of paths.
func (d *Description) operations(m *mount, v *View) []operation {
	if m.Kind.Describe == nil {
		return nil
	}
	type place struct{ path, method string }
	seen := make(map[place]bool)
	var list []operation
	for _, o := range m.Kind.Describe(m.Config) {
		at := pathOf(m.Service, o.Path)
		specs := m.Rules.Specs(&m.Kind, &o, at.directory())
		here := place{at.text, o.Method}
		if seen[here] || m.Exact && !at.isBase() || !v.admits(specs, at.template) || !d.reaches(m, at) {
			continue
		}
		seen[here] = true
		list = append(list, operation{o, at, specs})
	}
	slices.SortStableFunc(list, func(a, b operation) int { return cmp.Compare(a.path.text, b.path.text) })
	return list
}

// reaches reports whether m answers at the paths of p, and no other mount does
// in its place.
func (d *Description) reaches(m *mount, p path) bool {
	if p.isBase() || len(p.literal) == len(p.template.Segments) && !p.template.Rest {
		return d.table.Find(slices.Concat(m.Base, p.literal), p.dir).Name == m.Name
	}
	const any = "\x00" // which no base path has
	return d.table.Find(slices.Concat(m.Base, p.literal, []string{any}), false).Name == m.Name
}
