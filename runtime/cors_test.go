package runtime_test

import (
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/bus"
)

// sent makes a request with fields, name after value.
func (s *server) sent(t *testing.T, method, path string, fields ...string) (*http.Response, string) {
	t.Helper()
	request, err := http.NewRequest(method, "http://"+s.Addr()+path, nil)
	require.NoError(t, err)
	for i := 0; i < len(fields); i += 2 {
		request.Header.Set(fields[i], fields[i+1])
	}
	response, err := s.client.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response, string(body)
}

func TestCookiesOfPages(t *testing.T) {
	s := start(t, newProbe(), `{"services": [
		{"name": "a", "basePath": "/a", "service": "probe", "readRoles": "U", "writeRoles": "U", "cors": ["https://app.example.org", "*"]},
		{"name": "b", "basePath": "/b", "service": "probe", "readRoles": "U", "writeRoles": "U"},
		{"name": "open", "basePath": "/open", "service": "probe", "readRoles": "all", "writeRoles": "all"}]}`)
	token, err := s.Token(&bus.User{Email: "ann@example.org", Roles: []string{"U"}}, time.Minute)
	require.NoError(t, err)
	for _, row := range []struct {
		method, path, origin, site string
		status                     int
	}{
		{"PUT", "/a", "https://app.example.org", "cross-site", 200},
		{"PUT", "/a", "https://evil.example", "cross-site", 403},
		{"PUT", "/a", "https://evil.example", "", 403},
		{"PUT", "/a", "null", "cross-site", 403},
		{"PUT", "/a", "", "cross-site", 403},
		{"PUT", "/b", "https://app.example.org", "cross-site", 403}, // another mount's
		{"PUT", "/b", "https://app.example.org", "same-site", 403},
		{"PUT", "/b", "http://" + s.Addr(), "same-origin", 200},
		{"PUT", "/b", "http://" + s.Addr(), "", 200},
		{"GET", "/b", "https://evil.example", "cross-site", 200}, // no page can read it
		{"PUT", "/open", "https://evil.example", "cross-site", 200},
	} {
		fields := []string{"Cookie", "rs-auth=" + token}
		if row.origin != "" {
			fields = append(fields, "Origin", row.origin)
		}
		if row.site != "" {
			fields = append(fields, "Sec-Fetch-Site", row.site)
		}
		response, body := s.sent(t, row.method, row.path, fields...)
		assert.Equal(t, row.status, response.StatusCode, "%v", row)
		if row.status == 403 {
			assert.Contains(t, body, "list the origin in cors", "%v", row)
			assert.Empty(t, response.Header.Get("WWW-Authenticate"))
		}
		response, _ = s.sent(t, row.method, row.path, append(fields, "Authorization", "Bearer "+token)...)
		assert.Equal(t, 200, response.StatusCode, "a token that the page itself sends counts: %v", row)
	}
	response, _ := s.sent(t, "PUT", "/a", "Cookie", "other=1", "Origin", "https://evil.example")
	assert.Equal(t, 401, response.StatusCode, "nobody is signed in")
}

func TestPageMayNotTellServicesItsCookies(t *testing.T) {
	p := newProbe()
	s := start(t, p, `{"services": [{"name": "a", "basePath": "/a", "service": "probe", "readRoles": "all", "writeRoles": "all", "cors": ["https://app.example.org"]}]}`)
	for origin, want := range map[string]string{"https://app.example.org": "own=1", "https://evil.example": ""} {
		_, body := s.sent(t, "PUT", "/a/cookie", "Cookie", "own=1", "Origin", origin)
		assert.Equal(t, want, body)
	}
}

func TestCORSOfAServiceDoesNotCount(t *testing.T) {
	s := start(t, newProbe(), `{"services": [{"name": "a", "basePath": "/a", "service": "probe", "readRoles": "all"}]}`)
	response, _ := s.sent(t, "GET", "/a/cors", "Origin", "https://evil.example")
	assert.Equal(t, 200, response.StatusCode)
	assert.Empty(t, response.Header.Get("Access-Control-Allow-Origin"))
	assert.Equal(t, "kept", response.Header.Get("X-Other"))
}
