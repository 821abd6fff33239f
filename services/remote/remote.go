// Package remote is the service that stands for one of another server of the same
// installation.
package remote

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/services"
	"github.com/seed90475182/restspace/services/relay"
	"github.com/seed90475182/restspace/urlpattern"
)

//go:embed README.md
var doc string

// Kind returns the Kind remote.
func Kind() services.Kind {
	return services.Define(services.Kind{
		Name:    "remote",
		Doc:     doc,
		Example: `{"service": "remote", "url": {"$env": "PEER", "default": "http://127.0.0.1:3101/orders"}, "readRoles": "all", "writeRoles": "all"}`,
		Pages:   true, // the other server puts into a sandbox what is to be in one

		Composes: true,
		Describe: func(any) []services.Operation { return relay.Operations() },
	}, open)
}

// Config says which service answers.
type Config struct {
	URL string `json:"url" required:"true" doc:"the service: its URL on a server of server.peers"`
}

// Check returns what is wrong with a config.
func (c *Config) Check() error {
	_, err := c.target()
	if err != nil {
		return services.At("/url", err)
	}
	return nil
}

// Remote is part of services.Remote.
func (c *Config) Remote() (urlpattern.URL, string) {
	t, err := c.target()
	if err != nil {
		return urlpattern.URL{}, ""
	}
	return urlpattern.URL{Scheme: t.Scheme, Host: t.Host, Path: t.Path}, "/url"
}

func (c *Config) target() (*relay.Target, error) {
	const right = `write the URL of a service on another server, such as "https://b.example/orders"`
	p, err := urlpattern.Parse(c.URL)
	if err != nil {
		return nil, err
	}
	literal := p.Literal()
	switch {
	case len(p.Args()) > 0:
		return nil, fmt.Errorf("codes mean nothing here, since what follows the base path is added to it: %s", right)
	case literal.Host == "":
		return nil, errors.New("no server: " + right)
	case strings.Contains(c.URL, "?"):
		return nil, errors.New("a query: " + right)
	}
	return &relay.Target{Scheme: literal.Scheme, Host: literal.Host, Path: literal.Path}, nil
}

func open(_ context.Context, env services.Env, c Config, _ services.None) (bus.Service, error) {
	t, err := c.target()
	return &remote{name: env.Name, bus: env.Bus, target: t}, err
}

// remote is one mount of the Kind.
type remote struct {
	name   string
	bus    bus.Service
	target *relay.Target
	wrong  atomic.Pointer[error] // with the last call; nil: nothing
}

// Methods is part of services.Methods.
func (r *remote) Methods([]string, bool) []string { return relay.Methods() }

// Health is part of services.Health: it tells how the last call went.
func (r *remote) Health() error {
	if wrong := r.wrong.Load(); wrong != nil {
		return *wrong
	}
	return nil
}

// Serve is part of bus.Service.
func (r *remote) Serve(ctx context.Context, m *bus.Message) (*bus.Message, error) {
	if err := relay.Prepare(m); err != nil {
		_ = m.Close()
		return nil, err
	}
	call := m.Call(m.Method, r.target.URL(m, m.ServicePath()), m.Body)
	call.Depth = m.Depth // the service there stands where this one does
	const more = 8       // of trace, id and token
	call.Header = relay.Request(m.Header, more)
	base, start := m.URL.BasePath(), time.Now()
	reply, err := r.bus.Serve(ctx, call)
	if root := bus.RootOf(ctx); root != nil && m.Depth == 0 {
		root.Seen.Upstream, root.Seen.Tries, root.Seen.Waited = r.target.Host, 1, time.Since(start)
	}
	if err != nil {
		return nil, r.failed(err)
	}
	r.wrong.Store(nil)
	reply.Header = relay.Reply(reply.Header)
	reply.Header.Del("Strict-Transport-Security") // of the other host
	here := func(reference string) string { return r.target.Here(reference, base, "") }
	for i := range reply.Header {
		switch f := &reply.Header[i]; {
		case relay.Named(f.Name, "Location"), relay.Named(f.Name, "Content-Location"):
			f.Value = here(f.Value)
		case relay.Named(f.Name, "Link"):
			f.Value = relay.Links(f.Value, here)
		}
	}
	return reply, nil
}

// failed returns what an error of the bus is to clients, and notes one of the other
// server.
func (r *remote) failed(err error) error {
	told := relay.Complaint(r.name, err)
	if told == nil {
		return err
	}
	wrong := fmt.Errorf("%s: %w", r.target.Host, told)
	r.wrong.Store(&wrong)
	return told
}
