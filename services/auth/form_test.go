package auth

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/services"
)

func TestPathsOfThisServer(t *testing.T) {
	for path, want := range map[string]bool{
		"/": true, "/a?b=c#d": true, "/a//b": true, "/%2F/x": true, "/a:b@c": true,
		"": false, "a": false, "//evil.example": false, `/\evil.example`: false, `/a\b`: false, "/\t/evil.example": false,
		"/a\n": false, " /a": false, "https://evil.example": false, "javascript:alert(1)": false, "/ü": false,
		"/" + strings.Repeat("a", 2000): false,
	} {
		assert.Equal(t, want, isOwnPath(path), path)
	}
}

func TestConfig(t *testing.T) {
	for page, want := range map[string]string{
		"": "", "/login.html": "", "//evil.example/": "no path on this server", "login.html": "write one such as", "/a?b": "no path on this server",
	} {
		c := &Config{LoginPage: page}
		if want == "" {
			assert.NoError(t, c.Check(), page)
		} else {
			assert.ErrorContains(t, c.Check(), want, page)
		}
	}
	target, err := (&Config{LoginPage: "/login/in.html"}).Link(func(path []string) (services.Target, error) {
		assert.Equal(t, []string{"login", "in.html"}, path)
		return services.Target{}, bus.Errorf(http.StatusNotFound, "leads to no service")
	})
	assert.Equal(t, services.Target{GetReads: true}, target)
	require.ErrorContains(t, err, "leads to no service")
	assert.Equal(t, "/loginPage", err.(interface{ Pointer() string }).Pointer())
}
