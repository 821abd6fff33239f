package runtime

import (
	"net/http"
	"slices"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/urlpattern"
)

// shadow notes for each mount the base paths below it that other mounts have:
// what is below those can't be reached through it, and its listings don't show
// it.
func (g *generation) shadow() {
	for _, deeper := range g.mounts {
		for base := deeper.Base; len(base) > 0; {
			above := g.table.Find(base[:len(base)-1], true)
			if above == nil {
				break
			}
			m := above.Service.(*mounted)
			m.shadows = append(m.shadows, shadow{deeper.Base[len(m.Base):], deeper.Exact})
			base = m.Base
		}
	}
}

// shadow is a service path that a deeper mount answers, with all below it
// unless that is an exact one.
type shadow struct {
	path  []string
	exact bool
}

func (s shadow) hides(path []string) bool {
	if s.exact {
		return slices.Equal(path, s.path)
	}
	return len(path) >= len(s.path) && slices.Equal(path[:len(s.path)], s.path)
}

// sees returns what the user of a request may read below the mount: nil is
// everything.
func (s *mounted) sees(u *bus.User) func([]string) bool {
	read := s.conf.Rules.Read
	if read.Uniform() && len(s.shadows) == 0 {
		return nil
	}
	return func(path []string) bool {
		return !s.shadowed(path) && read.Admits(u, s.spelled(path))
	}
}

// writes returns what the user of m, a PUT or POST to a directory, may do to the
// documents below it: what they may do with a PUT of each.
func (s *mounted) writes(m *bus.Message) func([]string) (creates, replaces bool) {
	u, base := m.User, m.URL.BasePath()
	return func(path []string) (creates, replaces bool) {
		if s.shadowed(path) {
			return false, false
		}
		path = s.spelled(path)
		url := urlpattern.URL{Path: slices.Concat(base, path), Base: len(base)}
		return s.conf.Rules.Writes(&s.conf.Kind, &bus.Message{Method: http.MethodPut, URL: url, User: u})
	}
}

// manages returns where below the mount the user of a request has manageRoles.
func (s *mounted) manages(u *bus.User) func([]string) bool {
	return func(path []string) bool { return s.conf.Rules.Manage.Admits(u, s.spelled(path)) }
}

// shadowed reports whether another mount answers at a service path.
func (s *mounted) shadowed(path []string) bool {
	return slices.ContainsFunc(s.shadows, func(other shadow) bool { return other.hides(path) })
}

// spelled returns a service path as rules see it.
func (s *mounted) spelled(path []string) []string {
	if last := len(path) - 1; last >= 0 {
		if name := s.withoutExtension(path[last]); name != path[last] {
			return append(slices.Clone(path[:last]), name)
		}
	}
	return path
}
