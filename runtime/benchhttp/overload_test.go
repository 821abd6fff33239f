package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestFlood(t *testing.T) {
	var asked atomic.Int64
	flooded := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch n := asked.Add(1); {
		case r.URL.Path != "/a":
			w.WriteHeader(http.StatusNotFound)
		case n%3 == 0:
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	defer flooded.Close()
	b := &bench{seconds: 1}
	s := scenario{method: "GET", path: "/a"}
	f := newFlood(b, s, &server{address: strings.TrimPrefix(flooded.URL, "http://")})
	defer f.transport.CloseIdleConnections()
	over := f.open(t.Context(), 200)
	require.NoError(t, f.verdict())
	assert.EqualValues(t, 200, asked.Load())
	assert.EqualValues(t, 134, over.Requests, "those that are answered well count alone")
	assert.Equal(t, 66, f.refused)

	asked.Store(0)
	alone := f.closed(t.Context(), 1)
	require.NoError(t, f.verdict())
	assert.InDelta(t, asked.Load()*2/3, alone.Requests, 1)

	f.scenario.path = "/b"
	f.open(t.Context(), 10)
	assert.ErrorContains(t, f.verdict(), "/b answers 404")
}
