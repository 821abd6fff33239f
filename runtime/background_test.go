package runtime_test

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/adaptors/memstore"
	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/runtime"
	"github.com/seed90475182/restspace/services"
	"github.com/seed90475182/restspace/services/timer"
)

// jobs is a Kind that timers call. It may take its time, and its GET has a body
// that its reader ends.
type jobs struct {
	mu      sync.Mutex
	takes   time.Duration
	began   []int // seconds after start
	bodies  []string
	ended   int
	working int
	most    int // at one time
	start   time.Time
}

func (j *jobs) kind() services.Kind {
	return services.Define(services.Kind{Name: "jobs"}, func(context.Context, services.Env, services.None, services.None) (bus.Service, error) {
		return bus.ServiceFunc(j.serve), nil
	})
}

func (j *jobs) serve(ctx context.Context, m *bus.Message) (*bus.Message, error) {
	if m.Method == "GET" {
		return bus.Reply(200, bus.NewStream(io.NopCloser(strings.NewReader("x")), -1, "text/plain")), nil
	}
	body, err := m.Body.Bytes(100)
	if err != nil {
		return nil, err
	}
	j.mu.Lock()
	j.bodies = append(j.bodies, string(body))
	j.began = append(j.began, int(time.Since(j.start)/time.Second))
	j.working++
	j.most = max(j.most, j.working)
	j.mu.Unlock()
	defer func() { j.mu.Lock(); j.working--; j.mu.Unlock() }()
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-time.After(j.takes):
		j.mu.Lock()
		j.ended++
		j.mu.Unlock()
		return bus.Reply(204, nil), nil
	}
}

// timed returns a configuration with a timer that has something in its body.
func timed(body int, adaptor string) []byte {
	return fmt.Appendf(nil, `{"server": {"drain": "20s", "log": {"level": "error"}}, "services": [
		{"name": "jobs", "basePath": "/jobs", "service": "jobs", "readRoles": "all"},
		{"name": "t", "basePath": "/t", "service": "timer", "every": "10s", "call": "POST /jobs", "body": %d, %s "readRoles": "all", "writeRoles": "all"}
	]}`, body, adaptor)
}

func (j *jobs) runtime(store adaptors.Store) *runtime.Runtime {
	shared := memstore.Kind()
	shared.Name = "shared"
	shared.New = func(context.Context, any, adaptors.Env) (any, error) { return store, nil }
	return runtime.New(runtime.Options{Services: services.NewRegistry(j.kind(), timer.Kind()), Adaptors: adaptors.NewRegistry(shared), LogTo: io.Discard})
}

// TestReloadsNeitherDoubleNorLoseARun has the timer replaced all the time,
// while a request keeps the generations before from their end.
func TestReloadsNeitherDoubleNorLoseARun(t *testing.T) {
	for name, adaptor := range map[string]string{"memory": "", "store": `"adaptor": "shared",`} {
		t.Run(name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			synctest.Test(t, func(t *testing.T) {
				j := &jobs{takes: 4 * time.Second, start: time.Now()}
				r := j.runtime(memstore.New())
				require.NoError(t, r.Load(t.Context(), "services.json", timed(0, adaptor)))
				var held []*bus.Message
				for i := 1; i < 30; i++ {
					m := &bus.Message{Method: "GET"}
					m.URL.Path = []string{"jobs"}
					reply, err := r.Serve(bus.NewRoot(context.Background(), 0), m)
					require.NoError(t, err)
					held = append(held, reply)
					time.Sleep(3100 * time.Millisecond)
					require.NoError(t, r.Load(t.Context(), "services.json", timed(i, adaptor)))
				}
				for _, reply := range held {
					require.NoError(t, reply.Close())
				}
				time.Sleep(4 * time.Second)
				require.NoError(t, r.Close(context.Background()))
				assert.Equal(t, []int{10, 20, 30, 40, 50, 60, 70, 80, 90}, j.began)
				assert.Equal(t, []string{"3", "6", "9", "12", "16", "19", "22", "25", "29"}, j.bodies, "each by the configuration of its time")
				assert.Equal(t, 9, j.ended, "a reload cuts no call off, nor does the end")
				assert.Equal(t, 1, j.most)
			})
		})
	}
}

func TestSeveralServersOverOneStore(t *testing.T) {
	t.Chdir(t.TempDir())
	synctest.Test(t, func(t *testing.T) {
		j := &jobs{takes: time.Second, start: time.Now()}
		store := memstore.New()
		first, second := j.runtime(store), j.runtime(store)
		for _, r := range []*runtime.Runtime{first, second} {
			require.NoError(t, r.Load(t.Context(), "services.json", timed(0, `"adaptor": "shared",`)))
		}
		time.Sleep(55 * time.Second)
		require.NoError(t, first.Close(context.Background()))
		time.Sleep(20 * time.Second)
		require.NoError(t, second.Close(context.Background()))
		assert.Equal(t, []int{10, 20, 30, 40, 50, 60, 70}, j.began)
		assert.Equal(t, 7, j.ended)
	})
}

// TestTheEndCutsARunOff sees that what a timer calls has the drain time and no
// more.
func TestTheEndCutsARunOff(t *testing.T) {
	t.Chdir(t.TempDir())
	synctest.Test(t, func(t *testing.T) {
		j := &jobs{takes: 25 * time.Second, start: time.Now()}
		r := j.runtime(nil)
		require.NoError(t, r.Load(t.Context(), "services.json", timed(0, "")))
		time.Sleep(11 * time.Second)
		end := time.Now()
		require.NoError(t, r.Close(context.Background()))
		assert.Equal(t, 20*time.Second, time.Since(end))
		assert.Equal(t, []int{10}, j.began)
		assert.Zero(t, j.ended)
	})
}

// slow is a store whose writes take a second.
type slow struct{ adaptors.Store }

func (s slow) Put(ctx context.Context, key adaptors.Key, b *bus.Body, c adaptors.Condition) (adaptors.Info, error) {
	time.Sleep(time.Second)
	return s.Store.Put(ctx, key, b, c)
}

// TestTheEndLosesNoRun ends the server after a run was begun in the store, and
// before the call.
func TestTheEndLosesNoRun(t *testing.T) {
	t.Chdir(t.TempDir())
	synctest.Test(t, func(t *testing.T) {
		j := &jobs{takes: time.Second, start: time.Now()}
		r := j.runtime(slow{memstore.New()})
		require.NoError(t, r.Load(t.Context(), "services.json", timed(0, `"adaptor": "shared",`)))
		time.Sleep(10500 * time.Millisecond)
		require.NoError(t, r.Close(context.Background()))
		assert.Equal(t, 1, j.ended)
	})
}
