package adaptors_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/seed90475182/restspace/adaptors"
)

func TestRangeResolve(t *testing.T) {
	tests := []struct {
		of             adaptors.Range
		size           int64
		offset, length int64
		err            error
	}{
		{adaptors.Range{First: 0, Last: -1}, 10, 0, 10, nil},
		{adaptors.Range{First: 9, Last: -1}, 10, 9, 1, nil},
		{adaptors.Range{First: 10, Last: -1}, 10, 0, 0, adaptors.ErrRange},
		{adaptors.Range{First: 2, Last: 4}, 10, 2, 3, nil},
		{adaptors.Range{First: 2, Last: 10}, 10, 2, 8, nil},
		{adaptors.Range{First: -1, Last: 4}, 10, 6, 4, nil},
		{adaptors.Range{First: -1, Last: 11}, 10, 0, 10, nil},
		{adaptors.Range{First: -1, Last: 0}, 10, 0, 0, adaptors.ErrRange},
		{adaptors.Range{First: 0, Last: -1}, 0, 0, 0, adaptors.ErrRange},
		{adaptors.Range{First: -1, Last: 1}, 0, 0, 0, adaptors.ErrRange},
	}
	for _, test := range tests {
		offset, length, err := test.of.Resolve(test.size)
		assert.Equal(t, test.err, err, "%+v", test)
		assert.Equal(t, test.offset, offset, "%+v", test)
		assert.Equal(t, test.length, length, "%+v", test)
	}
}

func TestConditionTime(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 678, time.UTC)
	info := adaptors.Info{ModTime: at, ETag: "x"}
	since := func(when time.Time) error { return (&adaptors.Condition{Unmodified: when}).Check(&info) }
	assert.NoError(t, since(at.Truncate(time.Second)), "a header has no parts of a second")
	assert.NoError(t, since(at.Add(time.Hour)))
	assert.ErrorIs(t, since(at.Add(-time.Second)), adaptors.ErrCondition)
}

func TestUnknownETagsMatchNothing(t *testing.T) {
	var unknown adaptors.Info
	assert.ErrorIs(t, (&adaptors.Condition{Match: []string{""}}).Check(&unknown), adaptors.ErrCondition)
	assert.NoError(t, (&adaptors.Condition{NoneMatch: []string{""}}).Check(&unknown))
}

func TestUnconditional(t *testing.T) {
	assert.True(t, (&adaptors.Condition{}).Unconditional())
	for _, c := range []adaptors.Condition{
		{Exists: true}, {Absent: true}, {Match: []string{}}, {NoneMatch: []string{}}, {Unmodified: time.Unix(1, 0)},
	} {
		assert.False(t, c.Unconditional(), "%+v", c)
	}
}

func TestPosition(t *testing.T) {
	assert.Equal(t, "", adaptors.Position(""))
	assert.Equal(t, "a%2Fb", adaptors.Position("a/b"))
	assert.Equal(t, "a/", adaptors.Position("a/"))
	assert.Equal(t, "%2Ea%2F/", adaptors.Position(".a//"))
}
