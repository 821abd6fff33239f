package auth

import (
	"errors"
	"net/http"
	"net/url"
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

func TestFormsThatFail(t *testing.T) {
	for _, row := range []struct {
		err   error
		leads string // "": nowhere
	}{
		{errWrong, "/in?reason=x&result=fail"},
		{&bus.Error{Status: http.StatusTooManyRequests, Header: bus.Header{{Name: "Retry-After", Value: "30"}}}, "/in?result=fail&retry=30"},
		{bus.Errorf(http.StatusServiceUnavailable, "too many wait"), ""},
		{errors.New("the disk is full"), ""},
	} {
		reply, err := formFailed(new(bus.Message), "/in", url.Values{"reason": {"x"}}, row.err)
		if row.leads == "" {
			assert.Equal(t, row.err, err)
			continue
		}
		require.NoError(t, err)
		assert.Equal(t, http.StatusSeeOther, reply.Status)
		assert.Equal(t, row.leads, reply.Header.Get("Location"))
	}
}

func TestConfig(t *testing.T) {
	for says, change := range map[string]func(*Config){
		"":                                func(*Config) {},
		`"//evil.example/" is no path`:    func(c *Config) { c.LoginPage = "//evil.example/" },
		`"login.html" is no path on this`: func(c *Config) { c.LoginPage = "login.html" },
		`"/a?b" is no path on this`:       func(c *Config) { c.LoginPage = "/a?b" },
		`"all" is no role`:                func(c *Config) { c.ImpersonateRoles = "A all" },
		`"{email}" is no role`:            func(c *Config) { c.ImpersonateRoles = "{email}" },
		`it is for mails`:                 func(c *Config) { c.EmailSendURLPattern = "" },
		`"" is no URL of a page`:          func(c *Config) { c.ResetURL = "" },
		`"/new" is no URL of a page`:      func(c *Config) { c.ResetURL = "/new" },
		`"https://x/a?b" is no URL`:       func(c *Config) { c.ResetURL = "https://x/a?b" },
		`begins with no path on this`:     func(c *Config) { c.EmailSendURLPattern = "https://x/y" },
		`a minLength of 0`:                func(c *Config) { c.MinLength = 0 },
	} {
		c := NewConfig()
		c.LoginPage, c.ImpersonateRoles = "/login.html", "A B"
		c.EmailSendURLPattern, c.ResetURL = "/mail/to/${email}", "https://example.com/new"
		change(c)
		if says == "" {
			assert.NoError(t, c.Check())
		} else {
			assert.ErrorContains(t, c.Check(), says)
		}
	}
}

func TestLink(t *testing.T) {
	c := NewConfig()
	c.LoginPage, c.EmailSendURLPattern, c.ResetURL = "/login/in.html", "/mail/to/${email}", "https://example.com/new"
	require.NoError(t, c.Check())
	var asked []string
	target, err := c.Link(func(call services.Call) (services.Target, error) {
		asked = append(asked, call.String())
		return services.Target{}, bus.Errorf(http.StatusNotFound, "leads to no service")
	})
	assert.Equal(t, services.Target{GetReads: true}, target)
	assert.Equal(t, []string{"GET /login/in.html", "POST /mail/to/..."}, asked)
	require.ErrorContains(t, err, "leads to no service")
	var wrong interface {
		error
		Pointer() string
	}
	require.ErrorAs(t, err, &wrong)
	assert.Equal(t, "/loginPage", wrong.Pointer())
}
