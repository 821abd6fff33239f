package proxy_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/services/proxy"
)

func TestCheck(t *testing.T) {
	for _, row := range []struct{ config, pointer, message string }{
		{`{}`, "", `"url" is missing`},
		{`{"url": "http://a", "upstreams": ["http://b"]}`, "/upstreams", `write all of them in "upstreams"`},
		{`{"upstreams": []}`, "/upstreams", `an empty list: write where requests go, such as ["http://127.0.0.1:8080"]`},
		{`{"url": "http://a", "upstreams": []}`, "/upstreams", `write all of them in "upstreams"`},
		{`{"upstreams": [` + strings.Repeat(`"http://a",`, 64) + `"http://a"]}`, "/upstreams", "65 upstreams: write at most 64"},
		{`{"upstreams": ["http://a", "http://a"]}`, "/upstreams/1", "the same as the one at 0"},
		{`{"upstreams": ["http://a", "b"]}`, "/upstreams/1", "no server: write the URL with its scheme and host"},
		{`{"url": "/api"}`, "/url", "no server"},
		{`{"url": "ftp://a"}`, "/url", "neither http nor https"},
		{`{"url": "http://user:pw@a"}`, "/url", "a user name before the host: leave it out"},
		{`{"url": "http://$>0/x"}`, "/url", "the host is not a literal"},
		{`{"url": "http://a$>0"}`, "/url", "the host is not a literal"},
		{`{"url": "$?(url)"}`, "/url", "the whole URL comes from data"},
		{`{"url": "${url}"}`, "/url", "the whole URL comes from data"},
		{`{"url": "http://a/${id}"}`, "/url", "${id} reads the body"},
		{`{"url": "http://a/${$v.id}"}`, "/url", "reads the variable"},
		{`{"url": "http://a/$N*"}`, "/url", "reads the name"},
		{`{"url": "http://a/$>0", "stripPrefix": false}`, "/url", "write $P* for the full path"},
		{`{"url": "http://a/../b"}`, "/url", `".."`},
		{`{"url": "http://a", "setHeaders": {"connection": "close"}}`, "/setHeaders/connection", "leave it out"},
		{`{"url": "http://a", "setHeaders": {"Content-Length": "5"}}`, "/setHeaders/Content-Length", "leave it out"},
		{`{"url": "http://a", "setHeaders": {"X A": "5"}}`, "/setHeaders/X A", "not the name of a field"},
		{`{"url": "http://a", "setHeaders": {"a/~": "5"}}`, "/setHeaders/a~1~0", "not the name of a field"},
		{`{"url": "http://a", "setHeaders": {"": "5"}}`, "/setHeaders/", "not the name of a field"},
		{`{"url": "http://a", "setHeaders": {"X-A": "5\r\nX-B: 6"}}`, "/setHeaders/X-A", "control character"},
		{`{"url": "http://a", "setHeaders": {"X-A": "secret "}}`, "/setHeaders/X-A", "space at one end"},
		{`{"url": "http://a", "credentials": ["cookie", "Cookies"]}`, "/credentials/1", `"Cookies" is no credential`},
		{`{"url": "http://a", "retries": -1}`, "/retries", "from 0 to 10"},
		{`{"url": "http://a", "retries": 11}`, "/retries", "from 0 to 10"},
		{`{"url": "http://a", "timeout": 0}`, "/timeout", "not above zero"},
		{`{"url": "http://a", "breaker": {"failures": 0}}`, "/breaker/failures", "not above zero"},
		{`{"url": "http://a", "breaker": {"delay": 0}}`, "/breaker/delay", "not above zero"},
		{`{"url": "http://a", "health": {"path": "healthz"}}`, "/health/path", "write a path on the upstreams"},
		{`{"url": "http://a", "health": {"path": "http://b/healthz"}}`, "/health/path", "write a path on the upstreams"},
		{`{"url": "http://a", "health": {"every": 1}}`, "/health/path", "write a path on the upstreams"},
		{`{"url": "http://a", "health": {"path": "/h", "every": 0}}`, "/health/every", "not above zero"},
	} {
		c := proxy.NewConfig()
		require.NoError(t, json.Unmarshal([]byte(row.config), c))
		err := c.Check()
		if !assert.ErrorContains(t, err, row.message, row.config) {
			continue
		}
		assert.NotContains(t, err.Error(), "secret")
		var pointed interface {
			error
			Pointer() string
		}
		if errors.As(err, &pointed) {
			assert.Equal(t, row.pointer, pointed.Pointer(), row.config)
		} else {
			assert.Empty(t, row.pointer, row.config)
		}
	}
}

// What somebody is told to write is right.
func TestExamples(t *testing.T) {
	text, count := `{"retries": 1`, 0
	for f := range reflect.TypeFor[proxy.Config]().Fields() {
		if example := f.Tag.Get("example"); example != "" {
			text += fmt.Sprintf(", %q: %s", f.Tag.Get("json"), example)
			count++
		}
	}
	require.Equal(t, 5, count)
	c := proxy.NewConfig()
	require.NoError(t, json.Unmarshal([]byte(text+"}"), c))
	assert.NoError(t, c.Check())
}

func TestHosts(t *testing.T) {
	c := proxy.NewConfig()
	c.Upstreams = []string{"http://A.example/api", "https://10.0.0.1:8443/$>0", "http://[::1]:8080"}
	require.NoError(t, c.Check())
	assert.Equal(t, []string{"a.example", "10.0.0.1:8443", "[::1]:8080"}, c.Hosts())
}
