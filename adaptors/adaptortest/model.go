package adaptortest

import (
	"context"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/adaptors"
)

func modelling() []Clause {
	return []Clause{{Name: "any sequence of operations leaves what a map would hold", Check: agreesWithModel}}
}

// model is what a store should be: contents and ETags by the text of a key.
type model map[string]modelEntry

type modelEntry struct {
	key           adaptors.Key
	content, etag string
}

// modelKeys are few, so that operations meet; none begins with another.
var modelKeys = []adaptors.Key{
	{"a"}, {"b/c"}, {"b", "c"}, {"b", "d", "e"}, {"b", "d", "f"}, {"z.json"}, {"z", ".x"}, {"z", "%2Ex"},
}

func agreesWithModel(t T, s adaptors.Store) {
	for seed := range uint64(4) {
		random := rand.New(rand.NewPCG(seed, 0))
		m := model{}
		var history []string
		for range 60 {
			history = append(history, m.step(t, s, random, history))
		}
		m.compare(t, s, history)
		for _, e := range m {
			remove(t, s, e.key)
		}
	}
}

// step does one operation to both, and returns its description.
func (m model) step(t T, s adaptors.Store, random *rand.Rand, history []string) string {
	k := modelKeys[random.IntN(len(modelKeys))]
	known, exists := m[k.String()]
	c, holds := randomCondition(random, known, exists)
	if random.IntN(3) == 0 {
		err := s.Delete(context.Background(), k, c)
		switch {
		case !exists:
			if holds { // a condition on nothing may be told as either
				require.ErrorIs(t, err, fs.ErrNotExist, history)
			} else {
				require.Error(t, err, history)
			}
		case !holds:
			require.ErrorIs(t, err, adaptors.ErrCondition, history)
		default:
			require.NoError(t, err, history)
			delete(m, k.String())
		}
		return fmt.Sprintf("delete %s %+v: %v", k, c, err)
	}
	content := strings.Repeat("x", random.IntN(100))
	info, err := s.Put(context.Background(), k, text(content), c)
	if holds {
		require.NoError(t, err, history)
		require.Equal(t, !exists, info.Created, history)
		m[k.String()] = modelEntry{k, content, info.ETag}
	} else {
		require.ErrorIs(t, err, adaptors.ErrCondition, history)
	}
	return fmt.Sprintf("put %s %+v: %v", k, c, err)
}

func randomCondition(random *rand.Rand, known modelEntry, exists bool) (c adaptors.Condition, holds bool) {
	switch random.IntN(6) {
	case 0:
		return adaptors.Condition{Absent: true}, !exists
	case 1:
		return adaptors.Condition{Exists: true}, exists
	case 2:
		return adaptors.Condition{Match: []string{known.etag}}, exists
	case 3:
		return adaptors.Condition{Match: []string{"other"}}, false
	}
	return adaptors.Condition{}, true
}

// compare sees that the store holds what the model does and nothing else.
func (m model) compare(t T, s adaptors.Store, history []string) {
	var found []string
	var walk func(prefix adaptors.Key)
	walk = func(prefix adaptors.Key) {
		for info, err := range s.List(context.Background(), prefix, adaptors.ListOptions{}) {
			require.NoError(t, err)
			k := append(slices.Clone(prefix), info.Name)
			if info.Dir {
				walk(k)
				continue
			}
			found = append(found, k.String())
			content, facts := read(t, s, k)
			require.Equal(t, m[k.String()].content, content, history)
			require.Equal(t, m[k.String()].etag, facts.ETag, history)
		}
	}
	walk(nil)
	require.Len(t, found, len(m), history)
}
