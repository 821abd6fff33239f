package timer

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/adaptors/memstore"
	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/services"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// target is what a timer calls.
type target struct {
	mu     sync.Mutex
	calls  []time.Time
	takes  time.Duration
	status int
	err    error
	last   *bus.Message
}

func (g *target) Serve(ctx context.Context, m *bus.Message) (*bus.Message, error) {
	g.mu.Lock()
	g.calls, g.last = append(g.calls, time.Now()), m
	takes, status, err := g.takes, g.status, g.err
	g.mu.Unlock()
	select {
	case <-time.After(takes):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if err != nil {
		return nil, err
	}
	return bus.Reply(max(status, 200), nil), nil
}

// at returns when the calls were, in seconds after start.
func (g *target) at(start time.Time) []float64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	var list []float64
	for _, call := range g.calls {
		list = append(list, call.Sub(start).Seconds())
	}
	return list
}

func config(t testing.TB, edit func(*Config)) Config {
	c := Kind().Config().(*Config)
	c.Every, c.Call = 10*time.Second, "POST /jobs/cleanup?all=1"
	if edit != nil {
		edit(c)
	}
	require.NoError(t, c.Check())
	return *c
}

func newOf(t testing.TB, c Config, g bus.Service, store *memstore.Store, log *bytes.Buffer) *timer {
	t.Helper()
	if log == nil {
		log = new(bytes.Buffer)
	}
	env := services.Env{Name: "clean", Config: &c, Bus: g, Log: slog.New(slog.NewTextHandler(log, nil))}
	if store != nil {
		env.Adaptors = map[string]any{"adaptor": adaptors.NewKeep(store, 0)}
	}
	made, err := Kind().New(t.Context(), env)
	require.NoError(t, err)
	return made.(*timer)
}

// running has a timer run until the function that it returns is called.
func running(t *testing.T, made *timer) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- made.Run(ctx) }()
	return func() {
		cancel()
		assert.NoError(t, <-ended)
	}
}

func ask(t *testing.T, s bus.Service, method, path string) (*report, error) {
	t.Helper()
	m := &bus.Message{Method: method}
	if path != "" {
		m.URL.Path = []string{path}
	}
	reply, err := s.Serve(t.Context(), m)
	if err != nil {
		return nil, err
	}
	return reported(t, reply), nil
}

func TestCallsAgainAndAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start, g := time.Now(), new(target)
		made := newOf(t, config(t, func(c *Config) { c.Body = []byte(`{"deep":true}`) }), g, nil, nil)
		defer running(t, made)()
		time.Sleep(35 * time.Second)
		assert.Equal(t, []float64{10, 20, 30}, g.at(start))
		assert.Equal(t, "POST", g.last.Method)
		assert.Equal(t, "/jobs/cleanup?all=1", g.last.URL.String())
		assert.Nil(t, g.last.User, "the service itself")
		body, err := g.last.Body.Bytes(100)
		require.NoError(t, err)
		assert.JSONEq(t, `{"deep":true}`, string(body))
		assert.Equal(t, "application/json", g.last.Body.MediaType())
		r, err := ask(t, made, "GET", "")
		require.NoError(t, err)
		assert.Equal(t, "waiting", r.State)
		assert.Equal(t, "10s", r.Every)
		assert.Equal(t, "memory", r.Kept)
		assert.True(t, start.Add(40*time.Second).Equal(r.Next))
		assert.True(t, start.Add(30*time.Second).Equal(r.Last.At))
		assert.Equal(t, 200, r.Last.Status)
		assert.EqualValues(t, 3, r.Runs)
		assert.Zero(t, r.Failures+r.Skipped)
	})
}

func TestCallsByTheClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // from the first midnight of 2000
		start, g := time.Now(), new(target)
		made := newOf(t, config(t, func(c *Config) { c.Every, c.Cron, c.TimeZone = 0, "30 12 * * *", "Europe/Berlin" }), g, nil, nil)
		defer running(t, made)()
		time.Sleep(48 * time.Hour)
		assert.Equal(t, []float64{11.5 * 3600, 35.5 * 3600}, g.at(start))
		r, err := ask(t, made, "GET", "")
		require.NoError(t, err)
		assert.Equal(t, "30 12 * * *", r.Cron)
		assert.Equal(t, "Europe/Berlin", r.TimeZone)
		assert.Equal(t, "2000-01-03T12:30:00+01:00", r.Next.Format(time.RFC3339))
	})
}

func TestOneRunAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start, g := time.Now(), &target{takes: 25 * time.Second}
		made := newOf(t, config(t, nil), g, nil, nil)
		defer running(t, made)()
		time.Sleep(36 * time.Second)
		assert.Equal(t, []float64{10}, g.at(start), "20 and 30 find it at work")
		r, err := ask(t, made, "GET", "")
		require.NoError(t, err)
		assert.EqualValues(t, 2, r.Skipped)
		time.Sleep(5 * time.Second)
		assert.Equal(t, []float64{10, 40}, g.at(start))
		r, err = ask(t, made, "GET", "")
		require.NoError(t, err)
		assert.Equal(t, "running", r.State)
		_, err = ask(t, made, "POST", "run")
		assert.Equal(t, 409, bus.Classify(err).Status)
	})
}

func TestFailuresAreToldAndChangeNothing(t *testing.T) {
	for name, row := range map[string]struct {
		target *target
		status int
		text   string
		log    string
	}{
		"an answer":         {&target{status: 503}, 503, "the answer was 503", "the answer was 503"},
		"an error":          {&target{err: bus.Errorf(404, "nothing is there")}, 404, "nothing is there", "nothing is there"},
		"one of the inside": {&target{err: errors.New("disk on fire")}, 500, "Internal Server Error", "disk on fire"},
		"a time-out":        {&target{err: context.DeadlineExceeded}, 504, "there was no answer in the time that one may take: ask for less at a time, or raise limits.timeout of the server or of the service", "deadline"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start, g, log := time.Now(), row.target, new(bytes.Buffer)
				made := newOf(t, config(t, nil), g, nil, log)
				stop := running(t, made)
				time.Sleep(21 * time.Second)
				assert.Equal(t, []float64{10, 20}, g.at(start))
				r, err := ask(t, made, "GET", "")
				require.NoError(t, err)
				assert.EqualValues(t, 2, r.Failures)
				assert.Equal(t, row.status, r.Last.Status)
				assert.Equal(t, row.text, r.Last.Error)
				stop()
				assert.Contains(t, log.String(), row.log)
			})
		})
	}
}

func TestPauseStartRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start, g := time.Now(), new(target)
		made := newOf(t, config(t, nil), g, nil, nil)
		defer running(t, made)()
		time.Sleep(15 * time.Second)
		r, err := ask(t, made, "POST", "pause")
		require.NoError(t, err)
		assert.Equal(t, "paused", r.State)
		assert.True(t, r.Next.IsZero())
		time.Sleep(20 * time.Second)
		r, err = ask(t, made, "POST", "run")
		require.NoError(t, err)
		assert.Equal(t, "paused", r.State)
		time.Sleep(10 * time.Second)
		assert.Equal(t, []float64{10, 35}, g.at(start), "a run that is asked for runs all the same, and at once")
		r, err = ask(t, made, "POST", "start")
		require.NoError(t, err)
		assert.True(t, start.Add(50*time.Second).Equal(r.Next), "the times stay what they were")
		time.Sleep(6 * time.Second)
		_, err = ask(t, made, "POST", "start")
		require.NoError(t, err)
		_, err = ask(t, made, "POST", "run")
		require.NoError(t, err)
		time.Sleep(5 * time.Second)
		assert.Equal(t, []float64{10, 35, 50, 51}, g.at(start))
	})
}

func TestEndLetsARunEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &target{takes: 5 * time.Second}
		made := newOf(t, config(t, nil), g, nil, nil)
		stop := running(t, made)
		time.Sleep(12 * time.Second)
		stop()
		r, err := ask(t, made, "GET", "")
		require.NoError(t, err)
		assert.EqualValues(t, 1, r.Runs)
		assert.Empty(t, r.Last.Error)
	})
}

func TestRestart(t *testing.T) {
	for name, row := range map[string]struct {
		missed string
		down   time.Duration
		paused bool
		want   []float64
	}{
		"missed, once for all":   {"run", 65 * time.Second, false, []float64{10, 80, 90}},
		"missed, not made up":    {"skip", 65 * time.Second, false, []float64{10, 90}},
		"a short one is no miss": {"skip", 12 * time.Second, false, []float64{10, 27, 30}},
		"nothing missed":         {"run", 2 * time.Second, false, []float64{10, 20, 30}},
		"paused":                 {"run", 65 * time.Second, true, []float64{10}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start, g, store := time.Now(), new(target), memstore.New()
				c := config(t, func(c *Config) { c.Missed = row.missed })
				made := newOf(t, c, g, store, nil)
				stop := running(t, made)
				time.Sleep(15 * time.Second)
				if row.paused {
					_, err := ask(t, made, "POST", "pause")
					require.NoError(t, err)
				}
				stop()
				time.Sleep(row.down)
				made = newOf(t, c, g, store, nil)
				stop = running(t, made)
				time.Sleep(time.Duration(row.want[len(row.want)-1]+1)*time.Second - time.Since(start))
				r, err := ask(t, made, "GET", "")
				require.NoError(t, err)
				assert.Equal(t, row.paused, r.State == "paused")
				assert.Equal(t, "store", r.Kept)
				stop()
				assert.Equal(t, row.want, g.at(start))
			})
		})
	}
}

func TestAnotherScheduleBeginsAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start, g, store := time.Now(), new(target), memstore.New()
		stop := running(t, newOf(t, config(t, nil), g, store, nil))
		time.Sleep(15 * time.Second)
		stop()
		made := newOf(t, config(t, func(c *Config) { c.Every = 7 * time.Second }), g, store, nil)
		stop = running(t, made)
		time.Sleep(8 * time.Second)
		stop()
		assert.Equal(t, []float64{10, 22}, g.at(start))
		r, err := ask(t, made, "GET", "")
		require.NoError(t, err)
		assert.EqualValues(t, 2, r.Runs, "what was counted stays")
	})
}

func TestMemoryGoesOnInItsSuccessor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start, g := time.Now(), new(target)
		first := newOf(t, config(t, nil), g, nil, nil)
		stop := running(t, first)
		time.Sleep(15 * time.Second)
		second := newOf(t, config(t, func(c *Config) { c.Body = []byte("1") }), g, nil, nil)
		second.Follows(bus.ServiceFunc(nil))
		second.Follows(first)
		_, err := ask(t, first, "POST", "pause")
		require.NoError(t, err)
		stop()
		stop = running(t, second)
		time.Sleep(10 * time.Second)
		_, err = ask(t, second, "POST", "start")
		require.NoError(t, err)
		time.Sleep(10 * time.Second)
		stop()
		assert.Equal(t, []float64{10, 30}, g.at(start))
	})
}
