// Package adaptortest is the contract of adaptors, as tests that any driver is
// put to. A driver's test is one call:
//
//	func TestStore(t *testing.T) {
//		adaptortest.Store(t, func(t *testing.T) adaptors.Store { return memstore.New() })
//	}
//
// The list of [Clauses] is data. A [Trial] has a program put an adaptor to them
// one by one, and say which of them it keeps.
package adaptortest

import (
	"context"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/bus"
)

// T is what a clause needs of a test: *testing.T has it. FailNow ends the
// goroutine that it is called on, as runtime.Goexit does.
type T interface {
	Errorf(format string, args ...any)
	FailNow()
	Helper()
}

// A Clause is one sentence of the contract of adaptors.Store, and the test of
// it.
type Clause struct {
	Name  string                          // the sentence
	Check func(t T, empty adaptors.Store) // the store is empty, and the clause's own
	Root  bool                            // it is about the root of the store too
}

// Clauses returns the whole contract of adaptors.Store.
func Clauses() []Clause {
	return slices.Concat(reading(), writing(), conditions(), aboutRoot(listing()), naming(), racing(), modelling())
}

func aboutRoot(clauses []Clause) []Clause {
	for i := range clauses {
		clauses[i].Root = true
	}
	return clauses
}

// Store tests that a store keeps every clause. open returns an empty store,
// another one each time, and has what it needs closed by t.Cleanup.
func Store(t *testing.T, open func(t *testing.T) adaptors.Store) {
	for _, clause := range Clauses() {
		t.Run(clause.Name, func(t *testing.T) { clause.Check(t, open(t)) })
	}
}

// key returns a key of its segments.
func key(segments ...string) adaptors.Key { return segments }

// text returns a body of bytes.
func text(s string) *bus.Body { return bus.NewBody([]byte(s), "text/plain") }

// put stores a text without conditions, and must succeed.
func put(t T, s adaptors.Store, k adaptors.Key, content string) adaptors.Info {
	t.Helper()
	info, err := s.Put(context.Background(), k, text(content), adaptors.Condition{})
	require.NoErrorf(t, err, "put %s", k)
	return info
}

// remove deletes a key without conditions, and must succeed.
func remove(t T, s adaptors.Store, k adaptors.Key) {
	t.Helper()
	require.NoErrorf(t, s.Delete(context.Background(), k, adaptors.Condition{}), "delete %s", k)
}

// read returns the whole text of a key, which must be there.
func read(t T, s adaptors.Store, k adaptors.Key) (string, adaptors.Info) {
	t.Helper()
	body, info, err := s.Get(context.Background(), k, adaptors.GetOptions{})
	require.NoErrorf(t, err, "get %s", k)
	return drain(t, body), info
}

// maxBody is more than any clause stores.
const maxBody = 64 << 20

// drain returns the text of a body, and closes it.
func drain(t T, b *bus.Body) string {
	t.Helper()
	require.NotNil(t, b, "the body")
	size := b.Size()
	data, err := b.Bytes(maxBody)
	require.NoError(t, err)
	require.NoError(t, b.Close())
	if size >= 0 {
		require.Equal(t, size, int64(len(data)), "the size that the body says")
	}
	return string(data)
}

// names returns what a listing shows, directories with their "/".
func names(t T, s adaptors.Store, prefix adaptors.Key, after string) []string {
	t.Helper()
	list := []string{}
	for info, err := range s.List(context.Background(), prefix, adaptors.ListOptions{After: after}) {
		require.NoErrorf(t, err, "list %s", prefix)
		list = append(list, shown(info))
	}
	return list
}

func shown(info adaptors.Info) string {
	if info.Dir {
		return info.Name + "/"
	}
	return info.Name
}

// state is all that a store shows of a key and of the root, for comparing
// before and after what must change nothing.
type state struct {
	Content string
	ETag    string
	Root    []string
}

func stateOf(t T, s adaptors.Store, k adaptors.Key) state {
	t.Helper()
	content, info := read(t, s, k)
	return state{content, info.ETag, names(t, s, nil, "")}
}
