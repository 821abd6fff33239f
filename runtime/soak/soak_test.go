package soak

import (
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// howLong is the variable of the environment that says how long the soak takes,
// such as 30m.
const howLong = "RESTSPACE_SOAK_TIME"

// What happens how often. A short soak has more of it, but for the kills: a plugin
// that ends more than five times in a minute is left alone.
const (
	tick      = 10 * time.Second // a look at the server, and a reload
	least     = 30               // ticks
	perKill   = 3                // ticks to each kill of the plugin
	leastKill = 15 * time.Second // between two kills
)

// share is which part of what server and clients can do together is asked of them.
const share = 0.6

// TestSoak is the soak.
func TestSoak(t *testing.T) {
	if os.Getenv(howLong) == "" {
		t.Skip("takes half an hour: make soak")
	}
	length, err := time.ParseDuration(os.Getenv(howLong))
	require.NoError(t, err)
	every := min(tick, length/least)
	s := start(t)
	l := newLoad(s)
	l.fill(t)
	peak := l.peak(5 * time.Second)
	t.Logf("%.0f requests a second at most, for %d clients: %.0f of them from now on, for %v", peak, clients, share*peak, length)

	stop := l.steadily(share * peak)
	var samples []vitals
	kills, killed := 0, time.Now()
	for began := time.Now(); time.Since(began) < length; {
		time.Sleep(every)
		l.resting(func() { samples = append(samples, s.vitals(t, time.Since(began))) })
		s.reload(t, len(samples)%2 == 1)
		if time.Since(killed) >= max(perKill*every, leastKill) {
			s.kill(t)
			kills, killed = kills+1, time.Now()
		}
	}
	stop()

	t.Logf("%d reloads, %d kills of the plugin, %s", len(samples), kills, l)
	l.assertRight(t)
	assert.Equal(t, float64(len(samples)), s.metric(t, `config_reloads_total{outcome="ok"}`)-1, "reloads, beside the start")
	assert.GreaterOrEqual(t, s.restarts(t), float64(kills-1), "restarts of the plugin") // the last may be to come
	assertFlat(t, samples)
	s.end(t)
}
