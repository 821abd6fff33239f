package auth

import (
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// FuzzIsOwnPath: where a form leads a browser afterwards is on this server, also
// as browsers read it.
func FuzzIsOwnPath(f *testing.F) {
	for _, seed := range []string{"", "/", "/a?b#c", "//evil.example", "/\\evil.example", "/\t/evil.example", "https://evil.example", "/a//b", "/%2F/evil.example", "/.//evil.example"} {
		f.Add(seed)
	}
	here, err := url.Parse("https://own.example/auth/login")
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, text string) {
		if !isOwnPath(text) {
			return
		}
		browsers := strings.NewReplacer("\\", "/", "\t", "", "\n", "", "\r", "").Replace(strings.Trim(text, " \x00"))
		assert.False(t, strings.HasPrefix(browsers, "//"))
		to, err := here.Parse(text)
		if err != nil {
			return // a percent sign that is none: browsers keep it as it is
		}
		assert.Equal(t, "own.example", to.Host)
		assert.Equal(t, "https", to.Scheme)
	})
}
