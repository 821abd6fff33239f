package proxy

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/urlpattern"
)

// Whatever an upstream writes, it either stays or leads below the mount.
func FuzzBelow(f *testing.F) {
	for _, text := range []string{
		"http://up/api/7?x#y", "/api/a%2Fb/", "//evil/api", `/api/\evil`, "/api/%2F%2Fevil", "/api//x", "/api/..", "http://up/api/%5Cevil",
		"HTTP://UP/api/x", "http://shop/api/x", "?x", "#x", "", "/api", "/api?", "/api/\r\nX: y", "/api/\xff",
	} {
		f.Add(text)
	}
	c := NewConfig()
	target, err := newTarget("http://up/api", c)
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, text string) {
		for _, base := range [][]string{{"m", "a b"}, nil} {
			got := target.below(text, base, "shop")
			if got == text {
				continue
			}
			assert.False(t, strings.HasPrefix(got, "//") || strings.HasPrefix(got, `/\`), got)
			u, err := urlpattern.ParseURL(got)
			require.NoError(t, err, got)
			assert.Empty(t, u.Host)
			require.GreaterOrEqual(t, len(u.Path), len(base))
			assert.Equal(t, base, append([]string(nil), u.Path[:len(base)]...))
		}
	})
}
