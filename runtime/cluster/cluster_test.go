package cluster

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// recovery is how long it may take after the end of a fault until all servers
// answer well.
const recovery = 5 * time.Second

// trial is a fleet under load.
type trial struct {
	*testing.T
	*fleet
	load   *load
	tells  int // contents that were put there
	report []string
}

// TestCluster has servers fail under load, one way after the other.
func TestCluster(t *testing.T) {
	f := newFleet(t)
	r := &trial{T: t, fleet: f}
	b := newBalancer(t, f.servers)
	var tokens []string
	for i := range writers {
		tokens = append(tokens, f.servers[0].run(t, "token", email(i)))
	}
	r.load = newLoad(b, tokens, "trial")
	r.load.start()
	for n := range form(1, 8) {
		r.rest()
		r.fault("killed", func() {
			s := f.servers[n%size]
			s.kill()
			time.Sleep(500 * time.Millisecond)
			s.start(t)
		})
		for _, s := range f.servers {
			r.fault(fmt.Sprintf("restart of %d", s.number), func() {
				s.stop(t)
				s.start(t)
			})
		}
		r.fault("cut off", func() {
			s := f.servers[(n+1)%size]
			s.wire.cut()
			time.Sleep(form(2*time.Second, 6*time.Second))
			s.wire.mend()
		})
		r.rollout()
		r.failedRollout()
	}
	r.rest()
	r.load.stop()
	r.readBack()
	for _, line := range r.report {
		t.Log(line)
	}
	t.Log(r.load.summary())
	for i, fault := range r.load.faults() {
		if i < 10 {
			t.Error(fault)
		}
	}
	t.Run("control", func(t *testing.T) { controls(t, b, tokens) })
}

// rest lets some time pass in which nothing is wrong.
func (r *trial) rest() { time.Sleep(300 * time.Millisecond) }

// fault has something be wrong while f works, and until all servers answer well.
func (r *trial) fault(what string, f func()) {
	r.load.phase.Add(1)
	f()
	begun := time.Now()
	for !r.well() {
		if time.Since(begun) > patience {
			require.Fail(r, "no recovery after "+what)
		}
		time.Sleep(20 * time.Millisecond)
	}
	took := time.Since(begun)
	assert.Less(r, took, recovery, what)
	r.report = append(r.report, fmt.Sprintf("%s: all answer well after %v", what, took.Round(time.Millisecond)))
	time.Sleep(leftOut) // the balancer may leave one out, and another may call it
	r.load.phase.Add(1)
	r.rest()
}

// well reports whether each server can write and read.
func (r *trial) well() bool {
	for _, s := range r.servers {
		for _, path := range []string{"/docs/probe", "/next/probe"} {
			if !s.writes(path) || !s.answers(path) {
				return false
			}
		}
	}
	return true
}

func (s *server) writes(path string) bool {
	request, err := http.NewRequest(http.MethodPut, "http://"+s.address+path, strings.NewReader("{}"))
	if err != nil {
		return false
	}
	request.Header.Set("Content-Type", "application/json")
	reply, err := (&http.Client{Transport: s.transport, Timeout: recovery}).Do(request)
	if err != nil {
		return false
	}
	_ = reply.Body.Close()
	return reply.StatusCode < http.StatusBadRequest
}

// rollout puts another configuration into the bucket. Nothing may go wrong
// meanwhile.
func (r *trial) rollout() {
	r.tells++
	mount := fmt.Sprintf("more%d", r.tells)
	r.upload(r.T, fmt.Sprintf(`, {"name": %q, "basePath": "/%s", "service": "lib", "readRoles": "all"}`, mount, mount))
	begun := time.Now()
	for _, s := range r.servers {
		for !s.answers("/" + mount + "/set-status/200") {
			require.Less(r, time.Since(begun), patience, "server %d has not got the configuration:\n%s", s.number, s.logged())
			time.Sleep(20 * time.Millisecond)
		}
	}
	r.report = append(r.report, fmt.Sprintf("rollout: all have it after %v", time.Since(begun).Round(time.Millisecond)))
}

// failedRollout puts one with an error there, which one server finds.
func (r *trial) failedRollout() {
	told, found := r.count(`service "wrong"`), r.found()
	r.upload(r.T, `, {"name": "wrong", "basePath": "/wrong", "service": "lib"}`)
	begun := time.Now()
	for ; r.count(`service "wrong"`) < told+size; time.Sleep(20 * time.Millisecond) {
		require.Less(r, time.Since(begun), patience)
	}
	r.report = append(r.report, fmt.Sprintf("failed rollout: all know after %v", time.Since(begun).Round(time.Millisecond)))
	assert.Equal(r, found+1, r.found(), "servers that tried it")
}

// found returns how many times a server has found an error in a configuration.
func (r *trial) found() int { return r.count("\ns3://" + r.bucket + "/conf/services.json:") }

// count returns how many times the servers say something in their logs.
func (r *trial) count(what string) (n int) {
	for _, s := range r.servers {
		n += strings.Count(s.logged(), what)
	}
	return n
}

// readBack reads all documents from each server, and compares the counters with
// what was counted.
func (r *trial) readBack() {
	for path, tally := range r.load.counts {
		for _, s := range r.servers {
			c := &client{load: r.load, name: fmt.Sprintf("server %d", s.number), http: &http.Client{Timeout: patience, Transport: s.transport}}
			c.number = ownerOf(path)
			value, _, ok := c.get(path, s)
			require.True(r, ok, path)
			var d document
			if !strings.Contains(path, "count") {
				continue
			}
			require.NoError(r, json.Unmarshal([]byte(value), &d))
			// the first one is 0
			assert.GreaterOrEqual(r, d.N+1, tally.surely, "%s of server %d", path, s.number)
			assert.LessOrEqual(r, d.N+1, tally.surely+tally.perhaps, "%s of server %d", path, s.number)
		}
	}
}

// ownerOf returns the number of the user who may read a path.
func ownerOf(path string) (user int) {
	_, _ = fmt.Sscanf(path, "mine/user%d@", &user) // anybody may read the others
	return user
}

// summary says what was done.
func (l *load) summary() string {
	l.counting.Lock()
	defer l.counting.Unlock()
	var errors []string
	for _, status := range slices.Sorted(maps.Keys(l.errors)) {
		errors = append(errors, fmt.Sprintf("%s: %d", status, l.errors[status]))
	}
	return fmt.Sprintf("%d requests in %v, %d writes acknowledged; errors: %s",
		l.requests, l.now().Round(100*time.Millisecond), l.done, strings.Join(errors, ", "))
}

// controls has the balancer lie in one way after the other, and fails unless
// that is found out.
func controls(t *testing.T, b *balancer, tokens []string) {
	kept := new(atomic.Pointer[string])
	n := 0
	for what, tell := range lies(kept) {
		n++
		l := newLoad(b, tokens, fmt.Sprintf("control%d", n))
		c := &client{load: l, name: "control", http: new(http.Client)}
		first := fmt.Sprintf("docs/%s/shared0", l.place)
		c.put(first, nil, "")
		value, _, _ := c.get(first, nil)
		kept.Store(&value)
		c.put(first, nil, "")
		var told atomic.Int64
		counted := lie(func(r *http.Request) *http.Response {
			reply := tell(r)
			if reply != nil {
				told.Add(1)
			}
			return reply
		})
		b.lie.Store(&counted)
		l.start()
		for begun := time.Now(); told.Load() < enough && time.Since(begun) < patience; {
			time.Sleep(10 * time.Millisecond)
		}
		b.lie.Store(nil)
		l.stop()
		for path := range l.counts {
			c.number = ownerOf(path)
			c.get(path, nil)
		}
		faults := l.faults()
		if assert.NotEmpty(t, faults, what) {
			t.Log("as it should be: " + faults[0])
		}
	}
}

// enough is how many lies a control tells: not each is found out, since a
// document may be written again before somebody reads it.
const enough = 20

// lies are what a balancer may do that no fleet does. kept has a document as it
// once was.
func lies(kept *atomic.Pointer[string]) map[string]lie {
	answer := func(r *http.Request, status int, body string) *http.Response {
		reply := &http.Response{StatusCode: status, Header: http.Header{"Etag": {`"lie"`}}, Body: io.NopCloser(strings.NewReader(body)), Request: r}
		return reply
	}
	var calls atomic.Int64
	isNext := func() bool { return calls.Add(1)%5 == 0 }
	return map[string]lie{
		"a write that is not done": func(r *http.Request) *http.Response {
			if r.Method == http.MethodPut && isNext() {
				return answer(r, http.StatusOK, "")
			}
			return nil
		},
		"a body of another document": func(r *http.Request) *http.Response {
			if r.Method == http.MethodGet && isNext() {
				return answer(r, http.StatusOK, `{"path":"docs/other","by":"c0-1","n":0}`)
			}
			return nil
		},
		"a body that is old": func(r *http.Request) *http.Response {
			if r.Method != http.MethodGet || !strings.HasSuffix(r.URL.Path, "/shared0") {
				return nil
			}
			return answer(r, http.StatusOK, *kept.Load())
		},
		"what is another's": func(r *http.Request) *http.Response {
			if r.Method == http.MethodGet && strings.HasPrefix(r.URL.Path, "/mine/") {
				return answer(r, http.StatusOK, `{"path":"`+strings.TrimPrefix(r.URL.Path, "/")+`","by":"c0-1","n":0}`)
			}
			return nil
		},
		"an error while nothing is wrong": func(r *http.Request) *http.Response {
			if isNext() {
				return answer(r, http.StatusServiceUnavailable, "")
			}
			return nil
		},
	}
}
