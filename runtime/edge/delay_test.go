package edge

import (
	"context"
	"math"
	"net/http"
	"runtime/metrics"
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

func TestBetweenHistograms(t *testing.T) {
	h := &metrics.Float64Histogram{Counts: []uint64{1, 5, 4}, Buckets: []float64{math.Inf(-1), 2, 4, math.Inf(1)}}
	n, seconds := between([]uint64{0, 3, 4}, h)
	assert.EqualValues(t, 3, n)
	assert.InDelta(t, 1*1+2*3, seconds, 1e-9, "each is in the middle of its range")
	n, seconds = between([]uint64{1, 5, 3}, h)
	assert.EqualValues(t, 1, n)
	assert.InDelta(t, 6, seconds, 1e-9, "a range without end counts as if it were as long as it is far")
}

// What the runtime of Go tells is there, and costs no memory.
func TestDelayReads(t *testing.T) {
	d := newDelay(time.Second)
	now := time.Now()
	d.read(now)
	for i := range 3 {
		now = now.Add(2 * delayWindow)
		d.read(now)
		require.NotEmpty(t, d.waits, "of turn %d", i)
	}
	for _, s := range d.samples {
		assert.NotEqual(t, metrics.KindBad, s.Value.Kind(), s.Name)
	}
	assert.Zero(t, testing.AllocsPerRun(100, func() { assert.NoError(t, d.check(time.Now())) }))
}

// What was found is good for a while, and is looked at again then.
func TestDelayLooks(t *testing.T) {
	d := newDelay(time.Second)
	d.long.Store(true)
	d.next.Store(int64(time.Hour))
	assert.Error(t, d.check(time.Now()))
	assert.Zero(t, d.began)
	d.next.Store(0)
	assert.NoError(t, d.check(time.Now()))
	assert.NotZero(t, d.began)
	assert.Positive(t, d.next.Load())
	d.long.Store(true)
	d.most = 0
	assert.NoError(t, d.check(time.Now()), "nothing is too long")
}

// A wait is too long when it has been for a while, be it with short pauses.
func TestDelayStands(t *testing.T) {
	d := newDelay(time.Second)
	at := time.Now()
	for _, step := range []struct {
		after      time.Duration // milliseconds
		long, want bool
	}{
		{0, true, false}, {60, true, false}, {39, true, false}, {1, true, true},
		{50, false, false}, {40, true, true}, // a short pause
		{101, true, false}, {99, true, false}, {1, true, true}, // a long one
	} {
		at = at.Add(step.after * time.Millisecond)
		assert.Equal(t, step.want, d.stands(at, step.long), "%+v", step)
	}
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
