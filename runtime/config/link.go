package config

import (
	"fmt"

	"github.com/seed90475182/restspace/services"
	"github.com/seed90475182/restspace/urlpattern"
)

// linking tells configs that call other services of the file where their calls
// lead.
type linking struct {
	*reader
	mounts  []*Service
	blocks  map[*Service]*block // of configs that are to be linked
	targets map[*Service]services.Target
}

// link links the configs of all services that have no faults. Their calls lead
// to each other, and to those inside.
func (r *reader) link(blocks []*block, inside []*Service) {
	l := linking{reader: r, blocks: make(map[*Service]*block), targets: make(map[*Service]services.Target)}
	for _, b := range blocks {
		l.mounts = append(l.mounts, b.Service)
		if _, ok := b.Config.(services.Linked); ok && b.sound {
			l.blocks[b.Service] = b
		}
	}
	l.mounts = append(l.mounts, inside...)
	for _, b := range blocks {
		l.target(b.Service)
		l.linkAround(b)
	}
}

// target returns what a service does to those that call it, and links its config
// first. Of one that calls itself the worst is said.
func (l *linking) target(s *Service) services.Target {
	if known, ok := l.targets[s]; ok {
		return known
	}
	b := l.blocks[s]
	if b == nil {
		return services.Target{GetReads: true, PostReads: s.Kind.PostReads}
	}
	l.targets[s] = services.Target{}
	target, err := b.Config.(services.Linked).Link(l.at)
	l.tell(b.value, b.at, err)
	l.targets[s] = target
	s.Kind.PostReads = target.PostReads
	if s.GetWrites = !target.GetReads; s.GetWrites {
		s.Rules.Read = s.Rules.Write
	}
	s.Canonical = fmt.Appendf(s.Canonical, " %t %t", target.GetReads, target.PostReads)
	return target
}

// at returns what calls do that lead to a path or below it.
func (l *linking) at(path []string) (services.Target, error) {
	s, err := leadsTo(path, l.mounts)
	if err != nil {
		return services.Target{}, err
	}
	target := l.target(s)
	for _, deeper := range l.mounts {
		if len(deeper.Base) > len(path) && begins(deeper.Base, path) {
			other := l.target(deeper)
			target.GetReads = target.GetReads && other.GetReads
			target.PostReads = target.PostReads && other.PostReads
		}
	}
	return target, nil
}

// leadsTo returns the mount at a path. An error says that there is none, and
// what may be meant.
func leadsTo(path []string, mounts []*Service) (*Service, error) {
	var found *Service
	for _, s := range mounts {
		if s.covers(path) && (found == nil || len(s.Base) > len(found.Base) || s.Exact) {
			found = s
		}
	}
	if found != nil {
		return found, nil
	}
	return nil, services.NoTarget(path, func(yield func([]string) bool) {
		for _, s := range mounts {
			if !s.Exact && !yield(s.Base) {
				return
			}
		}
	})
}

func textOf(path []string) string { return urlpattern.Path{Segments: path}.String() }
