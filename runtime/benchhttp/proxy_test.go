package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// proxied returns the bare proxy in front of an upstream.
func proxied(t *testing.T) *httptest.Server {
	upstream := httptest.NewServer(upstreamRouter())
	t.Cleanup(upstream.Close)
	server := httptest.NewServer(newProxy(strings.TrimPrefix(upstream.URL, "http://")))
	t.Cleanup(server.Close)
	return server
}

func TestBareProxies(t *testing.T) {
	server := proxied(t)
	for path, want := range map[string]struct {
		mediaType string
		size      int
	}{
		proxyPath + "/" + smallDocument: {"application/json", 1 << 10},
		proxyPath + "/" + largeFile:     {"application/octet-stream", 10 << 20},
	} {
		response, body := send(t, "GET", server.URL+path, "")
		assert.Equal(t, 200, response.StatusCode, path)
		assert.Equal(t, want.mediaType, response.Header.Get("Content-Type"), path)
		assert.Equal(t, int64(want.size), response.ContentLength, path)
		assert.Len(t, body, want.size, path)
		assert.NotEmpty(t, response.Header.Get("ETag"), path)
	}
	response, _ := send(t, "GET", server.URL+proxyPath+"/missing", "")
	assert.Equal(t, 404, response.StatusCode)
}

func TestSockets(t *testing.T) {
	url := "ws" + strings.TrimPrefix(proxied(t).URL, "http") + proxyPath + socketPath
	var stdout, stderr bytes.Buffer
	args := []string{"sockets", "--url", url, "--connections", "3", "--duration", "20ms"}
	require.Equal(t, 0, run(t.Context(), args, &stdout, &stderr), stderr.String())
	counted, err := parseSummary(stdout.String())
	require.NoError(t, err)
	assert.GreaterOrEqual(t, counted.Requests, int64(3))
	assert.GreaterOrEqual(t, counted.Microseconds, int64(20_000))
	assert.Positive(t, counted.P50)

	answered, err := askSocket(t.Context(), url)
	require.NoError(t, err)
	assert.Equal(t, answer{status: http.StatusSwitchingProtocols, size: messageSize}, answered)

	for wrong, want := range map[string]string{
		strings.Replace(url, socketPath, "/missing", 1): "404",
		"http://127.0.0.1:0/":                           "dial",
	} {
		stderr.Reset()
		assert.Equal(t, 1, run(t.Context(), []string{"sockets", "--url", wrong}, io.Discard, &stderr))
		assert.Contains(t, stderr.String(), want)
	}
}

func TestSummarize(t *testing.T) {
	a, b := new(caller), new(caller)
	for i := range time.Duration(100) {
		a.latencies = append(a.latencies, i*time.Millisecond)
		b.latencies = append(b.latencies, (199-i)*time.Millisecond)
	}
	assert.Equal(t, summary{Requests: 200, Microseconds: 2_000_000, P50: 100_000, P99: 198_000},
		summarize([]*caller{a, b}, 2*time.Second))
	assert.Equal(t, summary{Microseconds: 1}, summarize(nil, time.Microsecond))
}

func TestConfigurationOfAProxy(t *testing.T) {
	d := &data{dir: "/tmp/x"}
	content, err := d.configuration("127.0.0.1:1", &site{services: []any{proxyMount("127.0.0.1:2")}, limits: proxyLimits()})
	require.NoError(t, err)
	var got struct {
		Server   struct{ Limits map[string]int }
		Services []map[string]string
	}
	require.NoError(t, json.Unmarshal(content, &got))
	for limit, value := range got.Server.Limits {
		assert.Greater(t, value, 256, "%s has room", limit)
	}
	assert.Equal(t, "http://127.0.0.1:2", got.Services[0]["url"])

	content, err = d.configuration("127.0.0.1:1", &site{services: d.mounts()})
	require.NoError(t, err)
	assert.NotContains(t, string(content), `"limits"`)
	assert.NotContains(t, string(content), proxyPath)
}
