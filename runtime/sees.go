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
		if deeper.Exact {
			continue
		}
		for base := deeper.Base; len(base) > 0; {
			above := g.table.Find(base[:len(base)-1], true)
			if above == nil {
				break
			}
			m := above.Service.(*mounted)
			m.shadows = append(m.shadows, deeper.Base[len(m.Base):])
			base = m.Base
		}
	}
}

// sees returns what the user of a request may read below the mount: nil is
// everything.
func (s *mounted) sees(u *bus.User) func([]string) bool {
	read := s.conf.Rules.Read
	if read.Uniform() && len(s.shadows) == 0 {
		return nil
	}
	return func(path []string) bool {
		for _, shadow := range s.shadows {
			if len(path) >= len(shadow) && slices.Equal(path[:len(shadow)], shadow) {
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
