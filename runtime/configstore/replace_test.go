package configstore

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/adaptors/memstore"
	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/runtime/config"
)

func TestReplaceAfterAServerDied(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := memstore.New()
		a, b := behind(t, store)
		assert.True(t, a.follows(t))
		b.dies(t)
		assert.Equal(t, http.StatusServiceUnavailable, bus.Classify(a.Replace(t.Context(), []byte("two"), []byte("three"))).Status)
		time.Sleep(staleTime)
		assert.NoError(t, a.Replace(t.Context(), []byte("two"), []byte("three")))
	})
}

// put is a store that has before called before each write.
type put struct {
	adaptors.Store
	before func(ctx context.Context, key adaptors.Key)
}

func (p *put) Put(ctx context.Context, key adaptors.Key, b *bus.Body, c adaptors.Condition) (adaptors.Info, error) {
	p.before(ctx, key)
	if ctx.Err() != nil {
		return adaptors.Info{}, ctx.Err()
	}
	return p.Store.Put(ctx, key, b, c)
}

// Another server takes the turn between the look of this one and its write.
func TestReplaceBesideAnotherServer(t *testing.T) {
	store := memstore.New()
	a, b := behind(t, store)
	assert.True(t, a.follows(t))
	assert.True(t, b.follows(t))
	var once sync.Once
	a.store = adaptors.NewKeep(&put{store, func(context.Context, adaptors.Key) {
		once.Do(func() { assert.NoError(t, b.Replace(t.Context(), []byte("two"), []byte("three"))) })
	}}, 0)
	err := a.Replace(t.Context(), []byte("two"), []byte("four"))
	assert.Equal(t, http.StatusServiceUnavailable, bus.Classify(err).Status, "so that the client tries again: %v", err)
}

// Who puts a document there with another tool takes no turn, and loses nothing.
func TestReplaceBesideAnOperator(t *testing.T) {
	for name, old := range map[string][]byte{"another one": []byte("one"), "the first": nil} {
		t.Run(name, func(t *testing.T) {
			store := memstore.New()
			if old != nil {
				upload(t, store, string(old))
			}
			a := newServer(&put{store, func(_ context.Context, key adaptors.Key) {
				if key[1] == document[1] {
					upload(t, store, "theirs")
				}
			}}, "a")
			assert.ErrorIs(t, a.Replace(t.Context(), old, []byte("ours")), adaptors.ErrCondition)
			data, err := a.Read(t.Context())
			assert.NoError(t, err)
			assert.Equal(t, "theirs", string(data))
		})
	}
	store := memstore.New()
	upload(t, store, "")
	assert.ErrorIs(t, newServer(store, "a").Replace(t.Context(), nil, []byte("ours")), adaptors.ErrCondition, "an empty one is there, too")
}

func TestReplaceWhereTheStoreHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := memstore.New()
		a, b := behind(t, store)
		assert.True(t, a.follows(t))
		assert.True(t, b.follows(t))
		a.store = adaptors.NewKeep(&put{store, func(ctx context.Context, key adaptors.Key) {
			if key[1] == document[1] {
				<-ctx.Done()
			}
		}}, 0)
		assert.ErrorIs(t, a.Replace(t.Context(), []byte("two"), []byte("three")), context.DeadlineExceeded)
		a.store = adaptors.NewKeep(store, 0)
		assert.NoError(t, b.Replace(t.Context(), []byte("two"), []byte("three")), "the turn is free")
	})
}

func TestServersOfTheSameName(t *testing.T) {
	store := memstore.New()
	assert.NotEqual(t, newServer(store, "a").server, newServer(store, "a").server)
}

func TestContentThatIsTooLarge(t *testing.T) {
	store := memstore.New()
	a, _ := behind(t, store)
	upload(t, store, strings.Repeat("x", config.MaxBytes+1))
	_, err := a.Read(t.Context())
	assert.Error(t, err)
	_, err = a.Follow(t.Context(), a.apply)
	assert.Error(t, err)
	assert.Equal(t, "one", a.serves)
}
