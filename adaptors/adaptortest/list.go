package adaptortest

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/adaptors"
)

func listing() []Clause {
	return []Clause{
		{Name: "a listing of nothing is empty", Check: emptyListing},
		{Name: "a listing is one level in byte order, directories with their slash", Check: listingOrder},
		{Name: "a listing begins after the name that is given", Check: listingAfter},
		{Name: "a listing ends when its caller has enough", Check: listingStops},
		{Name: "a listing shows what is there all the while exactly once", Check: listingSteady},
		{Name: "a directory exists exactly while something is below it", Check: directories},
	}
}

func emptyListing(t T, s adaptors.Store) {
	assert.Empty(t, names(t, s, nil, ""))
	assert.Empty(t, names(t, s, key("no", "such"), ""))
	put(t, s, key("doc"), "x")
	assert.Empty(t, names(t, s, key("doc"), ""), "a document has nothing below it")
}

// tree is a directory whose names sort differently as text, as segments, and
// with and without the slash of directories: "a" is a directory.
var tree = []adaptors.Key{
	{"a", "x"}, {"a-b"}, {"a.b"}, {"a0"}, {"B"}, {"b"}, {"b/c"}, {"z", "y", "x"}, {"%"}, {".hidden"}, {"é"}, {"ab", "c"},
}

// listed is how tree is listed: "%25" is before "%2Ehidden", "a-b", "a.b" and
// "a/" are in that order, and "b" is before "b%2Fc".
var listed = []string{"%", ".hidden", "B", "a-b", "a.b", "a/", "a0", "ab/", "b", "b/c", "z/", "é"}

func plant(t T, s adaptors.Store) {
	for _, k := range tree {
		put(t, s, k, "x")
	}
}

func listingOrder(t T, s adaptors.Store) {
	plant(t, s)
	assert.Equal(t, listed, names(t, s, nil, ""))
	assert.Equal(t, []string{"x"}, names(t, s, key("a"), ""))
	assert.Equal(t, []string{"y/"}, names(t, s, key("z"), ""))
}

func listingAfter(t T, s adaptors.Store) {
	plant(t, s)
	for i, name := range listed {
		assert.Equalf(t, slices.Clone(listed[i+1:]), append([]string{}, names(t, s, nil, name)...), "after %q", name)
	}
	assert.Equal(t, listed[6:], names(t, s, nil, "a/"), "after the directory a")
	assert.Equal(t, listed[3:], names(t, s, nil, "a"), "after a name that is not there")
	assert.Equal(t, listed[7:], names(t, s, nil, "ab/c"), "after a name that is not there, with a slash in it")
	assert.Empty(t, names(t, s, nil, "\U0010ffff"), "after all")
}

func listingStops(t T, s adaptors.Store) {
	plant(t, s)
	var got []string
	for info, err := range s.List(context.Background(), nil, adaptors.ListOptions{}) {
		require.NoError(t, err)
		got = append(got, shown(info))
		if len(got) == 3 {
			break
		}
	}
	assert.Equal(t, listed[:3], got)
}

func listingSteady(t T, s adaptors.Store) {
	const steady = 200
	for i := range steady {
		put(t, s, key("d", fmt.Sprintf("s%03d", i)), "x")
	}
	stop := make(chan struct{})
	var writers sync.WaitGroup
	for w := range 2 {
		writers.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				k := key("d", fmt.Sprintf("s%03d-%d", i%steady, w))
				_, err := s.Put(context.Background(), k, text("x"), adaptors.Condition{})
				assert.NoError(t, err)
				_, err = s.Put(context.Background(), key("d", fmt.Sprintf("s%03d", i%steady)), text("y"), adaptors.Condition{})
				assert.NoError(t, err)
				assert.NoError(t, s.Delete(context.Background(), k, adaptors.Condition{}))
			}
		})
	}
	for range 20 {
		assertSteady(t, s, steady)
	}
	close(stop)
	writers.Wait()
}

// assertSteady lists directory d and looks for its steady names.
func assertSteady(t T, s adaptors.Store, steady int) {
	last, found := "", 0
	for info, err := range s.List(context.Background(), key("d"), adaptors.ListOptions{}) {
		if !assert.NoError(t, err) {
			return
		}
		assert.Greater(t, info.Name, last, "the order, and no name twice")
		last = info.Name
		if len(info.Name) == len("s000") {
			found++
		}
	}
	assert.Equal(t, steady, found, "names that were there all the while")
}

func directories(t T, s adaptors.Store) {
	put(t, s, key("a", "b", "c", "1"), "x")
	put(t, s, key("a", "b", "2"), "x")
	assert.Equal(t, []string{"a/"}, names(t, s, nil, ""))
	assert.Equal(t, []string{"2", "c/"}, names(t, s, key("a", "b"), ""))
	remove(t, s, key("a", "b", "c", "1"))
	assert.Equal(t, []string{"2"}, names(t, s, key("a", "b"), ""))
	remove(t, s, key("a", "b", "2"))
	assert.Empty(t, names(t, s, key("a"), ""))
	assert.Empty(t, names(t, s, nil, ""))
	put(t, s, key("a"), "a document now")
	remove(t, s, key("a"))
	put(t, s, key("a", "b"), "a directory again")
	assert.Equal(t, []string{"a/"}, names(t, s, nil, ""))
}
