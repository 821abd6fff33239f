package configstore

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/adaptors/memstore"
	"github.com/seed90475182/restspace/bus"
)

// slow is a store whose answers may take their time. A write is done before that.
type slow struct {
	adaptors.Store
	mu     sync.Mutex
	delays map[string][]time.Duration // of the next calls: "put services.json"
}

// pause waits for as long as the answer to a call takes.
func (s *slow) pause(ctx context.Context, call string) error {
	s.mu.Lock()
	var takes time.Duration
	if next := s.delays[call]; len(next) > 0 {
		takes, s.delays[call] = next[0], next[1:]
	}
	s.mu.Unlock()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(takes):
		return nil
	}
}

func (s *slow) Get(ctx context.Context, key adaptors.Key, o adaptors.GetOptions) (*bus.Body, adaptors.Info, error) {
	if err := s.pause(ctx, "get "+key[1]); err != nil {
		return nil, adaptors.Info{}, err
	}
	return s.Store.Get(ctx, key, o)
}

func (s *slow) Put(ctx context.Context, key adaptors.Key, b *bus.Body, c adaptors.Condition) (adaptors.Info, error) {
	info, err := s.Store.Put(ctx, key, b, c)
	if late := s.pause(ctx, "put "+key[1]); late != nil {
		return adaptors.Info{}, late
	}
	return info, err
}

// forever is how long a call takes that hangs.
const forever = 24 * time.Hour

// whileSlow has a take "two" over in the place of "one", through a store with delays:
// do calls taken then. Before that, b must see that a has the turn.
func whileSlow(t *testing.T, delays map[string][]time.Duration, do func(t *testing.T, a *server, taken func())) {
	synctest.Test(t, func(t *testing.T) {
		store := memstore.New()
		way := &slow{Store: store}
		upload(t, store, "zero")
		a, b := newServer(way, "a"), newServer(store, "b")
		a.start(t)
		b.start(t)
		upload(t, store, "one") // which is not good yet, so that b looks at the record
		assert.True(t, a.follows(t))
		assert.True(t, b.follows(t))
		way.delays = delays
		var taken atomic.Bool
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			do(t, a, func() { taken.Store(true) })
		}()
		for going := true; going; {
			select {
			case <-ended:
				going = false
			case <-time.After(time.Second):
			}
			_, err := b.Follow(t.Context(), func(ctx context.Context, data []byte) error {
				assert.True(t, taken.Load(), "it is the turn of a")
				return b.apply(ctx, data)
			})
			assert.NoError(t, err)
		}
		a.follows(t)
		b.follows(t)
		assert.Equal(t, []string{"two", "two"}, []string{a.serves, b.serves})
	})
}

func TestTurnIsHeldWhileCallsAreSlow(t *testing.T) {
	const record = "services.json.rollout"
	for name, row := range map[string]struct {
		delays map[string][]time.Duration
		work   time.Duration
	}{
		"all comes late": {map[string][]time.Duration{
			"put " + record: {recordTime - 1}, "get services.json": {0, 0, callTime - 1},
		}, 20 * time.Second},
		"signs of it come late":    {map[string][]time.Duration{"put " + record: {recordTime - 1, recordTime - 1}}, 20 * time.Second},
		"a sign of it hangs":       {map[string][]time.Duration{"put " + record: {0, forever}}, 20 * time.Second},
		"a look hangs":             {map[string][]time.Duration{"get " + record: {0, 0, forever}}, 20 * time.Second},
		"its end hangs":            {map[string][]time.Duration{"put " + record: {0, forever}}, 0},
		"the look at its end does": {map[string][]time.Duration{"get " + record: {0, 0, forever}}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			whileSlow(t, row.delays, func(t *testing.T, a *server, taken func()) {
				upload(t, a.store, "two")
				changed, err := a.Follow(t.Context(), func(ctx context.Context, data []byte) error {
					time.Sleep(row.work)
					if ctx.Err() != nil {
						return ctx.Err()
					}
					taken()
					return a.apply(ctx, data)
				})
				assert.True(t, changed)
				assert.NoError(t, err)
			})
		})
	}
}

func TestTurnIsHeldWhileTheDocumentIsReplaced(t *testing.T) {
	late := []time.Duration{callTime - 1}
	whileSlow(t, map[string][]time.Duration{"get services.json": late, "put services.json": late}, func(t *testing.T, a *server, taken func()) {
		assert.NoError(t, a.Replace(t.Context(), []byte("one"), []byte("two")))
		taken()
		a.serves = "two"
	})
}

func TestTurnThatIsLostWhileTheDocumentIsReplaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		way := &slow{Store: memstore.New()}
		a := newServer(way, "a")
		upload(t, way, "one")
		a.start(t)
		way.delays = map[string][]time.Duration{
			"get services.json.rollout": {0, forever, forever, forever}, "get services.json": {callTime / 2}, "put services.json": {forever},
		}
		err := a.Replace(t.Context(), []byte("one"), []byte("two"))
		assert.Equal(t, http.StatusServiceUnavailable, bus.Classify(err).Status)
		assert.ErrorContains(t, err, "may have stored the change: GET what it has: the turn to take it over was lost")
	})
}

func TestVersionThatIsServedAndNotNoted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		way := &slow{Store: memstore.New()}
		a := newServer(way, "a")
		upload(t, way, "one")
		a.start(t)
		one, _ := a.Versions()
		upload(t, way, "two")
		way.delays = map[string][]time.Duration{"get services.json.rollout": {0, forever, forever, forever}}
		changed, err := a.Follow(t.Context(), a.apply)
		assert.True(t, changed)
		assert.ErrorIs(t, err, context.DeadlineExceeded)
		two, offered := a.Versions()
		assert.NotEqual(t, one, two, "it has another one")
		assert.Equal(t, offered, two)
		assert.True(t, a.follows(t), "to note it")
	})
}
