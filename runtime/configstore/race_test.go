package configstore

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/adaptors/memstore"
	"github.com/seed90475182/restspace/bus"
)

// hooked is a store that has before called before each read. Its error is that
// of the read.
type hooked struct {
	adaptors.Store
	before func(key adaptors.Key) error
}

func (h *hooked) Get(ctx context.Context, key adaptors.Key, o adaptors.GetOptions) (*bus.Body, adaptors.Info, error) {
	if before := h.before; before != nil {
		if err := before(key); err != nil {
			return nil, adaptors.Info{}, err
		}
	}
	return h.Store.Get(ctx, key, o)
}

func TestVersionThatWasSeenBeforeTheRecordIsNotTaken(t *testing.T) {
	store := memstore.New()
	slow := &hooked{Store: store}
	upload(t, store, "one")
	a, b := newServer(slow, "a"), newServer(store, "b")
	a.start(t)
	b.start(t)
	upload(t, store, "two")
	slow.before = func(key adaptors.Key) error {
		if key[1] == a.beside[1] {
			slow.before = nil
			upload(t, store, "bad")
			_, err := b.Follow(t.Context(), b.apply)
			assert.ErrorIs(t, err, errBad)
		}
		return nil
	}
	_, err := a.Follow(t.Context(), a.apply)
	assert.ErrorContains(t, err, "is not taken over, since the server "+b.server)
	assert.Equal(t, "one", a.serves)
}

func TestServerThatStartsLeavesTheTurnOfOneThatIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := memstore.New()
		a, c := behind(t, store)
		b := newServer(store, "new")
		a.dies(t)
		err := b.Start(t.Context(), func(context.Context, []byte) error { return errors.New("no such disk") })
		assert.ErrorContains(t, err, "no such disk\nThis is the last good content")
		assert.Equal(t, []string{"waiting for the server " + a.server + ", which takes conf/services.json over"}, b.notes)
		_, err = c.Follow(t.Context(), c.apply)
		assert.ErrorContains(t, err, a.server+" could not: it was not heard of any more")
	})
}

func TestTurnThatCameToNothingIsGivenBack(t *testing.T) {
	store := memstore.New()
	faulty := &hooked{Store: store}
	upload(t, store, "one")
	a, b := newServer(faulty, "a"), newServer(store, "b")
	a.start(t)
	b.start(t)
	faulty.before = func(key adaptors.Key) error {
		if key[1] == document[1] { // and so after the turn was taken
			faulty.before = func(adaptors.Key) error { return errWire }
			return errWire
		}
		return nil
	}
	require.ErrorIs(t, a.Replace(t.Context(), []byte("one"), []byte("two")), errWire)
	assert.ErrorContains(t, b.Replace(t.Context(), []byte("one"), []byte("two")), a.server)
	faulty.before = nil
	assert.False(t, a.follows(t))
	assert.NoError(t, b.Replace(t.Context(), []byte("one"), []byte("two")))
}

// Who takes the turn to replace a version that failed does not have it forgotten, for
// the document may stay as it is.
func TestFailureThatIsNotNotedYetIsNotedByWhoReplacesTheVersion(t *testing.T) {
	for name, row := range map[string]struct {
		found error // of the version, by a
		want  string
	}{
		"its server is gone":       {nil, "it was not heard of any more"},
		"the note came to nothing": {errBad, "could not: it is bad"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := memstore.New()
				upload(t, store, "one")
				a, b, c := newServer(store, "a"), newServer(store, "b"), newServer(store, "c")
				for _, s := range []*server{a, b, c} {
					s.start(t)
				}
				upload(t, store, "two")
				life, crash := context.WithCancel(t.Context())
				_, err := a.Follow(life, func(ctx context.Context, _ []byte) error {
					a.store = adaptors.NewKeep(cutOff(store), 0)
					if row.found == nil {
						crash()
						return ctx.Err()
					}
					return row.found
				})
				crash()
				require.Error(t, err)
				assert.False(t, b.follows(t))
				next := b
				if row.found != nil {
					a.store, next = adaptors.NewKeep(store, 0), a
				} else {
					time.Sleep(staleTime)
				}
				assert.ErrorIs(t, next.Replace(t.Context(), []byte("other"), []byte("three")), adaptors.ErrCondition)
				_, err = c.Follow(t.Context(), c.apply)
				assert.ErrorContains(t, err, a.server)
				assert.ErrorContains(t, err, row.want)
			})
		})
	}
}
