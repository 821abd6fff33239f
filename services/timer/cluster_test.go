package timer

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/seed90475182/restspace/adaptors/memstore"
	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/services"
)

func TestSeveralServersTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start, g, store := time.Now(), new(target), memstore.New()
		var stops []func()
		for range 3 {
			stops = append(stops, running(t, newOf(t, config(t, nil), g, store, nil)))
		}
		time.Sleep(55 * time.Second)
		assert.Equal(t, []float64{10, 20, 30, 40, 50}, g.at(start))
		for _, stop := range stops {
			stop()
		}
	})
}

// server is one of several: its clock is wrong, its store fails now and then,
// and it may die.
type server struct {
	*timer
	cluster *cluster
	skew    time.Duration
	alive   context.Context
	kill    context.CancelFunc
	ended   chan struct{}
}

// cluster is servers that share a state, and what they do.
type cluster struct {
	mu      sync.Mutex
	shared  memory
	faulty  func() int // of each save: 0 is well
	takes   func() time.Duration
	running map[*server]bool
	calls   int
	claimed []time.Time // due times that were taken
	worst   int         // calls at one time
}

var errStore = errors.New("the store is away")

func (s *server) load(ctx context.Context) (state, string, error) {
	if s.alive.Err() != nil {
		return state{}, "", errStore
	}
	return s.cluster.shared.load(ctx)
}

// What may become of a save, beside going well.
const (
	lost = iota + 1
	unanswered
	late // and unanswered
)

// save fails as the cluster says.
func (s *server) save(ctx context.Context, next state, version string) (string, error) {
	if s.alive.Err() != nil {
		return "", errStore
	}
	s.cluster.mu.Lock()
	defer s.cluster.mu.Unlock()
	fault := s.cluster.faulty()
	switch fault {
	case lost:
		return "", errStore
	case late:
		time.AfterFunc(7*time.Second, func() {
			s.cluster.mu.Lock()
			defer s.cluster.mu.Unlock()
			_, _ = s.cluster.replace(next, version)
		})
		return "", errStore
	}
	version, err := s.cluster.replace(next, version)
	if fault == unanswered {
		return "", errStore
	}
	return version, err
}

func (c *cluster) replace(next state, version string) (string, error) {
	before, _, _ := c.shared.load(context.Background())
	version, err := c.shared.save(context.Background(), next, version)
	if err == nil && before.Turn == nil && next.Turn != nil {
		c.claimed = append(c.claimed, before.Next)
	}
	return version, err
}

// Serve is the call.
func (s *server) Serve(ctx context.Context, _ *bus.Message) (*bus.Message, error) {
	c := s.cluster
	c.mu.Lock()
	c.calls++
	c.running[s] = true
	c.worst = max(c.worst, len(c.running))
	takes := c.takes()
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		delete(c.running, s)
		c.mu.Unlock()
	}()
	select {
	case <-time.After(takes):
		return bus.Reply(200, nil), nil
	case <-ctx.Done():
	case <-s.alive.Done():
	}
	return nil, context.Canceled
}

func (c *cluster) start(config Config, skew time.Duration) *server {
	s := &server{cluster: c, skew: skew, ended: make(chan struct{})}
	s.alive, s.kill = context.WithCancel(context.Background())
	s.timer = newTimer(services.Env{Bus: s, Log: slog.New(slog.DiscardHandler)}, config)
	s.timer.keep = s
	s.timer.now = func() time.Time { return time.Now().Add(skew) }
	go func() { defer close(s.ended); _ = s.Run(s.alive) }()
	return s
}

// TestEachDueTimeIsRunOnce sees that whatever fails and dies, no due time is
// taken twice, no two calls are made at one time, and nothing comes to a halt.
func TestEachDueTimeIsRunOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rapid.Check(struct{ rapid.TB }{t}, func(t *rapid.T) { // without the Deadline of t, which a bubble has not
			faults := rapid.SliceOfN(rapid.SampledFrom([]int{0, 0, 0, 0, 0, 0, 0, 0, lost, unanswered, late}), 8, 40).Draw(t, "faults")
			long := rapid.SliceOfN(rapid.IntRange(0, 50), 3, 10).Draw(t, "seconds")
			saves, calls := 0, 0
			c := &cluster{running: make(map[*server]bool)}
			c.faulty = func() int { saves++; return faults[saves%len(faults)] }
			c.takes = func() time.Duration { calls++; return time.Duration(long[calls%len(long)]) * time.Second }
			conf := Kind().Config().(*Config)
			conf.Every, conf.Call = time.Duration(rapid.IntRange(1, 40).Draw(t, "every"))*time.Second, "POST /x"
			require.NoError(t, conf.Check())
			alive := make([]*server, rapid.IntRange(1, 4).Draw(t, "servers"))
			for i := range alive {
				alive[i] = c.start(*conf, time.Duration(rapid.IntRange(-5, 5).Draw(t, "skew"))*time.Second)
			}
			for range rapid.IntRange(0, 6).Draw(t, "deaths") {
				time.Sleep(time.Duration(rapid.IntRange(1, 90).Draw(t, "until")) * time.Second)
				i := rapid.IntRange(0, len(alive)-1).Draw(t, "who")
				alive[i].kill()
				<-alive[i].ended
				alive[i] = c.start(*conf, alive[i].skew)
			}
			c.mu.Lock()
			before := len(c.claimed)
			c.mu.Unlock()
			time.Sleep(5 * time.Minute)
			for _, s := range alive {
				s.kill()
				<-s.ended
			}
			time.Sleep(10 * time.Second) // what is late
			synctest.Wait()
			c.mu.Lock()
			defer c.mu.Unlock()
			require.Greater(t, len(c.claimed), before, "it goes on")
			require.LessOrEqual(t, c.worst, 1, "one run at a time")
			require.LessOrEqual(t, c.calls, len(c.claimed), "a turn is for one call")
			for i := 1; i < len(c.claimed); i++ {
				require.True(t, c.claimed[i].After(c.claimed[i-1]), fmt.Sprint(c.claimed[i-1:i+1]))
			}
		})
	})
}

// made returns the number of calls.
func (c *cluster) made() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.calls
}

// busy returns the servers that make a call.
func (c *cluster) busy() []*server {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Collect(maps.Keys(c.running))
}

// TestADeadServerHoldsNobodyUp sees what becomes of the turn of a server that
// is gone.
func TestADeadServerHoldsNobodyUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &cluster{running: make(map[*server]bool), faulty: func() int { return 0 }, takes: func() time.Duration { return time.Minute }}
		first := c.start(config(t, nil), 0)
		time.Sleep(time.Second)
		second := c.start(config(t, nil), 4*time.Second)
		time.Sleep(44 * time.Second) // one of them runs, and its beat goes on
		assert.Equal(t, 1, c.made())
		assert.Len(t, c.busy(), 1)
		for _, runs := range c.busy() {
			runs.kill()
			<-runs.ended
		}
		time.Sleep(20 * time.Second)
		assert.Equal(t, 1, c.made(), "it may be there yet")
		time.Sleep(20 * time.Second)
		assert.Equal(t, 2, c.made())
		s, _, err := c.shared.load(t.Context())
		require.NoError(t, err)
		assert.Equal(t, "the server that ran it is gone", s.Last.Error)
		assert.EqualValues(t, 1, s.Failures)
		for _, s := range []*server{first, second} {
			s.kill()
			<-s.ended
		}
	})
}

// TestALostTurnCutsTheCallOff sees that who can't show its beat stops before
// others take over.
func TestALostTurnCutsTheCallOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		away := false
		c := &cluster{running: make(map[*server]bool), faulty: func() int {
			if away {
				return 1
			}
			return 0
		}, takes: func() time.Duration { return time.Minute }}
		s := c.start(config(t, nil), 0)
		time.Sleep(15 * time.Second)
		c.mu.Lock()
		away = true
		c.mu.Unlock()
		time.Sleep(20 * time.Second)
		assert.Empty(t, c.busy(), "25 seconds after the last beat")
		c.mu.Lock()
		away = false
		c.mu.Unlock()
		time.Sleep(10 * time.Second)
		kept, _, err := c.shared.load(t.Context())
		require.NoError(t, err)
		assert.Contains(t, kept.Last.Error, "the turn was lost")
		s.kill()
		<-s.ended
	})
}

// TestATurnThatIsTakenLate sees that a claim is known again whose save failed,
// and was made all the same.
func TestATurnThatIsTakenLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		faults := []int{0, late, lost} // the state is made, the turn is taken twice
		c := &cluster{running: make(map[*server]bool), takes: func() time.Duration { return 0 }}
		c.faulty = func() (fault int) {
			if len(faults) > 0 {
				fault, faults = faults[0], faults[1:]
			}
			return fault
		}
		s := c.start(config(t, nil), 0)
		time.Sleep(21 * time.Second)
		assert.Equal(t, 1, c.made())
		s.kill()
		<-s.ended
	})
}
