// Package doctor looks for what an operator gets wrong around a server, and says
// the cure.
//
// It looks from outside, as a program beside the server: it takes no lock, opens
// no store for writing, starts no plugin, and calls nobody whom the configuration
// does not name. It sees what its own user may: it is run as the user of the
// server.
package doctor

import (
	"context"
	"fmt"
	"iter"
	"log/slog"
	"time"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/runtime/config"
)

// A Patient is a configuration and the machine that is to serve it.
type Patient struct {
	File   string         // of the configuration, or the URL of one that several servers have
	Config *config.Config // nil where it has errors: then only what it does not name is looked at

	// Same reports whether another URL names the same configuration as File, which
	// is one. Never called where that is a file, and may be nil then.
	Same func(url string) bool
}

// check is one thing to look at.
type check struct {
	name   string
	config bool // it needs the configuration
	find   func(context.Context, *Patient) []adaptors.Finding
}

func checks() []check {
	return []check{
		{"permissions", false, user},
		{"permissions", false, configFile},
		{"permissions", true, keyFiles},
		{"permissions", true, directories},
		{"disk", true, disks},
		{"ports", true, ports},
		{"certificate", true, certificate},
		{"authorities", true, authorities},
		{"limits", true, descriptors},
		{"limits", false, memory},
		{"limits", false, cores},
		{"clock", true, upstreams},
		{"peers", true, peers},
		{"store", true, stores},
	}
}

// Longest is how long one thing is looked at.
const Longest = 30 * time.Second

// Examine yields what is found, as it is found.
func (p *Patient) Examine(ctx context.Context) iter.Seq[adaptors.Finding] {
	return func(yield func(adaptors.Finding) bool) {
		for _, c := range checks() {
			if c.config && p.Config == nil {
				continue
			}
			for _, f := range c.of(ctx, p) {
				if !yield(f) {
					return
				}
			}
		}
	}
}

// of returns what a check finds.
func (c check) of(ctx context.Context, p *Patient) []adaptors.Finding {
	ctx, cancel := context.WithTimeout(ctx, Longest)
	defer cancel()
	found := c.find(ctx, p)
	for i := range found {
		if found[i].Check == "" {
			found[i].Check = c.name
		}
	}
	return found
}

// good, warning and problem make findings.
func good(format string, args ...any) adaptors.Finding {
	return adaptors.Finding{Grade: adaptors.Good, Text: fmt.Sprintf(format, args...)}
}

func warning(cure, format string, args ...any) adaptors.Finding {
	return adaptors.Finding{Grade: adaptors.Warning, Text: fmt.Sprintf(format, args...), Cure: cure}
}

func problem(cure, format string, args ...any) adaptors.Finding {
	return adaptors.Finding{Grade: adaptors.Problem, Text: fmt.Sprintf(format, args...), Cure: cure}
}

// stores has each adaptor that a service names look at what it needs, all at once:
// one that waits for a server does not take the time of the others. What is told of
// a store says whose it is.
func stores(ctx context.Context, p *Patient) (found []adaptors.Finding) {
	var each []<-chan []adaptors.Finding
	for s, a := range p.adaptors() {
		if a.Kind.Examine == nil {
			continue
		}
		told := make(chan []adaptors.Finding, 1)
		each = append(each, told)
		go func() {
			own := a.Kind.Examine(ctx, a.Config, adaptors.Env{Name: s.Name, Log: slog.New(slog.DiscardHandler)})
			for i, f := range own {
				if f.Check == "store" {
					own[i].Text = s.Name + ": " + f.Text
				}
			}
			told <- own
		}()
	}
	for _, told := range each {
		found = append(found, <-told...)
	}
	return found
}

// adaptors yields each adaptor that services name once, with the first of them.
func (p *Patient) adaptors() iter.Seq2[*config.Service, config.Adaptor] {
	return func(yield func(*config.Service, config.Adaptor) bool) {
		seen := make(map[string]bool)
		for _, s := range p.Config.Services {
			for _, slot := range s.Kind.Adaptors {
				a, ok := s.Adaptors[slot.Key]
				id := a.Kind.Name + " " + string(a.Canonical)
				if !ok || seen[id] {
					continue
				}
				seen[id] = true
				if !yield(s, a) {
					return
				}
			}
		}
	}
}
