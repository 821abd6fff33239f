package proxy

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/urlpattern"
)

// illAfter is how many times in a row an upstream must not be well to be ill.
const illAfter = 2

// url returns the path and the query that are asked for.
func (h *Health) url() (urlpattern.URL, error) {
	u, err := urlpattern.ParseURL(h.Path)
	if err == nil && (u.Host != "" || !strings.HasPrefix(h.Path, "/")) {
		err = errors.New(`write a path on the upstreams, such as "/healthz"`)
	}
	return u, err
}

// Run is part of services.Runner: it asks the upstreams for their health.
func (p *proxy) Run(ctx context.Context) error {
	if p.health.Path == "" {
		return nil
	}
	var all sync.WaitGroup
	for _, u := range p.upstreams {
		all.Go(func() { p.ask(ctx, u) })
	}
	all.Wait()
	return nil
}

// Health is part of services.Health: it tells of the upstreams that are ill, and
// of those that are left alone.
func (p *proxy) Health() error {
	var err error
	for _, u := range p.upstreams {
		switch why := u.why.Load(); {
		case u.ill.Load():
			err = errors.Join(err, fmt.Errorf("the upstream %s is ill", u.Host))
		case u.breaker.IsOpen() && why != nil:
			err = errors.Join(err, fmt.Errorf("the upstream %s is left alone for a while: %w", u.Host, *why))
		}
	}
	return err
}

// ask asks one upstream until ctx ends.
func (p *proxy) ask(ctx context.Context, u *upstream) {
	turn := time.NewTicker(p.health.Every)
	defer turn.Stop()
	for failures := 0; ; {
		why := p.askOnce(ctx, u, min(p.health.Every, p.timeout))
		switch {
		case why != nil:
			failures++
		case failures > 0:
			failures = 0
			u.recovered()
		}
		ill := failures >= illAfter
		switch was := u.ill.Swap(ill); {
		case ill && !was:
			p.log.Warn("the upstream is ill", "upstream", u.Host, "error", why)
		case was && !ill:
			p.log.Info("the upstream is well again", "upstream", u.Host)
		}
		select {
		case <-ctx.Done():
			return
		case <-turn.C:
		}
	}
}

// askOnce returns why an upstream is not well, nil if it is.
func (p *proxy) askOnce(ctx context.Context, u *upstream, limit time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	url, err := p.health.url()
	if err != nil {
		return err
	}
	url.Scheme, url.Host = u.Scheme, u.Host
	m := &bus.Message{Method: http.MethodGet, URL: url}
	p.fields.setIn(&m.Header)
	reply, err := p.bus.Serve(ctx, m)
	if err != nil {
		return err
	}
	if reply.Status >= 400 {
		err = answered(reply.Status)
	}
	_ = reply.Close()
	return err
}
