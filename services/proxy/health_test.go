package proxy_test

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/services"
	"github.com/seed90475182/restspace/services/proxy"
)

// patients are upstreams that know how they are.
type patients struct {
	mu    sync.Mutex
	ill   map[string]bool
	asked []string
	got   map[string]int
}

func (p *patients) Serve(_ context.Context, m *bus.Message) (*bus.Message, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if m.URL.Path[0] != "well" {
		p.got[m.URL.Host]++
		return bus.Reply(200, nil), nil
	}
	p.asked = append(p.asked, m.URL.String()+" "+m.Header.Get("X-Key"))
	switch {
	case !p.ill[m.URL.Host]:
		return bus.Reply(204, nil), nil
	case m.URL.Host == "b":
		return nil, unreachable()
	}
	return bus.Reply(500, stream("ill", -1)), nil
}

func (p *patients) set(host string, ill bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ill[host] = ill
}

// take returns which upstreams got requests since the last time.
func (p *patients) take() map[string]int {
	p.mu.Lock()
	defer p.mu.Unlock()
	got := p.got
	p.got = make(map[string]int)
	return got
}

func TestHealth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		up := &patients{ill: map[string]bool{}, got: map[string]int{}}
		p := openOn(t, `{"upstreams": ["http://a/api", "http://b/api"], "setHeaders": {"X-Key": "k", "X-No": ""}, "health": {"path": "/well?deep=1", "every": 10000000000}}`, up)
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- p.Service.(services.Runner).Run(ctx) }()
		ask := func() map[string]int {
			for range 4 {
				p.do("GET", "/m/x", nil)
			}
			return up.take()
		}
		synctest.Wait()
		assert.ElementsMatch(t, []string{"http://a/well?deep=1 k", "http://b/well?deep=1 k"}, up.asked)
		assert.Equal(t, map[string]int{"a": 2, "b": 2}, ask())

		up.set("a", true)
		time.Sleep(11 * time.Second)
		assert.Equal(t, map[string]int{"a": 2, "b": 2}, ask(), "once may be chance")
		time.Sleep(10 * time.Second)
		assert.Equal(t, map[string]int{"b": 4}, ask())
		assert.EqualError(t, p.Service.(services.Health).Health(), "the upstream a is ill")

		up.set("b", true)
		time.Sleep(20 * time.Second)
		assert.Equal(t, map[string]int{"a": 2, "b": 2}, ask(), "the ill are better than none")

		up.set("a", false)
		time.Sleep(10 * time.Second)
		assert.Equal(t, map[string]int{"a": 4}, ask())

		up.set("b", false)
		time.Sleep(10 * time.Second)
		assert.NoError(t, p.Service.(services.Health).Health())

		stop()
		require.NoError(t, <-ended)
	})
}

func TestNobodyAsksForHealth(t *testing.T) {
	p := openOn(t, `{"url": "http://a"}`, &patients{})
	assert.NoError(t, p.Service.(services.Runner).Run(t.Context()))
}

// Asking has a time of its own.
func TestHealthThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		up := &upstreams{answer: hangs}
		kind := proxy.Kind()
		c := kind.Config().(*proxy.Config)
		c.URL, c.Health = "http://a", proxy.Health{Path: "/well", Every: 5 * time.Second}
		service, err := kind.New(t.Context(), services.Env{Config: c, Bus: up, Log: slog.New(slog.DiscardHandler)})
		require.NoError(t, err)
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- service.(services.Runner).Run(ctx) }()
		time.Sleep(21 * time.Second)
		assert.Len(t, up.calls(), 5, "each 5 s")
		stop()
		require.NoError(t, <-ended)
	})
}
