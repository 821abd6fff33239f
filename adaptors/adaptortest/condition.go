package adaptortest

import (
	"context"
	"io/fs"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/adaptors"
)

func conditions() []Clause {
	return []Clause{
		{Name: "a Put happens exactly when its condition holds", Check: putConditions},
		{Name: "a Delete happens exactly when its condition holds", Check: deleteConditions},
	}
}

// conditionCase says whether a condition holds for a key that exists with the
// ETag "current", and for one that does not.
type conditionCase struct {
	what            string
	c               adaptors.Condition
	present, absent bool
}

func conditionCases(current adaptors.Info) []conditionCase {
	etag := current.ETag
	return []conditionCase{
		{"none", adaptors.Condition{}, true, true},
		{"exists", adaptors.Condition{Exists: true}, true, false},
		{"absent", adaptors.Condition{Absent: true}, false, true},
		{"match", adaptors.Condition{Match: []string{etag}}, true, false},
		{"match one of two", adaptors.Condition{Match: []string{"other", etag}}, true, false},
		{"match another", adaptors.Condition{Match: []string{"other"}}, false, false},
		{"match none", adaptors.Condition{Match: []string{}}, false, false},
		{"not this", adaptors.Condition{NoneMatch: []string{etag}}, false, true},
		{"not another", adaptors.Condition{NoneMatch: []string{"other"}}, true, true},
		{"not modified since", adaptors.Condition{Unmodified: current.ModTime}, true, false},
		{"not modified since long ago", adaptors.Condition{Unmodified: current.ModTime.Add(-time.Hour)}, false, false},
		{"match, whatever the time", adaptors.Condition{Match: []string{etag}, Unmodified: current.ModTime.Add(-time.Hour)}, true, false},
		{"match and absent", adaptors.Condition{Match: []string{etag}, Absent: true}, false, false},
	}
}

func putConditions(t T, s adaptors.Store) {
	for i := range conditionCases(adaptors.Info{}) {
		before := put(t, s, key("present"), "old")
		test := conditionCases(before)[i]

		stored, err := s.Put(context.Background(), key("present"), text("new"), test.c)
		content, info := read(t, s, key("present"))
		if test.present {
			require.NoError(t, err, test.what)
			assert.Equal(t, "new", content, test.what)
			assert.Equal(t, stored.ETag, info.ETag, test.what)
		} else {
			require.ErrorIs(t, err, adaptors.ErrCondition, test.what)
			assert.Equal(t, "old", content, test.what)
			assert.Equal(t, before.ETag, info.ETag, test.what)
		}

		_, err = s.Put(context.Background(), key("dir", "absent"), text("new"), test.c)
		if test.absent {
			require.NoError(t, err, test.what)
			remove(t, s, key("dir", "absent"))
		} else {
			require.ErrorIs(t, err, adaptors.ErrCondition, test.what)
		}
		assert.Equal(t, []string{"present"}, names(t, s, nil, ""), test.what)
	}
}

func deleteConditions(t T, s adaptors.Store) {
	for i := range conditionCases(adaptors.Info{}) {
		test := conditionCases(put(t, s, key("a"), "old"))[i]
		err := s.Delete(context.Background(), key("a"), test.c)
		_, _, missing := s.Get(context.Background(), key("a"), adaptors.GetOptions{Meta: true})
		if test.present {
			assert.NoError(t, err, test.what)
			assert.ErrorIs(t, missing, fs.ErrNotExist, test.what)
		} else {
			assert.ErrorIs(t, err, adaptors.ErrCondition, test.what)
			assert.NoError(t, missing, test.what)
		}
	}
}
