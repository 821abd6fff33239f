// Package proxy is the service that stands in front of other HTTP servers.
package proxy

import (
	"context"
	_ "embed"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/failsafe-go/failsafe-go"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/services"
	"github.com/seed90475182/restspace/services/relay"
)

//go:embed README.md
var doc string

// Kind returns the Kind proxy.
func Kind() services.Kind {
	return services.Define(services.Kind{
		Name:    "proxy",
		Doc:     doc,
		Example: `{"service": "proxy", "url": {"$env": "UPSTREAM", "default": "http://127.0.0.1:8080"}, "readRoles": "all", "writeRoles": "all"}`,
		Pages:   true,
		Foreign: true,

		Composes: true,
		Config:   func() any { return NewConfig() },
		Describe: func(any) []services.Operation { return relay.Operations() },
	}, open)
}

func open(_ context.Context, env services.Env, c Config, _ services.None) (bus.Service, error) {
	p := &proxy{
		name:    env.Name,
		bus:     env.Bus,
		log:     env.Log,
		fields:  newFields(&c, env.Base),
		timeout: c.Timeout,
		health:  c.Health,
		retry:   newRetry(c.Retries),
		credit:  newCredit(),
	}
	for i, text := range c.urls() {
		target, err := newTarget(text, &c)
		if err != nil {
			return nil, err
		}
		target.page = target.page && !env.Exact
		p.upstreams = append(p.upstreams, newUpstream(target, i, &c.Breaker, env.Log))
	}
	return p, nil
}

// proxy is one mount of the Kind.
type proxy struct {
	name    string
	bus     bus.Service
	log     *slog.Logger
	fields  fields
	timeout time.Duration
	health  Health
	retry   failsafe.Executor[any] // of what comes after the first try; nil: nothing does
	credit  *credit                // of the same

	upstreams []*upstream
	turn      atomic.Uint64 // where the next choice begins
}

// Methods is part of services.Methods.
func (p *proxy) Methods([]string, bool) []string { return relay.Methods() }

// Serve is part of bus.Service.
func (p *proxy) Serve(ctx context.Context, m *bus.Message) (*bus.Message, error) {
	c, err := p.newCall(ctx, m)
	if err != nil {
		_ = m.Close()
		return nil, err
	}
	if reply := p.upstreams[0].directory(m); reply != nil {
		c.end()
		return reply, nil
	}
	p.credit.earn()
	last := c.try(ctx)
	if last.again && p.retry != nil {
		last = c.tryAgain(ctx, last)
	}
	c.note(last)
	if last.err != nil {
		c.end()
		return nil, c.failed(last)
	}
	return c.relay(last), nil
}
