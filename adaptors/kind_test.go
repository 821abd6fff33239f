package adaptors_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/seed90475182/restspace/adaptors"
)

func TestRegistry(t *testing.T) {
	r := adaptors.NewRegistry(adaptors.Kind{Name: "b", Doc: "B"}, adaptors.Kind{Name: "a"})
	kind, ok := r.Kind("b")
	assert.True(t, ok)
	assert.Equal(t, "B", kind.Doc)
	_, ok = r.Kind("c")
	assert.False(t, ok)
	assert.Equal(t, "a", r.Kinds()[0].Name)
	assert.Len(t, r.Kinds(), 2)
	assert.PanicsWithValue(t, `adaptors: two kinds are named "a"`, func() {
		adaptors.NewRegistry(adaptors.Kind{Name: "a"}, adaptors.Kind{Name: "a"})
	})
}

func TestClaimOverlaps(t *testing.T) {
	claim := func(space string, path ...string) adaptors.Claim { return adaptors.Claim{Space: space, Path: path} }
	tests := []struct {
		a, b adaptors.Claim
		want bool
	}{
		{claim("file", "a"), claim("file", "a"), true},
		{claim("file", "a"), claim("file", "a", "b"), true},
		{claim("file", "a", "b"), claim("file", "a", "c"), false},
		{claim("file", "a"), claim("file", "ab"), false},
		{claim("file"), claim("file", "a"), true},
		{claim("file", "a"), claim("bucket", "a"), false},
	}
	for _, test := range tests {
		assert.Equal(t, test.want, test.a.Overlaps(test.b), "%v %v", test.a, test.b)
		assert.Equal(t, test.want, test.b.Overlaps(test.a), "%v %v", test.b, test.a)
	}
}
