package runtime

import (
	"slices"

	"github.com/seed90475182/restspace/bus"
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
		for _, other := range s.shadows {
			if other.hides(path) {
				return false
			}
		}
		if last := len(path) - 1; last >= 0 {
			if name := s.withoutExtension(path[last]); name != path[last] {
				path = append(slices.Clone(path[:last]), name)
			}
		}
		return read.Admits(u, path)
	}
}
