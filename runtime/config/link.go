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
	blocks  map[*Service]*block // of those in the file
	targets map[*Service]services.Target
}

// link links the configs of all services that could be read. Their calls lead to
// each other, and to those inside.
func (r *reader) link(blocks []*block, inside []*Service) {
	l := linking{reader: r, blocks: make(map[*Service]*block), targets: make(map[*Service]services.Target)}
	for _, b := range blocks {
		l.mounts = append(l.mounts, b.Service)
		l.blocks[b.Service] = b
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
	linked, ok := s.Config.(services.Linked)
	if b == nil || !b.read || !ok {
		return services.Target{GetReads: true, PostReads: s.Kind.PostReads}
	}
	l.targets[s] = services.Target{}
	target, err := linked.Link(l.at)
	l.tell(b.value, b.at, err)
	l.targets[s] = target
	s.Kind.PostReads = target.PostReads
	if s.GetWrites = !target.GetReads; s.GetWrites {
		s.Rules.Read = s.Rules.Write
	}
	s.Canonical = fmt.Appendf(s.Canonical, " %t %t", target.GetReads, target.PostReads)
	return target
}

// at returns what a call does, wherever data leads it.
func (l *linking) at(call services.Call) (services.Target, error) {
	path := call.URL.Path
	s, err := leadsTo(path, l.mounts)
	if err != nil {
		return services.Target{}, err
	}
	target, alone := l.target(s), true
	for _, deeper := range l.mounts {
		if call.Open && len(deeper.Base) > len(path) && begins(deeper.Base, path) {
			alone = false
			other := l.target(deeper)
			target.GetReads = target.GetReads && other.GetReads
			target.PostReads = target.PostReads && other.PostReads
		}
	}
	if b := l.blocks[s]; alone && (b == nil || b.read) {
		err = s.Accepts(call)
	}
	return target, err
}

// Accepts returns why s answers no call that call may become. It is part of
// services.Accepting. What a pipeline before it answers is not known.
func (s *Service) Accepts(call services.Call) error {
	accepting, ok := s.Config.(services.Accepting)
	if !ok || s.Around.Before != nil {
		return nil
	}
	call.URL.Base = len(s.Base)
	if err := accepting.Accepts(call); err != nil {
		return fmt.Errorf("%s: %w", call, err)
	}
	return nil
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
