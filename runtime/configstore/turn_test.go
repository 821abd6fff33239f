package configstore

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/adaptors/memstore"
)

func TestWhatOneServerRefusesNeverBecomesGood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := memstore.New()
		a, b := behind(t, store)
		assert.True(t, a.follows(t))
		_, err := b.Follow(t.Context(), func(context.Context, []byte) error { return errBad })
		assert.ErrorIs(t, err, errBad)
		for range 3 {
			time.Sleep(goodTime)
			_, err := a.Follow(t.Context(), a.apply)
			assert.Error(t, err)
		}
		c := newServer(store, "c")
		c.start(t)
		assert.Equal(t, "one", c.serves)
	})
}

// A server that has what a later one can't serve goes on with it, and tells so.
func TestServerThatHasWhatAnotherOneRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := memstore.New()
		a, b := behind(t, store)
		assert.True(t, a.follows(t))
		_, err := b.Follow(t.Context(), func(context.Context, []byte) error { return errBad })
		require.ErrorIs(t, err, errBad)
		for range 2 {
			changed, err := a.Follow(t.Context(), a.apply)
			assert.False(t, changed)
			assert.EqualError(t, err, "conf/services.json is served here, but not by all, since the server "+b.server+" could not take it over: it is bad\n"+
				"Put there what all can serve, such as the last good content, with which servers start")
			time.Sleep(goodTime)
		}
		assert.Equal(t, "two", a.serves)
		assert.ErrorContains(t, a.Health(), "is served here, but")
		assert.True(t, a.Refused())
		upload(t, store, "one")
		assert.True(t, a.follows(t))
		assert.True(t, b.follows(t))
		assert.Equal(t, []string{"one", "one"}, []string{a.serves, b.serves})
		assert.NoError(t, a.Health())
	})
}

// What is good stays so where a server that missed it can't serve it.
func TestServerThatMissedARolloutRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := memstore.New()
		a, b := behind(t, store)
		c := newServer(store, "c")
		c.start(t)
		assert.True(t, a.follows(t))
		assert.True(t, b.follows(t))
		a.follows(t)
		time.Sleep(goodTime)
		a.follows(t)
		_, err := c.Follow(t.Context(), func(context.Context, []byte) error { return errBad })
		require.ErrorIs(t, err, errBad)
		assert.False(t, a.follows(t), "it need not look any more")
		assert.False(t, b.follows(t), "it looks")
	})
}

// That a server dies says something of a version only where no other one has it.
func TestServerThatIsNotTheFirstDies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := memstore.New()
		a, b := behind(t, store)
		c := newServer(store, "c")
		c.start(t)
		assert.True(t, a.follows(t))
		b.dies(t)
		assert.False(t, c.follows(t))
		time.Sleep(staleTime)
		assert.True(t, c.follows(t))
	})
}

func TestStaleTurnEndsWhereAllElseIsDone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := memstore.New()
		a, b := behind(t, store)
		assert.True(t, a.follows(t))
		b.dies(t)
		a.follows(t)
		time.Sleep(goodTime)
		a.follows(t)
		c := newServer(store, "c")
		c.start(t)
		assert.Equal(t, "two", c.serves)
		assert.NoError(t, c.Replace(t.Context(), []byte("two"), []byte("three")), "nobody has the turn")
	})
}

func TestServerThatLosesItsTurnSaysNothingOfTheVersion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := memstore.New()
		a, b := behind(t, store)
		way := &away{Store: store}
		a.store = adaptors.NewKeep(way, 0)
		_, err := a.Follow(t.Context(), func(ctx context.Context, _ []byte) error {
			way.gone.Store(true)
			<-ctx.Done()
			return ctx.Err()
		})
		assert.ErrorIs(t, err, errLost)
		way.gone.Store(false)
		assert.True(t, a.follows(t))
		assert.True(t, b.follows(t))
	})
}

func TestTurnForAVersionThatIsNoMoreThere(t *testing.T) {
	store := memstore.New()
	a, b := behind(t, store)
	slow, reads := &hooked{Store: store}, 0
	a.store = adaptors.NewKeep(slow, 0)
	slow.before = func(key adaptors.Key) error {
		if key[1] == document[1] {
			reads++
		}
		if reads == 3 { // the first with the turn
			upload(t, store, "three")
		}
		return nil
	}
	assert.False(t, a.follows(t))
	assert.True(t, b.follows(t), "the turn is free")
	assert.Equal(t, []string{"one", "three"}, []string{a.serves, b.serves})
}

func TestServerThatIsNotTheFirstToWrite(t *testing.T) {
	store := memstore.New()
	a, b := behind(t, store)
	slow, reads := &hooked{Store: store}, 0
	a.store = adaptors.NewKeep(slow, 0)
	slow.before = func(key adaptors.Key) error {
		if key[1] == document[1] {
			reads++
		}
		if reads == 2 { // the last before it goes for the turn
			assert.True(t, b.follows(t))
			slow.before = nil
		}
		return nil
	}
	assert.False(t, a.follows(t), "and that is no trouble")
	assert.True(t, a.follows(t))
}

// A server whose own reason was not heard tells it when it can.
func TestServerThatWasBlamedSaysWhy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := memstore.New()
		a, b := behind(t, store)
		_, err := a.Follow(t.Context(), func(context.Context, []byte) error {
			a.store = adaptors.NewKeep(cutOff(store), 0)
			return errBad
		})
		assert.ErrorIs(t, err, errBad)
		assert.False(t, b.follows(t))
		time.Sleep(staleTime)
		assert.False(t, b.follows(t), "it blames a")
		a.store = adaptors.NewKeep(store, 0)
		_, err = a.Follow(t.Context(), a.apply)
		assert.ErrorIs(t, err, errBad)
		_, err = b.Follow(t.Context(), b.apply)
		assert.ErrorContains(t, err, a.server+" could not: it is bad")
	})
}

// What the record does not say of a server, the others do not know.
func TestVersionThatCouldNotBeNoted(t *testing.T) {
	store := memstore.New()
	a, _ := behind(t, store)
	_, err := a.Follow(t.Context(), func(context.Context, []byte) error {
		a.store = adaptors.NewKeep(cutOff(store), 0)
		return nil
	})
	var outage *StoreError
	assert.ErrorAs(t, err, &outage)
	a.store = adaptors.NewKeep(store, 0)
	assert.True(t, a.follows(t))
	now, err := a.look(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []string{a.server}, now.Servers)
}

func TestServerThatMissedARollout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := memstore.New()
		a, b := behind(t, store)
		assert.True(t, a.follows(t))
		time.Sleep(goodTime)
		a.follows(t)
		assert.ErrorIs(t, b.Replace(t.Context(), []byte("one"), []byte("three")), adaptors.ErrCondition)
		assert.True(t, b.follows(t), "though it knows the record already")
		assert.Equal(t, "two", b.serves)
	})
}

// The time that other servers have had their turns does not add up.
func TestTurnsOneAfterTheOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := memstore.New()
		a, b := behind(t, store)
		for n := range 3 {
			upload(t, store, fmt.Sprint("content ", n))
			_, err := a.Follow(t.Context(), func(ctx context.Context, data []byte) error {
				assert.False(t, b.follows(t))
				return a.apply(ctx, data)
			})
			assert.NoError(t, err)
			assert.True(t, b.follows(t))
			time.Sleep(longTurn)
		}
	})
}

func TestRecordNamesTheLastServers(t *testing.T) {
	store := memstore.New()
	a, _ := behind(t, store)
	for range maxServers {
		s := newServer(store, "early")
		s.start(t)
		assert.True(t, s.follows(t))
	}
	assert.True(t, a.follows(t))
	now, err := a.look(t.Context())
	require.NoError(t, err)
	require.Len(t, now.Servers, maxServers)
	assert.Equal(t, a.server, now.Servers[maxServers-1])
}

// A version that may be why a server ends again and again does not become good. Once
// that server is stopped, or the record is removed, it does.
func TestServerThatEndsAgainAndAgain(t *testing.T) {
	for name, end := range map[string]func(t *testing.T, store adaptors.Store, record adaptors.Key){
		"stopped": func(*testing.T, adaptors.Store, adaptors.Key) { time.Sleep(goodTime) },
		"the record removed": func(t *testing.T, store adaptors.Store, record adaptors.Key) {
			require.NoError(t, store.Delete(t.Context(), record, adaptors.Condition{}))
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := memstore.New()
				a, b := behind(t, store)
				assert.True(t, a.follows(t))
				assert.True(t, b.follows(t))
				for range 10 {
					again := newServer(store, "c")
					again.start(t)
					assert.Equal(t, "one", again.serves)
					assert.True(t, again.follows(t))
					time.Sleep(goodTime / 2)
					assert.False(t, a.follows(t))
				}
				end(t, store, a.beside)
				a.follows(t)
				d := newServer(store, "d")
				d.start(t)
				assert.Equal(t, "two", d.serves)
			})
		})
	}
}
