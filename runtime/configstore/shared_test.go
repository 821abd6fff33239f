package configstore

import (
	"context"
	"errors"
	"io/fs"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/adaptors/filestore"
	"github.com/seed90475182/restspace/adaptors/memstore"
	"github.com/seed90475182/restspace/bus"
)

// server is one that takes everything over but what begins with "bad".
type server struct {
	*Shared
	serves string
	notes  []string
}

func newServer(store adaptors.Store, name string) *server {
	s := new(server)
	s.Shared = New(Options{
		Store: adaptors.NewKeep(store, 0), Key: document, Name: "conf/services.json", Server: name,
		Note: func(text string) { s.notes = append(s.notes, text) },
	})
	return s
}

func (s *server) apply(_ context.Context, data []byte) error {
	if string(data[:3]) == "bad" {
		return errBad
	}
	s.serves = string(data)
	return nil
}

func (s *server) start(t *testing.T) {
	t.Helper()
	require.NoError(t, s.Start(t.Context(), s.apply))
}

// follows has s look once, and reports whether that changed something.
func (s *server) follows(t *testing.T) bool {
	t.Helper()
	changed, err := s.Follow(t.Context(), s.apply)
	require.NoError(t, err)
	return changed
}

// behind returns two servers that have the content "one", and not yet "two", which
// is there now.
func behind(t *testing.T, store adaptors.Store) (a, b *server) {
	t.Helper()
	upload(t, store, "one")
	a, b = newServer(store, "a"), newServer(store, "b")
	a.start(t)
	b.start(t)
	upload(t, store, "two")
	return a, b
}

// dies has a server that takes a content over say nothing from then on.
func (s *server) dies(t *testing.T) {
	t.Helper()
	life, crash := context.WithCancel(t.Context())
	_, err := s.Follow(life, func(ctx context.Context, _ []byte) error {
		crash()
		s.store = adaptors.NewKeep(cutOff(memstore.New()), 0)
		return ctx.Err()
	})
	require.Error(t, err)
}

func upload(t *testing.T, store adaptors.Store, content string) {
	t.Helper()
	_, err := store.Put(t.Context(), document, bus.NewBody([]byte(content), ""), adaptors.Condition{})
	require.NoError(t, err)
}

// stores are the products that keep a configuration.
func stores(t *testing.T) map[string]adaptors.Store {
	files, err := filestore.Open(filestore.Config{Root: t.TempDir()}, adaptors.Env{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, files.Close()) })
	return map[string]adaptors.Store{"memory": memstore.New(), "file": files}
}

func TestRollout(t *testing.T) {
	for name, store := range stores(t) {
		t.Run(name, func(t *testing.T) {
			upload(t, store, "one")
			a, b, c := newServer(store, "a"), newServer(store, "b"), newServer(store, "c")
			a.start(t)
			b.start(t)
			assert.Equal(t, []string{"one", "one"}, []string{a.serves, b.serves})
			upload(t, store, "two")
			assert.True(t, a.follows(t))
			assert.False(t, a.follows(t))
			c.start(t)
			assert.Equal(t, []string{"two", "one", "one"}, []string{a.serves, b.serves, c.serves}, "it is not good yet")
			assert.True(t, b.follows(t))
			assert.True(t, c.follows(t))

			upload(t, store, "bad")
			changed, err := b.Follow(t.Context(), b.apply)
			assert.False(t, changed)
			assert.ErrorIs(t, err, errBad)
			for range 2 {
				_, err = a.Follow(t.Context(), a.apply)
				assert.ErrorContains(t, err, "conf/services.json is not taken over, since the server "+b.server+" could not: it is bad\n")
				_, err = b.Follow(t.Context(), b.apply)
				assert.ErrorIs(t, err, errBad, "its own error")
			}
			assert.ErrorIs(t, b.Health(), errBad)
			assert.Equal(t, []bool{true, true, false}, []bool{a.Refused(), b.Refused(), c.Refused()}, "c has not looked")
			upload(t, store, "three")
			assert.True(t, c.follows(t))
			assert.True(t, b.follows(t))
			assert.NoError(t, b.Health())
			assert.False(t, b.Refused())
			upload(t, store, "three")
			assert.True(t, b.follows(t), "the same content is another version")
		})
	}
}

func TestErrorsThatARecordCanNotHold(t *testing.T) {
	for name, row := range map[string]struct{ says, want string }{
		"too long":  {strings.Repeat("x", 2*maxRecord), "could not: " + strings.Repeat("x", maxError) + "...\n"},
		"not UTF-8": {"no such file: \xff", "could not: no such file: \uFFFD\n"},
	} {
		t.Run(name, func(t *testing.T) {
			store := memstore.New()
			a, b := behind(t, store)
			_, err := a.Follow(t.Context(), func(context.Context, []byte) error { return errors.New(row.says) })
			assert.EqualError(t, err, row.says)
			_, err = b.Follow(t.Context(), b.apply)
			require.Error(t, err)
			assert.True(t, strings.Contains(err.Error(), row.want))
			newServer(store, "c").start(t)
		})
	}
}

func TestOneServerTakesItOverAtATime(t *testing.T) {
	store := memstore.New()
	a, b := behind(t, store)
	changed, err := a.Follow(t.Context(), func(ctx context.Context, data []byte) error {
		assert.False(t, b.follows(t), "a has the turn")
		err := b.Replace(ctx, []byte("two"), []byte("three"))
		assert.Equal(t, http.StatusServiceUnavailable, bus.Classify(err).Status)
		assert.ErrorContains(t, err, a.server+" is just taking a configuration over")
		assert.ErrorContains(t, a.Replace(ctx, []byte("two"), []byte("three")), "this server is just taking")
		return a.apply(ctx, data)
	})
	assert.True(t, changed)
	require.NoError(t, err)
	assert.True(t, b.follows(t))
}

// A bucket makes ETags of the bytes: a record that says what one before has said is
// another one.
func TestEachRecordIsAnotherOne(t *testing.T) {
	store := &likeS3{Store: memstore.New()}
	upload(t, store, "one")
	a := newServer(store, "a")
	a.start(t)
	seen := make(map[string]bool)
	for range 3 {
		now, err := a.look(t.Context())
		require.NoError(t, err)
		require.NoError(t, a.write(t.Context(), now, now.record))
		assert.False(t, seen[a.seen.etag])
		seen[a.seen.etag] = true
	}
}

func TestReplace(t *testing.T) {
	for name, store := range stores(t) {
		t.Run(name, func(t *testing.T) {
			a, b := newServer(store, "a"), newServer(store, "b")
			require.NoError(t, a.Replace(t.Context(), nil, []byte("one")))
			assert.ErrorContains(t, b.Replace(t.Context(), nil, []byte("two")), a.server)
			a.start(t)
			assert.Equal(t, "one", a.serves)
			b.start(t)

			assert.ErrorIs(t, b.Replace(t.Context(), nil, []byte("two")), adaptors.ErrCondition)
			assert.ErrorIs(t, b.Replace(t.Context(), []byte("other"), []byte("two")), adaptors.ErrCondition)
			assert.ErrorIs(t, a.Replace(t.Context(), []byte("other"), []byte("two")), adaptors.ErrCondition, "the turn is free")
			require.NoError(t, b.Replace(t.Context(), []byte("one"), []byte("two")))
			data, err := a.Read(t.Context())
			require.NoError(t, err)
			assert.Equal(t, "two", string(data))
			assert.False(t, a.follows(t), "b has the turn")
			<-b.Changed()
			assert.True(t, b.follows(t))
			assert.True(t, a.follows(t))
		})
	}
}

func TestStartWithoutADocument(t *testing.T) {
	store := memstore.New()
	a := newServer(store, "a")
	err := a.Start(t.Context(), a.apply)
	assert.EqualError(t, err, "there is no conf/services.json: put it there")
	upload(t, store, "bad")
	assert.ErrorIs(t, a.Start(t.Context(), a.apply), errBad)
	upload(t, store, "one")
	a.start(t)

	require.NoError(t, store.Delete(t.Context(), document, adaptors.Condition{}))
	_, err = a.Follow(t.Context(), a.apply)
	assert.EqualError(t, err, "there is no conf/services.json: put it there")
	b := newServer(store, "b")
	b.start(t)
	assert.Equal(t, "one", b.serves, "the last good one")
	_, err = store.Put(t.Context(), b.beside, bus.NewBody([]byte("{"), ""), adaptors.Condition{})
	require.NoError(t, err)
	c := newServer(store, "c")
	assert.ErrorContains(t, c.Start(t.Context(), c.apply), "conf/services.json.rollout is no record of a rollout")
}

func TestServerThatCanNotStartWithTheLastGoodOneTriesTheNext(t *testing.T) {
	store := memstore.New()
	upload(t, store, "one")
	newServer(store, "a").start(t)
	b := newServer(store, "b")
	notOne := func(ctx context.Context, data []byte) error {
		if string(data) == "one" {
			return errors.New("no such disk")
		}
		return b.apply(ctx, data)
	}
	assert.EqualError(t, b.Start(t.Context(), notOne),
		"no such disk\nThis is the last good content of conf/services.json. Mend what keeps it from being served here, or put another one there")
	upload(t, store, "bad")
	err := b.Start(t.Context(), notOne)
	assert.ErrorIs(t, err, errBad)
	assert.ErrorContains(t, err, "no such disk")
	upload(t, store, "two")
	require.NoError(t, b.Start(t.Context(), notOne))
	assert.Equal(t, "two", b.serves)
}

// used returns what s uses beside the servers.
func (s *server) used(t *testing.T) (string, error) {
	t.Helper()
	s.serves, s.notes = "", nil
	err := s.Use(t.Context(), s.apply)
	return s.serves, err
}

func TestUse(t *testing.T) {
	store := memstore.New()
	tool := newServer(store, "tool")
	_, err := tool.used(t)
	assert.EqualError(t, err, "there is no conf/services.json: put it there")
	upload(t, store, "bad")
	_, err = tool.used(t)
	assert.ErrorIs(t, err, errBad)
	assert.Empty(t, tool.notes, "there is no good one")

	const goes = "\nUntil then the last good content is used, with which servers start"
	a := newServer(store, "a")
	expect := func(content string, notes ...string) {
		t.Helper()
		got, err := tool.used(t)
		require.NoError(t, err)
		assert.Equal(t, content, got)
		assert.Equal(t, notes, tool.notes)
	}
	upload(t, store, "one")
	expect("one")
	a.start(t)
	expect("one")
	err = tool.Use(t.Context(), func(context.Context, []byte) error { return errBad })
	assert.ErrorIs(t, err, errBad)
	assert.Empty(t, tool.notes, "there is no other one")
	upload(t, store, "two")
	expect("two")
	upload(t, store, "bad")
	expect("one", "it is bad"+goes)

	upload(t, store, "three")
	_, err = a.Follow(t.Context(), func(context.Context, []byte) error { return errBad })
	require.Error(t, err)
	_, refused := newServer(store, "b").Follow(t.Context(), a.apply)
	expect("one", refused.Error()+goes)
	require.NoError(t, store.Delete(t.Context(), document, adaptors.Condition{}))
	expect("one", "there is no conf/services.json: put it there"+goes)

	upload(t, store, "four")
	expect("four")
	tool.store = adaptors.NewKeep(cutOff(store), 0)
	_, err = tool.used(t)
	var outage *StoreError
	assert.ErrorAs(t, err, &outage)
}

// away is a store that may not answer.
type away struct {
	adaptors.Store
	gone atomic.Bool
}

// cutOff returns a store that does not answer.
func cutOff(store adaptors.Store) *away {
	a := &away{Store: store}
	a.gone.Store(true)
	return a
}

func (a *away) Get(ctx context.Context, key adaptors.Key, o adaptors.GetOptions) (*bus.Body, adaptors.Info, error) {
	if a.gone.Load() {
		return nil, adaptors.Info{}, errWire
	}
	return a.Store.Get(ctx, key, o)
}

func TestStoreThatDoesNotAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &away{Store: memstore.New()}
		upload(t, store, "one")
		a, b := newServer(store, "a"), newServer(store, "b")
		a.start(t)
		store.gone.Store(true)
		_, err := a.Follow(t.Context(), a.apply)
		var outage *StoreError
		assert.ErrorAs(t, err, &outage)
		assert.Equal(t, err, a.Health())
		assert.False(t, a.Refused(), "nobody knows")

		begun := time.Now()
		assert.ErrorAs(t, b.Start(t.Context(), b.apply), &outage)
		assert.InDelta(t, startTime, time.Since(begun), float64(lookTime))
		assert.Len(t, b.notes, 1)
		time.AfterFunc(10*time.Second, func() { store.gone.Store(false) })
		b.start(t)
		assert.Equal(t, "one", b.serves)
		assert.False(t, a.follows(t))
		assert.NoError(t, a.Health())
	})
}

// mute is a store whose server takes calls and does not answer.
type mute struct{ adaptors.Store }

func (mute) Get(ctx context.Context, _ adaptors.Key, _ adaptors.GetOptions) (*bus.Body, adaptors.Info, error) {
	<-ctx.Done()
	return nil, adaptors.Info{}, ctx.Err()
}

func TestStoreThatHangs(t *testing.T) {
	const says = "conf/services.json: the server of the store does not answer: check that it runs, and what is between"
	synctest.Test(t, func(t *testing.T) {
		a := newServer(mute{memstore.New()}, "a")
		_, err := a.Read(t.Context())
		assert.EqualError(t, err, says)
		_, err = a.Follow(t.Context(), a.apply)
		assert.EqualError(t, err, says)
		begun := time.Now()
		assert.EqualError(t, a.Start(t.Context(), a.apply), says)
		assert.Equal(t, startTime, time.Since(begun))
		assert.Equal(t, []string{says + ": trying for 30s"}, a.notes)
		begun = time.Now()
		err = Patiently(t.Context(), a.note, func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() })
		assert.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, startTime, time.Since(begun), "also where an attempt takes as long as it may")
	})
}

func TestGoodIsWhatNobodyTakesAnyMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := memstore.New()
		upload(t, store, "one")
		a, b := newServer(store, "a"), newServer(store, "b")
		a.start(t)
		upload(t, store, "two")
		time.Sleep(time.Minute)
		assert.True(t, a.follows(t))
		a.follows(t)
		b.start(t)
		assert.Equal(t, "one", b.serves)
		time.Sleep(goodTime)
		a.follows(t)
		c := newServer(store, "c")
		c.start(t)
		assert.Equal(t, "two", c.serves)
	})
}

func TestTurnOfAServerThatIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := memstore.New()
		a, b := behind(t, store)
		c := newServer(store, "c")
		c.start(t)
		a.dies(t)
		assert.False(t, b.follows(t))
		time.Sleep(staleTime - time.Second)
		assert.False(t, b.follows(t))
		time.Sleep(time.Second)
		assert.False(t, b.follows(t), "it blames a")
		_, err := c.Follow(t.Context(), c.apply)
		assert.ErrorContains(t, err, a.server+" could not: it was not heard of any more")

		a.store = adaptors.NewKeep(store, 0) // it was cut off, and comes back
		assert.True(t, a.follows(t))
		assert.True(t, b.follows(t))
		assert.True(t, c.follows(t))
	})
}

func TestTurnThatDoesNotEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := memstore.New()
		a, b := behind(t, store)
		release, ended := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(ended)
			_, err := a.Follow(t.Context(), func(ctx context.Context, data []byte) error { <-release; return a.apply(ctx, data) })
			assert.NoError(t, err)
		}()
		time.Sleep(time.Second)
		for range 10 {
			assert.False(t, b.follows(t))
			time.Sleep(longTurn / 10)
		}
		_, err := b.Follow(t.Context(), b.apply)
		assert.EqualError(t, err, "conf/services.json is not taken over yet, since the server "+a.server+" has been at it for more than 2m0s: look there, or end it")
		assert.Equal(t, err, b.Health())
		close(release)
		<-ended
		assert.True(t, b.follows(t))
		assert.NoError(t, b.Health())
	})
}

func TestReadSaysWhatIsMissing(t *testing.T) {
	_, err := newServer(memstore.New(), "a").Read(t.Context())
	assert.ErrorIs(t, err, fs.ErrNotExist)
}

func TestStoreErrorsAreForOperators(t *testing.T) {
	err := &StoreError{"conf", &bus.Error{Status: 503, Detail: "the store does not answer", Err: errors.New("connection refused")}}
	assert.EqualError(t, err, "conf: connection refused")
}

// careless is a store that compares some conditions and ignores others.
type careless struct{ adaptors.Store }

func (careless) Conditions(context.Context) error {
	return &bus.Error{Status: http.StatusNotImplemented, Type: bus.TypeCondition, Detail: "it does not compare some"}
}

func TestStoreThatDoesNotCompareAllConditions(t *testing.T) {
	store := memstore.New()
	upload(t, store, "one")
	a := newServer(careless{store}, "a")
	err := a.Start(t.Context(), a.apply)
	assert.EqualError(t, err, "conf/services.json: it does not compare some: several servers can't have their configuration there, since two could have the turn at once; keep it in another store, or in a file of each server")
	assert.Empty(t, a.serves)
	_, _, err = store.Get(t.Context(), a.beside, adaptors.GetOptions{})
	assert.ErrorIs(t, err, fs.ErrNotExist, "the record")
	err = a.Replace(t.Context(), []byte("one"), []byte("two"))
	assert.Equal(t, http.StatusNotImplemented, bus.Classify(err).Status)

	newServer(store, "b").start(t)
	a.start(t)
	assert.Equal(t, "one", a.serves, "what was good is served without a write")
}
