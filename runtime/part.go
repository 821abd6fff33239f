package runtime

import (
	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/runtime/metrics"
	"github.com/seed90475182/restspace/runtime/traces"
	"github.com/seed90475182/restspace/services"
)

// part is an adaptor of a service.
type part struct {
	slot, kind string
	made       any // as its Kind made it
	meter      *metrics.Adaptor
	last       *lastCall
}

// watch returns what is told of the calls of the adaptor, for a mount.
func (p *part) watch(mount string) *watch {
	return &watch{p.meter, p.last, traces.Adaptor{Kind: p.kind, Slot: p.slot, Service: mount}}
}

// health returns why the adaptor can't be relied on, as it says itself. One that
// has nothing to say about it is well.
func (p *part) health() error {
	if h, ok := p.made.(services.Health); ok {
		return h.Health()
	}
	return nil
}

// given returns an adaptor as the service gets it.
func (i *instance) given(p *part) any {
	watch := p.watch(i.conf.Name)
	switch made := p.made.(type) {
	case adaptors.Store:
		if i.dry {
			made = closedStore{made}
		}
		return adaptors.NewKeep(made, i.env.Limits.File).Watched(watch)
	case adaptors.Mailer:
		return adaptors.WatchedMailer(made, watch)
	case adaptors.Engine:
		return adaptors.WatchedEngine(made, watch)
	}
	return p.made
}

// ownedPart is an adaptor of an instance.
type ownedPart struct {
	part
	instance *instance
}

// parts returns the adaptors of the instances that have started.
func (g *generation) parts() (list []ownedPart) {
	for _, i := range g.instances {
		if s := i.service.Load(); s != nil {
			for _, p := range s.parts {
				list = append(list, ownedPart{p, i})
			}
		}
	}
	return list
}
