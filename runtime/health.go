package runtime

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/services"
)

// state is how the server is, or a part of it.
type state string

const (
	ready    state = "ok"
	degraded state = "degraded" // it answers, but something of it does not work
	down     state = "down"
	draining state = "draining" // of the server: it ends
)

// report is the body of /healthz and of /readyz.
type report struct {
	Status        state         `json:"status"`
	Configuration string        `json:"configuration,omitempty"` // why it may be another one than that of the Source
	Mounts        []mountReport `json:"mounts,omitempty"`
}

type mountReport struct {
	Name     string          `json:"name"`
	Path     string          `json:"path"`
	Service  string          `json:"service"`
	Status   state           `json:"status"`
	Error    string          `json:"error,omitempty"`
	Adaptors []adaptorReport `json:"adaptors,omitempty"`
}

// works reports whether the mount has started, and all its adaptors say that they
// can be relied on. That a call failed is no sign that another server fares better,
// and where no requests come any more, no call shows that all is well again.
func (r *mountReport) works() bool {
	return r.Status != down && !slices.ContainsFunc(r.Adaptors, func(a adaptorReport) bool { return a.Status == down })
}

type adaptorReport struct {
	Slot    string `json:"slot"`
	Adaptor string `json:"adaptor"`
	Status  state  `json:"status"`
	Error   string `json:"error,omitempty"`
}

// reply returns r as an answer.
func (r report) reply() (*bus.Message, error) {
	text, err := json.Marshal(r, jsontext.AllowInvalidUTF8(true)) // errors have what others say
	if err != nil {
		return nil, err
	}
	reply := bus.Reply(http.StatusOK, bus.NewBody(text, "application/json"))
	if r.Status == down || r.Status == draining {
		reply.Status = http.StatusServiceUnavailable
	}
	reply.Header.Add("Cache-Control", "no-store")
	return reply, nil
}

// ofHealth reports whether r asks how the server is. Who would be told that it has
// too much to do might end it, and leave the others with more.
func ofHealth(r *http.Request) bool { return r.URL.Path == "/healthz" || r.URL.Path == "/readyz" }

// alive answers /healthz: who can answer is alive.
func alive(context.Context, *bus.Message, error) (*bus.Message, error) {
	return report{Status: ready}.reply()
}

// health answers /readyz.
type health struct {
	runtime *Runtime
	*generation
}

// all tells of all mounts.
func (h *health) all(context.Context, *bus.Message, error) (*bus.Message, error) {
	mounts := h.checkup.of(h.generation)
	trouble := h.outdated()
	return report{h.state(mounts, trouble), trouble, mounts}.reply()
}

// outdated returns why the configuration may not be that of the Source, without
// secrets; "": it is.
func (h *health) outdated() string {
	source, ok := h.runtime.options.Source.(interface{ Health() error })
	if !ok {
		return ""
	}
	err := source.Health()
	if err == nil {
		return ""
	}
	return hide(h.conf.Secrets, strings.ReplaceAll(err.Error(), "\n", "; "))
}

// seen tells of the mounts that the user of m manages, and of all who
// administrates the server. What is mounted is nobody else's concern.
func (h *health) seen(_ context.Context, m *bus.Message, _ error) (*bus.Message, error) {
	mounts := h.checkup.of(h.generation)
	trouble := h.outdated()
	r := report{Status: h.state(mounts, trouble)}
	admin := h.conf.Server.AdminRoles.Admits(m.User, nil)
	if admin {
		r.Configuration = trouble
	}
	for i, mount := range h.mounts {
		if admin || mount.conf.Rules.Manage.Admits(m.User, nil) {
			r.Mounts = append(r.Mounts, mounts[i])
		}
	}
	return r.reply()
}

// state returns how the server is. It is down where no mount answers, or where
// the one with the records of users does not work, without which no token counts.
// trouble is about the configuration.
func (h *health) state(mounts []mountReport, trouble string) state {
	if h.runtime.leaving.Load() || h.runtime.life.Err() != nil {
		return draining
	}
	all, fallen := ready, 0
	if trouble != "" {
		all = degraded
	}
	for i, m := range mounts {
		switch {
		case m.Status == ready:
			continue
		case h.mounts[i] == h.users && !m.works():
			return down
		case m.Status == down:
			fallen++
		}
		all = degraded
	}
	if fallen > 0 && fallen == len(mounts) {
		return down
	}
	return all
}

// checkup asks the mounts of a generation how they are. Since anybody may ask,
// and a plugin is another program, an answer counts for a second.
type checkup struct {
	mu   sync.Mutex
	at   time.Time
	last []mountReport // in the order of the mounts
}

const checkupLife = time.Second

// of returns how the mounts of g are.
func (c *checkup) of(g *generation) []mountReport {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.last != nil && time.Since(c.at) < checkupLife {
		return c.last
	}
	reports := make([]mountReport, len(g.mounts))
	var all sync.WaitGroup
	for i, m := range g.mounts {
		all.Go(func() { reports[i] = m.report(g.conf.Secrets) })
	}
	all.Wait()
	c.last, c.at = reports, time.Now()
	return reports
}

// report tells how a mount is, without secrets. One that panics over it does not
// work.
func (s *mounted) report(secrets []string) (r mountReport) {
	r = mountReport{Name: s.Name, Path: s.Path(), Service: s.conf.Kind.Name, Status: ready}
	defer func() {
		if caught := recover(); caught != nil {
			r.Status, r.Error = degraded, hide(secrets, fmt.Sprintf("panic: %v", caught))
		}
	}()
	told := func(err error) string { return hide(secrets, strings.ReplaceAll(err.Error(), "\n", "; ")) }
	i := s.instance
	running := i.service.Load()
	if running == nil {
		r.Status = down
		if failure := i.failure.Load(); failure != nil {
			r.Error = told(*failure)
		}
		return r
	}
	for _, p := range running.parts {
		a := adaptorReport{Slot: p.slot, Adaptor: p.kind, Status: ready}
		if err := p.health(); err != nil {
			a.Status, a.Error, r.Status = down, told(err), degraded
		} else if err := p.last.err(); err != nil {
			a.Status, a.Error, r.Status = degraded, told(err), degraded
		}
		r.Adaptors = append(r.Adaptors, a)
	}
	if err := i.trouble(running); err != nil {
		r.Status, r.Error = degraded, told(err)
	}
	return r
}

// trouble returns what does not work of a service beside its adaptors.
func (i *instance) trouble(s *started) error {
	if err := i.broken.Load(); err != nil {
		return *err
	}
	if h, ok := s.Service.(services.Health); ok {
		return h.Health()
	}
	return nil
}
