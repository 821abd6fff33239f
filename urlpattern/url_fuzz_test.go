package urlpattern

import (
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// FuzzParseURL: what is accepted is read again as the same from what it is
// written as, where nothing is left that could end a line or hide a host.
func FuzzParseURL(f *testing.F) {
	for _, seed := range []string{"", "/a/b?c=d#e", "http://a", "HTTPS://A.b:80/c%2Fd/?e f", "http://[::1]:8080/", "//a/b", "http://u@a/", "http://a\\b", "/?\x7f", "x://a", "/é?é=%", `/?\`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		u, err := ParseURL(text)
		if err != nil {
			var fault *PathError
			require.ErrorAs(t, err, &fault)
			assert.LessOrEqual(t, fault.Offset, len(text))
			return
		}
		written := u.String()
		again, err := ParseURL(written)
		require.NoError(t, err, written)
		assert.Equal(t, written, again.String())
		assert.Equal(t, [3]any{u.Scheme, u.Host, u.Path}, [3]any{again.Scheme, again.Host, again.Path}, written)
		assert.Equal(t, u.Host == "", u.Scheme == "")
		assert.Equal(t, -1, strings.IndexFunc(written, func(r rune) bool { return r == ' ' || r > unicode.MaxASCII || unicode.IsControl(r) }), written)
		origin, _, _ := strings.Cut(written, "?")
		assert.NotContains(t, origin, `\`)
	})
}
