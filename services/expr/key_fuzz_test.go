package expr

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// FuzzKey: a key of a transform has steps, or an error with its place in it.
func FuzzKey(f *testing.F) {
	for _, seed := range []string{"", "a", "a.b", "a[0].b", `["a.b"]`, "list[item].name", "{key}", "a..b", "a]", "[", `["a`, "a. b ", ".a", "[ 1 ]"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, key string) {
		steps, err := parseKey(key)
		if err != nil {
			var syntax *SyntaxError
			require.True(t, errors.As(err, &syntax), "%T", err)
			assert.LessOrEqual(t, syntax.Offset, len(key))
			return
		}
		assert.NotEmpty(t, steps)
		assert.LessOrEqual(t, len(steps), len(key))
		for _, s := range steps {
			assert.True(t, s.kind == toMember || isPlain(s.name), "%q", s.name)
		}
	})
}
