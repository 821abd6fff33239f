package runtime_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/bus"
)

// otherServer is a server that is not this one.
func otherServer(t *testing.T) (host string) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Add("Set-Cookie", "rs-auth=stolen; Path=/")
		for _, nearly := range []string{"rs-auth =stolen", "\trs-auth\t=stolen", "=rs-auth=stolen", " = rs-auth=stolen", "rs-auth; Path=/"} {
			w.Header().Add("Set-Cookie", nearly) // browsers take these for it too, or send them as it is sent
		}
		w.Header().Add("Set-Cookie", "theirs=1")
		_, _ = fmt.Fprintf(w, "%s cookie=%q", r.URL.Path, r.Header.Get("Cookie"))
	}))
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}

func TestOnlyHostsOfTheConfigurationMayBePrivate(t *testing.T) {
	other := otherServer(t)
	_, port, err := net.SplitHostPort(other)
	require.NoError(t, err)
	for _, row := range []struct {
		name, allow, host, path string
		may                     bool
	}{
		{"named by the mount", `[]`, other, "/names", true},
		{"not named by this mount", `[]`, other, "/others", false},
		{"another spelling than the named one", `[]`, "localhost:" + port, "/names", false},
		{"allowed for all", `["` + other + `"]`, other, "/others", true},
		{"allowed with every port", `["127.0.0.1"]`, other, "/others", true},
		{"allowed with another port", `["127.0.0.1:1"]`, other, "/others", false},
		{"allowed in upper case", `["LOCALHOST:` + port + `"]`, "localhost:" + port, "/others", true},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := start(t, newProbe(), fmt.Sprintf(`{"server": {"allowHosts": %s}, "services": [
				{"name": "a", "basePath": "/names", "service": "probe", "readRoles": "all", "calls": [%q]},
				{"name": "b", "basePath": "/others", "service": "probe", "readRoles": "all"}]}`, row.allow, other))
			s.get(t, "/names/call?http://"+other+"/warm") // a connection that others must not be given
			status, body, _ := s.get(t, row.path+"/call?http://"+row.host+"/there")
			if row.may {
				assert.Equal(t, 200, status, body)
				assert.Contains(t, body, "/there")
				return
			}
			assert.Equal(t, 502, status, body)
			assert.Contains(t, body, bus.TypeUnreachable)
			assert.NotContains(t, body, "127.0.0.1")
		})
	}
}

func TestTheOwnCookieStaysHere(t *testing.T) {
	other := otherServer(t)
	s := start(t, newProbe(), fmt.Sprintf(`{"services": [{"name": "a", "basePath": "/a", "service": "probe", "readRoles": "all", "calls": [%q]}]}`, other))
	for sent, want := range map[string]string{
		"rs-auth=secret":                 "",
		"x=1; rs-auth=secret; y=2":       "x=1; y=2",
		"x=1;rs-auth = secret":           "x=1",
		"not-rs-auth=1; rs-auth2=2; x=3": "not-rs-auth=1; rs-auth2=2; x=3",
	} {
		r, err := http.NewRequestWithContext(t.Context(), "GET", "http://"+s.Addr()+"/a/call?http://"+other+"/", nil)
		require.NoError(t, err)
		r.Header.Set("Cookie", sent)
		response, err := s.client.Do(r)
		require.NoError(t, err)
		body, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		assert.Equal(t, fmt.Sprintf("/ cookie=%q", want), string(body), sent)
		assert.Equal(t, []string{"theirs=1"}, response.Header.Values("Set-Cookie"))
	}
}

// TestARequestThatComesBackEnds has two servers whose services lead to each
// other.
func TestARequestThatComesBackEnds(t *testing.T) {
	back := ""
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { // passes on what it gets, as a gateway does
		request, err := http.NewRequestWithContext(r.Context(), "GET", back, nil)
		if !assert.NoError(t, err) {
			return
		}
		request.Header["Via"] = append(r.Header["Via"], "1.1 other")
		answer, err := http.DefaultClient.Do(request)
		if !assert.NoError(t, err) {
			return
		}
		defer answer.Body.Close()
		w.WriteHeader(answer.StatusCode)
		_, _ = io.Copy(w, answer.Body)
	}))
	defer other.Close()
	defer http.DefaultClient.CloseIdleConnections()
	host := strings.TrimPrefix(other.URL, "http://")
	s := start(t, newProbe(), fmt.Sprintf(`{"services": [{"name": "a", "basePath": "/a", "service": "probe", "readRoles": "all", "calls": [%q]}]}`, host))
	back = "http://" + s.Addr() + "/a/call?" + other.URL
	status, body, _ := s.get(t, "/a/call?"+other.URL)
	assert.Equal(t, 508, status, body)
	assert.Contains(t, body, "has been here before")

	r, err := http.NewRequestWithContext(t.Context(), "GET", "http://"+s.Addr()+"/a", nil)
	require.NoError(t, err)
	r.Header.Set("Via", "1.1 restspace-of-somebody-else")
	response, err := s.client.Do(r)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	assert.Equal(t, 200, response.StatusCode)
}
