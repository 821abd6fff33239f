package edge

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/bus"
)

// busyService takes a core for some time.
var busyService = bus.ServiceFunc(func(_ context.Context, m *bus.Message) (*bus.Message, error) {
	for begun := time.Now(); time.Since(begun) < 5*time.Millisecond; {
	}
	return &bus.Message{Status: http.StatusOK}, m.Close()
})

// Where each request would wait for some hundred others, most are refused, and
// those that are not do not wait for all.
func TestRequestsThatWouldWaitTooLong(t *testing.T) {
	for name, test := range map[string]struct {
		delay   time.Duration
		refuses bool
	}{
		"a short delay": {20 * time.Millisecond, true},
		"a long one":    {time.Minute, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, busyService, func(o *Options) {
				o.Limits.Delay, o.Limits.InFlight = test.delay, 1000
				o.Limits.Timeout, o.Limits.HeaderTimeout = time.Minute, time.Minute
				o.Limits.Connections, o.Limits.ConnectionsPerIP = 1000, 1000
			})
			var good, refused atomic.Int64
			var clients sync.WaitGroup
			for range 200 {
				clients.Go(func() {
					for range 3 {
						response, err := http.Get("http://" + s.address)
						if !assert.NoError(t, err) {
							return
						}
						assert.NoError(t, response.Body.Close())
						if response.StatusCode == http.StatusOK {
							good.Add(1)
							continue
						}
						refused.Add(1)
						assert.Equal(t, http.StatusServiceUnavailable, response.StatusCode)
						assert.Equal(t, "1", response.Header.Get("Retry-After"))
					}
				})
			}
			clients.Wait()
			assert.EqualValues(t, 600, good.Load()+refused.Load())
			assert.Positive(t, good.Load())
			assert.Equal(t, test.refuses, refused.Load() > 0, "%d refused", refused.Load())
			assert.Equal(t, test.refuses, strings.Contains(s.log.String(), "more to do than it can"))
		})
	}
}

// Whether a request goes behind the others, and whether it is let in then.
func TestDelay(t *testing.T) {
	const ms = time.Millisecond
	for name, test := range map[string]struct {
		most, next, away, others  time.Duration // next and away as of now; away 0: none is
		behind, refused, stillOut bool
	}{
		"the first tries":                   {most: time.Minute, next: -1, behind: true},
		"and waits too long":                {most: 5 * ms, next: -1, others: 6 * ms, behind: true, refused: true},
		"while one is away for a moment":    {most: time.Minute, next: -1, away: ms, stillOut: true},
		"while one is away for a while":     {most: time.Minute, next: -1, away: 2 * ms, behind: true, stillOut: true},
		"and those before it take too long": {most: 100 * ms, next: -1, away: 2 * ms, others: 101 * ms, behind: true, refused: true, stillOut: true},
		"while one is away for too long":    {most: 5 * ms, next: -1, away: 6 * ms, refused: true, stillOut: true},
		"however long, without a limit":     {next: -1, away: time.Hour, stillOut: true},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDelay(test.most)
			d.start = d.start.Add(-2 * time.Hour)
			now := time.Now()
			d.next.Store(int64(now.Sub(d.start) + test.next))
			if test.away > 0 {
				d.away.Store(int64(now.Sub(d.start) - test.away))
			}
			var behind bool
			d.behind = func() {
				behind = true
				time.Sleep(test.others)
			}
			err := d.check(now)
			assert.Equal(t, test.refused, err != nil, "%v", err)
			assert.Equal(t, test.behind, behind)
			assert.Equal(t, test.stillOut, d.away.Load() != 0)
		})
	}
}

// A try is good for a while, and so is that one is not back yet.
func TestDelayLooks(t *testing.T) {
	d := newDelay(time.Minute)
	now := time.Now()
	require.NoError(t, d.check(now))
	assert.Equal(t, now.Sub(d.start)+delayLook, time.Duration(d.next.Load()))
	before := d.next.Load()
	require.NoError(t, d.check(now.Add(delayLook/2)))
	assert.Equal(t, before, d.next.Load())
	require.NoError(t, d.check(now.Add(delayLook)))
	assert.Greater(t, d.next.Load(), before)
}

func BenchmarkDelay(b *testing.B) {
	d := newDelay(time.Second)
	b.ReportAllocs()
	b.RunParallel(func(p *testing.PB) {
		for now := time.Now(); p.Next(); now = now.Add(20 * time.Microsecond) { // a request
			if d.check(now) != nil {
				b.Error("it is too long")
			}
		}
	})
}
