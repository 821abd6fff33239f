package account

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/adaptors/memstore"
	"github.com/seed90475182/restspace/bus"
)

func from(t *testing.T, client string) context.Context {
	root := bus.NewRoot(t.Context(), 0)
	root.Client = client
	return root
}

// waits returns how long a client has to wait, in seconds; 0 is not at all. The
// try that it makes to find out fails.
func waits(t *testing.T, g *Guard, client, email string) string {
	t.Helper()
	_, err := g.Begin(from(t, client), email)
	if err == nil {
		return ""
	}
	known := bus.Classify(err)
	require.Equal(t, http.StatusTooManyRequests, known.Status)
	return known.Header.Get("Retry-After")
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

func TestWhoFailsWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := NewGuard(quiet())
		for range failuresOfPair {
			assert.Empty(t, waits(t, g, "192.0.2.1", "ann@x"))
		}
		assert.Equal(t, "30", waits(t, g, "192.0.2.1", "ann@x"))
		assert.Equal(t, "30", waits(t, g, "192.0.2.77", "ann@x"), "the same network")
		assert.Empty(t, waits(t, g, "192.0.3.1", "ann@x"), "another network")
		assert.Empty(t, waits(t, g, "192.0.2.1", "bob@x"), "another account")
		for _, wait := range []int{60, 120, 240, 480, 900, 900} {
			next := fmt.Sprint(wait)
			time.Sleep(15 * time.Minute)
			assert.Empty(t, waits(t, g, "192.0.2.1", "ann@x"))
			assert.Equal(t, next, waits(t, g, "192.0.2.1", "ann@x"))
		}
		time.Sleep(LongestWait + window + time.Second)
		for range failuresOfPair {
			assert.Empty(t, waits(t, g, "192.0.2.1", "ann@x"), "all is forgotten")
		}
	})
}

func TestSuccessForgets(t *testing.T) {
	g := NewGuard(quiet())
	for range 3 * failuresOfPair {
		for range failuresOfPair - 1 {
			assert.Empty(t, waits(t, g, "192.0.2.1", "ann@x"))
		}
		g.young[hashed("192.0.2.0/24")].known.All.Count = 0
		try, err := g.Begin(from(t, "192.0.2.1"), "ann@x")
		require.NoError(t, err)
		try.Succeed()
	}
	for range 3 * failuresOfPair {
		try, err := g.Begin(from(t, "192.0.2.1"), "cat@x")
		require.NoError(t, err)
		try.TakeBack()
	}
}

func TestNetworkThatTriesAllAccounts(t *testing.T) {
	g := NewGuard(quiet())
	for i := range failuresOfNetwork {
		assert.Empty(t, waits(t, g, "2001:db8:0:1::1", fmt.Sprint(i, "@x")))
	}
	assert.Equal(t, "30", waits(t, g, "2001:db8:0:2::1", "ann@x"), "the same 56 bits")
	assert.Empty(t, waits(t, g, "2001:db8:0:100::1", "ann@x"))
}

func TestManyAtATime(t *testing.T) {
	g := NewGuard(quiet())
	results := make(chan string)
	for range 50 {
		go func() {
			_, err := g.Begin(from(t, "::ffff:192.0.2.1"), "ann@x")
			results <- fmt.Sprint(err == nil)
		}()
	}
	begun := 0
	for range 50 {
		if <-results == "true" {
			begun++
		}
	}
	assert.Equal(t, failuresOfPair, begun)
}

func TestMemoryOfTheGuardIsBounded(t *testing.T) {
	g := NewGuard(quiet())
	for i := range 3 * maxNetworks {
		g.network(t.Context(), fmt.Sprint(i))
	}
	assert.LessOrEqual(t, len(g.young)+len(g.old), maxNetworks)
	n := g.network(t.Context(), "x")
	for i := range maxPairs {
		n.pair(fmt.Sprint(i), time.Now()).Count = 1
	}
	assert.Nil(t, n.pair("one more", time.Now()))
	assert.NotNil(t, n.pair("one more", time.Now().Add(LongestWait+window+time.Minute)), "old ones are forgotten")
}

func TestWhoWaitsTakesNoMemory(t *testing.T) {
	g := NewGuard(quiet())
	for i := range 2 * failuresOfNetwork {
		_, _ = g.Begin(from(t, "192.0.2.1"), fmt.Sprint(i, "@x"))
	}
	assert.Equal(t, failuresOfNetwork, len(g.young[hashed("192.0.2.0/24")].known.Pairs))
}

func TestNothingElseInTheStoreIsRemoved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := adaptors.NewKeep(memstore.New(), 1<<20)
		other := adaptors.Key{"ann@example.com.json"}
		_, err := store.Put(t.Context(), other, bus.NewBody([]byte(`{}`), "application/json"), adaptors.Condition{})
		require.NoError(t, err)
		time.Sleep(24 * time.Hour)
		g := NewGuard(quiet())
		g.KeepIn(store)
		g.removeOld(t.Context())
		_, _, err = store.Get(t.Context(), other, adaptors.GetOptions{Meta: true})
		assert.NoError(t, err, "where the store is that of the users")
	})
}

func TestClockThatWasSetBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := adaptors.NewKeep(memstore.New(), 1<<20)
		later := failures{Count: failuresOfPair, Since: time.Now().Add(1000 * time.Hour), Until: time.Now().Add(1001 * time.Hour)}
		written := network{name: hashed("192.0.2.0/24"), dirty: true, known: known{All: later, Pairs: map[string]*failures{hashed("ann@x"): &later}}}
		require.NoError(t, written.save(t.Context(), store))
		g := NewGuard(quiet())
		g.KeepIn(store)
		assert.Empty(t, waits(t, g, "192.0.2.1", "ann@x"), "what is to come has not failed")
	})
}

func TestWaitingOutlivesTheProcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := adaptors.NewKeep(memstore.New(), 1<<20)
		begin := func() (g *Guard, end func()) {
			g = NewGuard(quiet())
			g.KeepIn(store)
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan error)
			go func() { done <- g.Run(ctx) }()
			return g, func() { cancel(); require.NoError(t, <-done) }
		}
		g, end := begin()
		for range failuresOfPair {
			assert.Empty(t, waits(t, g, "192.0.2.1", "ann@x"))
		}
		end()
		for info, err := range store.List(t.Context(), nil, adaptors.ListOptions{}) {
			require.NoError(t, err)
			assert.NotContains(t, info.Name, "192")
			body, _, err := store.Get(t.Context(), adaptors.Key{info.Name}, adaptors.GetOptions{})
			require.NoError(t, err)
			data, err := body.Bytes(1000)
			require.NoError(t, err)
			assert.NotContains(t, string(data), "ann")
		}
		g, end = begin()
		assert.Equal(t, "30", waits(t, g, "192.0.2.1", "ann@x"))
		time.Sleep(30 * time.Second)
		assert.Empty(t, waits(t, g, "192.0.2.1", "ann@x"))
		time.Sleep(2 * writeEvery) // and no end
		other, endOther := begin()
		assert.NotEmpty(t, waits(t, other, "192.0.2.1", "ann@x"))
		endOther()
		end()

		time.Sleep(2 * time.Hour)
		_, end = begin()
		synctest.Wait()
		for info := range store.List(t.Context(), nil, adaptors.ListOptions{}) {
			assert.Fail(t, "is still there", info.Name)
		}
		end()
	})
}
