package timer

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/services"
)

func TestCheckSaysWhatIsWrong(t *testing.T) {
	for name, row := range map[string]struct {
		config  Config
		pointer string
		want    string
	}{
		"neither":           {Config{Call: "POST /a"}, "", `write "every": "10m", or "cron": "30 2 * * *"`},
		"both":              {Config{Call: "POST /a", Every: time.Hour, Cron: "@daily"}, "/cron", `both "every" and "cron"`},
		"short":             {Config{Call: "POST /a", Every: time.Millisecond}, "/every", "1ms is too short: write a second or more"},
		"before now":        {Config{Call: "POST /a", Every: -time.Hour}, "/every", "too short"},
		"a bad cron":        {Config{Call: "POST /a", Cron: "* * *"}, "/cron", "has 3 fields"},
		"no such zone":      {Config{Call: "POST /a", Cron: "@daily", TimeZone: "Europe/Berlim"}, "/timeZone", "write one such as Europe/Berlin"},
		"whatever is local": {Config{Call: "POST /a", Cron: "@daily", TimeZone: "Local"}, "/timeZone", "no time zone"},
		"a zone of nothing": {Config{Call: "POST /a", Every: time.Hour, TimeZone: "UTC"}, "/timeZone", "it is about cron"},
		"no call":           {Config{Every: time.Hour}, "", `it needs a call`},
		"no URL":            {Config{Every: time.Hour, Call: "POST "}, "/call", "a URL is missing"},
		"no method":         {Config{Every: time.Hour, Call: "FOO /lib/log"}, "/call", `"FOO" is no method: write one of GET, HEAD, POST, PUT, PATCH, DELETE`},
		"nearly a method":   {Config{Every: time.Hour, Call: "POTS /lib/log"}, "/call", `"POTS" is no method: did you mean "POST"?`},
		"a relative URL":    {Config{Every: time.Hour, Call: "POST jobs/x"}, "/call", "begins with no slash"},
		"of a request":      {Config{Every: time.Hour, Call: "POST /a/$>0"}, "/call", "comes from a request"},
		"of a body":         {Config{Every: time.Hour, Call: "$METHOD /a"}, "/call", "comes from a request"},
		"a part of a body":  {Config{Every: time.Hour, Call: "PUT a.b /a"}, "/call", "comes from a request"},
		"a whole body":      {Config{Every: time.Hour, Call: "PUT $this /a"}, "/call", "comes from a request"},
		"from data":         {Config{Every: time.Hour, Call: "PUT ${url}"}, "/call", "comes from a request"},
		"a GET with a body": {Config{Every: time.Hour, Call: "GET /a", Body: []byte("1")}, "/body", "GET sends none"},
	} {
		t.Run(name, func(t *testing.T) {
			err := row.config.Check()
			require.ErrorContains(t, err, row.want)
			var at interface {
				error
				Pointer() string
			}
			if errors.As(err, &at) {
				assert.Equal(t, row.pointer, at.Pointer())
			} else {
				assert.Empty(t, row.pointer)
			}
		})
	}
}

func TestCheckSaysAllThatIsWrong(t *testing.T) {
	c := Config{Cron: "61 * * * *", TimeZone: "Europe/Berlim", Call: "GET /a", Body: []byte("1")}
	err := c.Check()
	for _, want := range []string{"no time zone", "no cron expression", "GET sends none"} {
		assert.ErrorContains(t, err, want)
	}
	_, err = c.Link(func(services.Call) (services.Target, error) {
		return services.Target{}, errors.New("leads to no service")
	})
	assert.ErrorContains(t, err, "leads to no service", "whatever else is wrong")
	_, err = new(Config).Link(nil)
	assert.NoError(t, err, "where there is no call")
}

func TestLink(t *testing.T) {
	known := func(call services.Call) (services.Target, error) {
		if call.URL.Path[0] != "jobs" {
			return services.Target{}, errors.New("leads to no service")
		}
		return services.Target{}, nil
	}
	inside := config(t, nil)
	target, err := inside.Link(known)
	require.NoError(t, err)
	assert.Equal(t, services.Target{GetReads: true}, target, "to look at it changes nothing, whatever it calls")
	assert.Empty(t, inside.Hosts())

	outside := config(t, func(c *Config) { c.Call = "GET https://example.com:8443/hook?x=1" })
	_, err = outside.Link(known)
	require.NoError(t, err)
	assert.Equal(t, []string{"example.com:8443"}, outside.Hosts())

	nowhere := config(t, func(c *Config) { c.Call = "POST /job/x" })
	_, err = nowhere.Link(known)
	var at interface {
		error
		Pointer() string
	}
	require.ErrorAs(t, err, &at)
	assert.Equal(t, "/call", at.Pointer())
}
