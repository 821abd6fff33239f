package adaptortest_test

import (
	"context"
	"errors"
	"iter"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/adaptors/adaptortest"
	"github.com/seed90475182/restspace/adaptors/memstore"
	"github.com/seed90475182/restspace/bus"
)

// try carries out a Trial, and returns the clauses that are not kept.
func try(t *testing.T, s adaptors.Store) (broken map[string]adaptortest.Verdict, trial *adaptortest.Trial) {
	t.Helper()
	trial, err := adaptortest.NewTrial(t.Context(), s, 10*time.Second)
	require.NoError(t, err)
	broken = make(map[string]adaptortest.Verdict)
	count := 0
	for v, err := range trial.Verdicts(t.Context()) {
		require.NoError(t, err)
		if count++; !v.Kept() {
			broken[v.Clause] = v
		}
	}
	assert.Equal(t, len(adaptortest.Clauses()), count)
	return broken, trial
}

// root returns the names in the root of a store.
func root(s adaptors.Store) (names []string) {
	for info := range s.List(context.Background(), nil, adaptors.ListOptions{}) {
		names = append(names, info.Name)
	}
	return names
}

func TestTrialOfAGoodStore(t *testing.T) {
	store := memstore.New()
	broken, trial := try(t, store)
	assert.Empty(t, broken)
	assert.True(t, trial.Empty())
	assert.Empty(t, root(store))
}

func TestTrialLeavesAloneWhatIsThere(t *testing.T) {
	store := memstore.New()
	_, err := store.Put(t.Context(), adaptors.Key{"mine"}, bus.NewBody([]byte("x"), ""), adaptors.Condition{})
	require.NoError(t, err)
	broken, trial := try(t, store)
	assert.Empty(t, broken)
	assert.False(t, trial.Empty())
	assert.Equal(t, []string{"mine"}, root(store))
}

// TestTrialFindsFaults has a Trial tell in words some of what
// TestEveryClauseCanFail finds, without the places of files.
func TestTrialFindsFaults(t *testing.T) {
	for _, clause := range []string{
		"a missing key is fs.ErrNotExist", "a failed Put changes nothing", "a Put happens exactly when its condition holds",
		"a listing of nothing is empty", "a listing shows what is there all the while exactly once",
		"hard names are all distinct documents",
		"any sequence of operations leaves what a map would hold",
	} {
		t.Run(clause, func(t *testing.T) {
			store := &faulty{Store: memstore.New()}
			faults[clause](store)
			broken, _ := try(t, store)
			require.Contains(t, broken, clause)
			for _, text := range broken[clause].Faults {
				assert.NotRegexp(t, `\.go|\n|\t|Error Trace|Diff`, text)
			}
		})
	}
}

func TestTrialTellsWhatWasSeen(t *testing.T) {
	store := &faulty{Store: memstore.New()}
	opensDirectories(store)
	broken, _ := try(t, store)
	assert.Equal(t, []string{
		`get a: Expected error with "file does not exist" in chain but got nil.`,
		`get a/b: Expected error with "file does not exist" in chain but got nil.`,
	}, broken["a directory is no document"].Faults)

	store = &faulty{Store: memstore.New()}
	neverCreated(store)
	broken, _ = try(t, store)
	assert.Equal(t, []string{"a new key is not said to be created", "a key that had been deleted is not said to be created"}, broken["Put says whether the key was new"].Faults)

	store = &faulty{Store: memstore.New()}
	losesTheLastByte(store)
	broken, _ = try(t, store)
	assert.Contains(t, broken["Put replaces all of the old content"].Faults, `expected "short", actual "shor"`)
}

// TestTrialFindsFaultsOfTheRoot has faults that a directory does not show.
func TestTrialFindsFaultsOfTheRoot(t *testing.T) {
	store := &faulty{Store: memstore.New()}
	store.list = func(ctx context.Context, prefix adaptors.Key, o adaptors.ListOptions) iter.Seq2[adaptors.Info, error] {
		if len(prefix) == 0 {
			o.After = ""
		}
		return store.Store.List(ctx, prefix, o)
	}
	broken, _ := try(t, store)
	require.Len(t, broken, 1)
	assert.True(t, strings.HasPrefix(broken["a listing begins after the name that is given"].Faults[0], "at the root: after "))
}

// TestTrialEndsWhatHangs has a store that never answers a Delete, and one that
// goes on for ever.
func TestTrialEndsWhatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &faulty{Store: memstore.New()}
		store.delete = func(ctx context.Context, _ adaptors.Key, _ adaptors.Condition) error {
			<-ctx.Done()
			return ctx.Err()
		}
		broken, _ := try(t, store)
		v := broken["a deleted key is gone"]
		assert.Equal(t, "it did not end within 10s", v.Faults[0])
		assert.Regexp(t, "^rstest-", v.Left)
		assert.NotContains(t, broken, "Get gives what Put stored")
	})
	synctest.Test(t, func(t *testing.T) {
		store := &faulty{Store: memstore.New()}
		store.put = func(ctx context.Context, key adaptors.Key, b *bus.Body, c adaptors.Condition) (adaptors.Info, error) {
			if c.Match != nil {
				b.Close()
				time.Sleep(time.Second)
				return adaptors.Info{}, adaptors.ErrCondition
			}
			return store.Store.Put(ctx, key, b, c)
		}
		broken, _ := try(t, store)
		assert.Contains(t, broken["writers that retry on ErrCondition lose no update"].Faults[0], "did not end")
		assert.Empty(t, root(store.Store))
	})
}

func TestTrialOfAStoreThatCantBeListed(t *testing.T) {
	store := &faulty{Store: memstore.New()}
	store.list = func(context.Context, adaptors.Key, adaptors.ListOptions) iter.Seq2[adaptors.Info, error] {
		return func(yield func(adaptors.Info, error) bool) { yield(adaptors.Info{}, errors.New("no")) }
	}
	_, err := adaptortest.NewTrial(t.Context(), store, time.Second)
	assert.EqualError(t, err, "list the root: no")
}

func TestTrialEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	store := memstore.New()
	trial, err := adaptortest.NewTrial(ctx, store, time.Second)
	require.NoError(t, err)
	count := 0
	for _, err := range trial.Verdicts(ctx) {
		if count++; count == 2 {
			assert.ErrorIs(t, err, context.Canceled)
			break
		}
		assert.NoError(t, err)
		cancel()
	}
	assert.Equal(t, 2, count)
	assert.Empty(t, root(store))
}
