package main

import (
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestWeather(t *testing.T) {
	var mu sync.Mutex
	tries := make(map[string]map[string]int) // of an email, by network
	attacked := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == "GET" && r.URL.Path == "/docs/a" {
			assert.Equal(t, "Bearer t", r.Header.Get("Authorization"))
			return
		}
		var sent struct{ Email, Password string }
		if json.NewDecoder(r.Body).Decode(&sent) != nil {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		host, _, err := net.SplitHostPort(r.RemoteAddr)
		assert.NoError(t, err)
		mu.Lock()
		defer mu.Unlock()
		if tries[host] == nil {
			tries[host] = make(map[string]int)
		}
		tries[host][sent.Email]++
		w.WriteHeader(http.StatusUnauthorized)
	}))
	defer attacked.Close()
	w := &weather{
		bench:    &bench{token: "t", seconds: 1},
		scenario: scenario{method: "GET", path: "/docs/a", signed: true, networks: 3},
		server:   &server{address: strings.TrimPrefix(attacked.URL, "http://")},
	}
	others, logins, err := w.round(t.Context(), stormRate)
	require.NoError(t, err)
	assert.EqualValues(t, otherRate, others.Requests)
	assert.Equal(t, map[int]int{http.StatusUnauthorized: stormRate}, logins)
	assert.Len(t, tries, 3, "networks")
	for network, users := range tries {
		assert.LessOrEqual(t, users[stormUser], 10, "those of one user from %s, which are not to have it wait", network)
	}
	_, logins, err = w.round(t.Context(), 0)
	require.NoError(t, err)
	assert.Empty(t, logins)

	w.scenario.path = "/auth/login" // which is no 200
	_, _, err = w.round(t.Context(), 0)
	assert.ErrorContains(t, err, "/auth/login answers 401")
}
