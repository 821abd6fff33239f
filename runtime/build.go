package runtime

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"slices"

	"golang.org/x/sync/semaphore"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/runtime/config"
	"github.com/seed90475182/restspace/runtime/identity"
	"github.com/seed90475182/restspace/services"
	"github.com/seed90475182/restspace/urlpattern"
)

// build makes the generation of a configuration beside old, which is nil for
// the first one. What fails closes all that it opened.
func (r *Runtime) build(ctx context.Context, conf *config.Config, old *generation) (_ *generation, err error) {
	g := newGeneration(conf)
	g.remote, g.traces = r.remote, &r.traces
	defer func() {
		if err != nil {
			g.close()
		}
	}()
	log := slog.New(r.log)
	keys, err := r.keys(conf, old, log)
	if err != nil {
		return nil, err
	}
	g.issuer = identity.Issuer{Keys: keys, Name: conf.Auth.Issuer, Audience: conf.Auth.Audience, Facts: conf.Auth.UserProps, Wait: identity.Wait(conf.Server.Peers)}
	g.verifier = identity.NewVerifier(g.issuer, r.trusted(g, old, log), r.records(conf), log)
	if err := r.mount(ctx, g, old, log); err != nil {
		return nil, err
	}
	g.shadow()
	if users, err := conf.Auth.RecordURL("user@example.org"); err == nil {
		if found := g.calls.Find(users.Path, users.Dir); found != nil {
			g.users = found.Service.(*mounted)
		}
	}
	g.answers(r)
	return g, nil
}

// mount fills the tables of g.
func (r *Runtime) mount(ctx context.Context, g, old *generation, log *slog.Logger) (err error) {
	conf, outside := g.conf, len(g.conf.Services)
	mounts := make([]*bus.Mount, 0, outside+len(conf.Inside))
	var failures []error
	for at, service := range slices.Concat(conf.Services, conf.Inside) {
		i, err := r.instanceOf(ctx, service, conf, old, log)
		if err != nil {
			failures = append(failures, err)
			continue
		}
		g.instances[string(service.Canonical)] = i
		m := r.newMounted(service, i, &conf.Server)
		mounts = append(mounts, m.Mount)
		if at < outside {
			g.mounts = append(g.mounts, m)
		}
	}
	if err := errors.Join(failures...); err != nil {
		return err
	}
	if g.calls, err = bus.NewTable(mounts...); err != nil {
		return fmt.Errorf("mounts: %w", err)
	}
	if g.table = g.calls; len(mounts) > outside {
		if g.table, err = bus.NewTable(mounts[:outside]...); err != nil {
			return fmt.Errorf("mounts: %w", err)
		}
	}
	return nil
}

// keys returns the keys of a configuration. Where they are missing, new ones are
// made, unless they would sign everybody out, or reach a file where none is to be
// made.
func (r *Runtime) keys(conf *config.Config, old *generation, log *slog.Logger) (*identity.Keys, error) {
	if r.options.Keys != nil {
		return r.options.Keys, nil
	}
	file := conf.Auth.KeyFile
	keys, err := identity.LoadKeys(file)
	switch missing := errors.Is(err, fs.ErrNotExist); {
	case missing && (r.options.DryRun || r.options.Reads):
		keys, err = identity.NewKeys()
	case missing && (old == nil || old.conf.Auth.KeyFile != file):
		if keys, err = identity.MakeKeys(file); err == nil {
			r.tellMade(conf, log)
		}
	}
	if err != nil {
		return nil, err
	}
	keys.Log = log
	return keys, nil
}

// tellMade tells of signing keys that were made.
func (r *Runtime) tellMade(conf *config.Config, log *slog.Logger) {
	switch file := conf.Auth.KeyFile; {
	case len(conf.Server.Peers) > 0:
		log.Warn("made new signing keys, and the servers of server.peers need the same ones: where they have keys, copy the file from one of them in the place of this one, else copy this one to them", "file", file)
	case !r.options.Once:
		log.Info("made new signing keys", "file", file)
	}
}

// instanceOf returns the instance of old that has the same configuration, or a
// new one. At the first start a new one that can't start is returned all the
// same: it tries again later.
func (r *Runtime) instanceOf(ctx context.Context, s *config.Service, conf *config.Config, old *generation, log *slog.Logger) (*instance, error) {
	limits := limitsOf(s, conf.Server.Limits)
	if old != nil {
		if i := old.instances[string(s.Canonical)]; i != nil && i.env.Limits == limits && i.healthy() && i.retain() {
			return i, nil
		}
	}
	i := &instance{conf: s, pool: &r.pool, metrics: r.metrics, log: log, dry: r.options.DryRun, ended: make(chan struct{}), rested: make(chan struct{})}
	i.ctx, i.stop = context.WithCancel(context.Background())
	i.working, i.rest = context.WithCancel(i.ctx)
	i.refs.Store(1)
	bus := inside{r, s.Hosts, s.Kind.Foreign, r.metrics.Mount(s.Name, s.Kind.Name)}
	i.env = services.Env{
		Name: s.Name, Base: s.Base, Exact: s.Exact, Config: s.Config,
		Bus: bus, AsCaller: asCaller{bus}, Limits: limits, Log: log.With("mount", s.Name),
	}
	if s.Kind.Users {
		i.env.Identity = &accounts{r}
	}
	err := i.start(ctx)
	switch {
	case err != nil && old != nil:
		i.release()
		return nil, err
	case err != nil && !r.options.Once:
		log.Error("service can't start: its mount answers 503 until it can", "mount", s.Name, "error", err)
	}
	return i, nil
}

// limitsOf returns the limits of a service: its own, or else the server's.
func limitsOf(s *config.Service, server config.Limits) services.Limits {
	limits := services.Limits{Body: int64(server.MaxBody), File: int64(server.MaxFile), FanOut: server.FanOut, Parallel: server.Parallel}
	if own := int64(s.Limits.MaxBody); own > 0 {
		limits.Body, limits.File = own, own
	}
	return limits
}

func (r *Runtime) newMounted(s *config.Service, i *instance, server *config.Server) *mounted {
	m := &mounted{conf: s, route: urlpattern.Path{Segments: s.Base}.String(), instance: i, maxBody: max(i.env.Limits.Body, i.env.Limits.File), cors: newCORS(server.CORS), coder: r.coder,
		meter: r.metrics.Mount(s.Name, s.Kind.Name)}
	if s.CORS != nil {
		m.cors = newCORS(s.CORS)
	}
	m.Mount = &bus.Mount{Name: s.Name, Base: s.Base, Exact: s.Exact, Service: m, GetWrites: s.GetWrites, PostReads: s.Kind.PostReads, Tally: &m.meter.Hops}
	if n := s.Limits.InFlight; n > 0 {
		m.places = semaphore.NewWeighted(int64(n))
	}
	m.rates = newRates(s.Limits.Rate)
	if c := s.Caching; c != nil {
		kind := "private"
		if c.Public {
			kind = "public"
		}
		m.cache = fmt.Sprintf("%s, max-age=%d", kind, c.MaxAge)
	}
	return m
}

// inside returns the limits of what one request may cause.
func (g *generation) inside() bus.Limits {
	l := &g.conf.Server.Limits
	return bus.Limits{Depth: l.Depth, Calls: int64(l.SubRequests), Buffered: int64(l.Buffered)}
}
