package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// summaryScript has wrk print what it counted as one line of JSON.
const summaryScript = `
function done(summary, latency, requests)
  local e = summary.errors
  print(string.format('{"requests":%d,"microseconds":%d,"p50":%d,"p99":%d,'
    .. '"errors":{"connect":%d,"read":%d,"write":%d,"status":%d,"timeout":%d}}',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    e.connect, e.read, e.write, e.status, e.timeout))
end
`

// rotateScript writes a document under 1,000 names in turn. It is completed
// with the method, the body, and the path with its verb.
const rotateScript = `
wrk.method = %q
wrk.body = [==[%s]==]
local requests, last = {}, 0
function init(args)
  for i = 1, 1000 do
    requests[i] = wrk.format(nil, string.format(%q, i - 1))
  end
end
function request()
  last = last %% #requests + 1
  return requests[last]
end
`

// A load is the command that sends requests to one server. It lacks a duration.
type load []string

func (b *bench) newLoad(s scenario, server *server) (load, error) {
	connections := strconv.Itoa(s.connections)
	if s.socket {
		return load{b.self, "sockets", "--url", "ws://" + server.address + s.path, "--connections", connections}, nil
	}
	script, url := summaryScript, "http://"+server.address
	if s.rotate {
		script += fmt.Sprintf(rotateScript, s.method, b.data.document, s.path)
	} else {
		url += s.path
	}
	file := filepath.Join(b.data.dir, s.name+".lua")
	l := load{"wrk", url, "--threads", "1", "--connections", connections, "--timeout", "10s", "--script", file}
	for name, value := range b.headers(s) {
		l = append(l, "--header", name+": "+value)
	}
	return l, os.WriteFile(file, []byte(script), 0o600)
}

// run puts the load on the server. An error that was counted is an error.
func (l load) run(ctx context.Context, seconds int) (summary, error) {
	args := slices.Concat([]string{"-c", clientCore}, l, []string{"--duration", strconv.Itoa(seconds) + "s"})
	output, err := exec.CommandContext(ctx, "taskset", args...).CombinedOutput()
	if err != nil {
		return summary{}, fmt.Errorf("%s: %w: %s", filepath.Base(l[0]), err, output)
	}
	return parseSummary(string(output))
}

// A summary is what wrk or sockets counted. P50 and P99 are microseconds.
type summary struct {
	Requests     int64
	Microseconds int64
	P50, P99     float64
	Errors       struct{ Connect, Read, Write, Status, Timeout int64 }
}

// parseSummary reads the line that summaryScript adds to wrk's output.
func parseSummary(output string) (summary, error) {
	var s summary
	lines := strings.Split(strings.TrimSpace(output), "\n")
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &s); err != nil {
		return s, fmt.Errorf("no summary was printed: %w: %s", err, output)
	}
	e := s.Errors
	if e.Connect+e.Read+e.Write+e.Status+e.Timeout > 0 {
		return s, fmt.Errorf("of %d requests failed: %d to connect, %d to read, %d to write, %d by their status, %d by time-out",
			s.Requests, e.Connect, e.Read, e.Write, e.Status, e.Timeout)
	}
	if s.Requests == 0 || s.Microseconds == 0 {
		return s, fmt.Errorf("no request was answered")
	}
	return s, nil
}
