package proxy_test

import (
	"bytes"
	"context"
	"log/slog"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/services"
)

// logTo returns a log without times.
func logTo(b *bytes.Buffer) *slog.Logger {
	return slog.New(slog.NewTextHandler(b, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}))
}

func TestWhatTheLogIsTold(t *testing.T) {
	for name, row := range map[string]struct {
		config string
		answer answer
		want   string
	}{
		"one upstream, the same each time": {
			`{"url": "http://a"}`, fails(unreachable()),
			`the server behind "orders" can't be reached: refused`,
		},
		"two upstreams, each the same each time": {
			`{"upstreams": ["http://a", "http://b"], "retries": 5, "breaker": {"failures": 9}}`, fails(unreachable()),
			`the server behind "orders" can't be reached: b: refused; a: refused`,
		},
		"two upstreams, each in its way": {
			`{"upstreams": ["http://a", "http://b"], "retries": 1}`,
			func(_ context.Context, host string, _ int) (*bus.Message, error) {
				if host == "b" {
					return bus.Reply(504, nil), nil
				}
				return nil, broken()
			},
			`the server behind "orders" gave no whole answer: b: the answer is a 504; a: unexpected EOF`,
		},
		"a timeout": {
			`{"url": "http://a", "timeout": 1000000, "retries": 0}`, hangs,
			`the server behind "orders" does not answer in time: context deadline exceeded`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := openOn(t, row.config, &upstreams{answer: row.answer})
				_, err := p.Serve(t.Context(), request(t, "GET", "/m/x", nil))
				assert.EqualError(t, err, row.want)
			})
		})
	}
}

func TestABreakerSaysWhyItOpens(t *testing.T) {
	for want, answer := range map[string]answer{
		`error="the answer is a 502"`: says(502),
		`error=refused`:               fails(unreachable()),
	} {
		var log bytes.Buffer
		p := openWith(t, `{"url": "http://a", "retries": 0, "breaker": {"failures": 2}}`, &upstreams{answer: answer}, logTo(&log))
		p.do("GET", "/m/x", nil)
		assert.Empty(t, log.String())
		p.do("GET", "/m/x", nil)
		assert.Equal(t, "level=WARN msg=\"breaker opened: the upstream fails and is left alone\" upstream=a "+want+"\n", log.String())
		assert.ErrorContains(t, p.Service.(services.Health).Health(), "the upstream a is left alone for a while: ")
	}
}

// Who is known to be well again is not left alone to the end of the delay.
func TestHealthEndsTheDelayOfABreaker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		var dead atomic.Bool
		dead.Store(true)
		up := &upstreams{answer: func(context.Context, string, int) (*bus.Message, error) {
			if dead.Load() {
				return nil, unreachable()
			}
			return ok()
		}}
		p := openWith(t, `{"url": "http://a", "retries": 0, "breaker": {"failures": 1, "delay": 3600000000000}, "health": {"path": "/well", "every": 1000000000}}`, up, logTo(&log))
		status := func() int { code, _, _ := p.do("GET", "/m/x", nil); return code }
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- p.Service.(services.Runner).Run(ctx) }()
		time.Sleep(1500 * time.Millisecond)
		assert.Equal(t, 502, status())
		assert.Equal(t, 503, status())
		dead.Store(false)
		time.Sleep(time.Second)
		assert.Equal(t, 200, status())
		assert.Equal(t, 200, status())
		stop()
		require.NoError(t, <-ended)
		assert.Equal(t, `level=WARN msg="the upstream is ill" upstream=a error="the other server can't be reached: refused"
level=WARN msg="breaker opened: the upstream fails and is left alone" upstream=a error=refused
level=INFO msg="the upstream is well again" upstream=a
level=INFO msg="breaker closed: the upstream answers" upstream=a
`, log.String())
	})
}

func TestTheRequestKnowsWhoHasAnswered(t *testing.T) {
	answers := func(_ context.Context, host string, _ int) (*bus.Message, error) {
		if host == "b" { // which is the first one to be asked
			return nil, unreachable()
		}
		return ok()
	}
	for name, row := range map[string]struct {
		config string
		depth  int
		want   bus.Seen
	}{
		"the first":          {`{"url": "http://a"}`, 0, bus.Seen{Upstream: "a", Tries: 1}},
		"another":            {`{"upstreams": ["http://a", "http://b"]}`, 0, bus.Seen{Upstream: "a", Tries: 2}},
		"nobody":             {`{"url": "http://b", "retries": 0}`, 0, bus.Seen{Upstream: "b", Tries: 1}},
		"a call from inside": {`{"url": "http://a"}`, 1, bus.Seen{}},
	} {
		root, m := root(t), request(t, "GET", "/m/x", nil)
		m.Depth = row.depth
		reply, _ := openOn(t, row.config, &upstreams{answer: answers}).Serve(root, m)
		require.NoError(t, reply.Close())
		assert.Equal(t, row.want.Tries > 0, root.Seen.Waited > 0, name)
		root.Seen.Waited = 0
		assert.Equal(t, row.want, root.Seen, name)
	}
}
