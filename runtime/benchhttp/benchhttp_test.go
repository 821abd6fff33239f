package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const wrkOutput = `Running 1s test @ http://127.0.0.1:3100
  1 threads and 2 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency    20.05us   42.36us   1.60ms   99.17%
  9 requests in 1.10s, 1.21MB read
Requests/sec:      8.18
`

func TestParseSummary(t *testing.T) {
	const good = `{"requests":9,"microseconds":1100000,"p50":120,"p99":4500,"errors":{"connect":0,"read":0,"write":0,"status":0,"timeout":0}}`
	s, err := parseSummary(wrkOutput + good + "\n")
	require.NoError(t, err)
	assert.Equal(t, summary{Requests: 9, Microseconds: 1_100_000, P50: 120, P99: 4500}, s)

	for name, test := range map[string]struct{ output, want string }{
		"no summary":  {wrkOutput, "no summary was printed"},
		"empty":       {"", "no summary was printed"},
		"connect":     {strings.Replace(good, `"connect":0`, `"connect":2`, 1), "2 to connect"},
		"read":        {strings.Replace(good, `"read":0`, `"read":3`, 1), "3 to read"},
		"write":       {strings.Replace(good, `"write":0`, `"write":4`, 1), "4 to write"},
		"status":      {strings.Replace(good, `"status":0`, `"status":5`, 1), "of 9 requests failed: 0 to connect, 0 to read, 0 to write, 5 by their status"},
		"time-out":    {strings.Replace(good, `"timeout":0`, `"timeout":6`, 1), "6 by time-out"},
		"no requests": {strings.Replace(good, `"requests":9`, `"requests":0`, 1), "no request was answered"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := parseSummary(test.output)
			assert.ErrorContains(t, err, test.want)
		})
	}
}

func TestParseStat(t *testing.T) {
	const stat = "42 (a ) (b) S 1 42 42 0 -1 4194560 1 0 0 0 250 31 7 8 20 0 4 0 99 1 2 3"
	cpu, err := parseStat(stat)
	require.NoError(t, err)
	assert.Equal(t, 2810*time.Millisecond, cpu)

	for _, bad := range []string{"", "42 (x) S 1", "42 (x) S 1 2 3 4 5 6 7 8 9 10 x 31", "42 (x) S 1 2 3 4 5 6 7 8 9 10 31 x"} {
		_, err := parseStat(bad)
		assert.Error(t, err, bad)
	}
}

func TestParseStatus(t *testing.T) {
	const status = "Name:\tVmRSS:\nVmHWM:\t   12500 kB\nVmRSS:\t    1000 kB\n"
	for line, want := range map[string]float64{peakMemory: 12.8, idleMemory: 1.024} {
		megabytes, err := parseStatus(status, line)
		require.NoError(t, err)
		assert.InDelta(t, want, megabytes, 1e-9)
	}
	_, err := parseStatus(status, "VmSwap")
	assert.ErrorContains(t, err, "no VmSwap")
}

func TestMedian(t *testing.T) {
	for want, values := range map[float64][]float64{
		7:   {7},
		2:   {9, 1, 2},
		2.5: {3, 100, 2, 1},
	} {
		before := append([]float64(nil), values...)
		assert.Equal(t, want, median(values))
		assert.Equal(t, before, values, "the rounds keep their order")
	}
}

func TestRatio(t *testing.T) {
	var c comparison
	for _, round := range [][2]float64{{50, 100}, {90, 100}, {100, 80}} {
		for side, value := range round {
			c.add(throughput, side, value)
			c.add(cpuTime, side, value)
		}
	}
	assert.InDelta(t, 0.9, c.ratio(throughput, bareSide), 1e-9, "more requests are better")
	assert.InDelta(t, 100/90.0, c.ratio(cpuTime, bareSide), 1e-9, "less time is better")
}

func TestVerdict(t *testing.T) {
	var c comparison
	for side, values := range [2][2]float64{restspaceSide: {90, 25}, bareSide: {100, 5}} {
		c.add(throughput, side, values[0])
		c.add(idleRSS, side, values[1])
	}
	for _, test := range []struct {
		target target
		want   [3]string
	}{
		{par(throughput, 0.85), [3]string{"ratio at least 0.85", "0.90", "met"}},
		{par(throughput, 0.93), [3]string{"ratio at least 0.93", "0.90", "missed by 0.03"}},
		{most(idleRSS, 30), [3]string{"at most 30.0", "25.0", "met"}},
		{most(idleRSS, 20), [3]string{"at most 20.0", "25.0", "missed by 5.00"}},
	} {
		wanted, measured, verdict := test.target.verdict(&c)
		assert.Equal(t, test.want, [3]string{wanted, measured, verdict})
	}
}

func TestChoose(t *testing.T) {
	all, err := choose("")
	require.NoError(t, err)
	assert.Len(t, all, len(names()))

	some, err := choose("put-1,bypass")
	require.NoError(t, err)
	require.Len(t, some, 2)
	assert.Equal(t, "put-1", some[0].name)
	assert.Equal(t, "bypass", some[1].name)

	_, err = choose("bypass,bypas")
	assert.ErrorContains(t, err, `no scenario "bypas": write some of bypass, document`)
}

func TestUsage(t *testing.T) {
	for _, args := range [][]string{{"-unknown"}, {"argument"}, {"bare", "argument"}, {"upstream", "argument"}, {"sockets", "-unknown"}} {
		assert.Equal(t, 2, run(t.Context(), args, io.Discard, io.Discard), args)
	}
	assert.Equal(t, 0, run(t.Context(), []string{"-h"}, io.Discard, io.Discard))
	assert.Equal(t, 1, run(t.Context(), []string{"-rounds", "0"}, io.Discard, io.Discard))
}

// bare returns the bare server over a little data.
func bare(t *testing.T) (*httptest.Server, *data) {
	d := &data{dir: t.TempDir(), document: document(1 << 10)}
	require.NoError(t, d.fill())
	require.NoError(t, d.fillMany(3))
	router, err := bareRouter(d.dir)
	require.NoError(t, err)
	server := httptest.NewServer(router)
	t.Cleanup(server.Close)
	return server, d
}

func send(t *testing.T, method, url, body string) (*http.Response, string) {
	request, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response, string(content)
}

func TestBareReads(t *testing.T) {
	server, d := bare(t)
	for path, want := range map[string]struct{ mediaType, body string }{
		readyPath:                {"", ""},
		"/docs/" + smallDocument: {"application/json", d.document},
		"/files/" + mediumFile:   {"application/octet-stream", strings.Repeat("x", 100<<10)},
	} {
		response, body := send(t, "GET", server.URL+path, "")
		assert.Equal(t, 200, response.StatusCode, path)
		assert.Equal(t, want.mediaType, response.Header.Get("Content-Type"), path)
		assert.Equal(t, int64(len(want.body)), response.ContentLength, path)
		assert.Equal(t, want.body, body, path)
		assert.Equal(t, want.body != "", response.Header.Get("ETag") != "", path)
	}
	response, _ := send(t, "GET", server.URL+"/docs/missing.json", "")
	assert.Equal(t, 404, response.StatusCode)
}

func TestBareLists(t *testing.T) {
	server, d := bare(t)
	require.NoError(t, os.WriteFile(d.path("many", ".lock"), nil, 0o600))
	for query, want := range map[string]int{"": 3, "?$take=2": 2} {
		response, body := send(t, "GET", server.URL+"/many/"+query, "")
		assert.Equal(t, "inode/directory+json", response.Header.Get("Content-Type"))
		var found []string
		require.NoError(t, json.Unmarshal([]byte(body), &found))
		assert.Len(t, found, want)
		assert.Subset(t, []string{"note-000000.json", "note-000001.json", "note-000002.json"}, found)
	}
}

func TestBareWrites(t *testing.T) {
	server, d := bare(t)
	var tags []string
	for i, status := range []int{201, 200} {
		content := fmt.Sprint(i) // of one size: the time makes the ETag
		response, _ := send(t, "PUT", server.URL+"/put/a.json", content)
		assert.Equal(t, status, response.StatusCode)
		stored, err := os.ReadFile(d.path("bare-put", "a.json"))
		require.NoError(t, err)
		assert.Equal(t, content, string(stored))
		tags = append(tags, response.Header.Get("ETag"))
	}
	assert.NotEqual(t, tags[0], tags[1])
	left, err := os.ReadDir(d.path("bare-put", ".tmp"))
	require.NoError(t, err)
	assert.Empty(t, left)
}

func TestDocument(t *testing.T) {
	d := document(1 << 10)
	assert.Len(t, d, 1<<10)
	assert.True(t, json.Valid([]byte(d)))
}

func TestManyServices(t *testing.T) {
	d := &data{dir: "/tmp/x"}
	kinds, bases := make(map[any]int), make(map[any]bool)
	for _, service := range d.manyServices() {
		keys := service.(map[string]any)
		kinds[[2]any{keys["service"], keys["adaptor"]}]++
		bases[keys["basePath"]] = true
	}
	assert.Equal(t, map[any]int{[2]any{"lib", nil}: 34, [2]any{"json", "memory"}: 33, [2]any{"json", "file"}: 33}, kinds)
	assert.Len(t, bases, startServices)
}
