package runtime_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	goruntime "runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/adaptors/memstore"
	"github.com/seed90475182/restspace/bus/bustest"
	"github.com/seed90475182/restspace/runtime"
	"github.com/seed90475182/restspace/runtime/configfile"
	"github.com/seed90475182/restspace/services"

	adaptorlist "github.com/seed90475182/restspace/adaptors/all"
	servicelist "github.com/seed90475182/restspace/services/all"
)

// soakAll is the variable of the environment that has the whole soak run.
const soakAll = "RESTSPACE_SOAK"

// soak is how long, and how hard, a server is reloaded.
type soak struct {
	reloads  int
	pause    time.Duration // between two reloads
	requests time.Duration // between the beginnings of two requests
}

// TestReloadsUnderLoad reloads a server again and again, one time in three with
// a configuration that is no good, while requests come as the clock has them:
// none waits for the one before. No request fails, what lasts goes on, and when
// all is over the process has no more of the system than before.
func TestReloadsUnderLoad(t *testing.T) {
	run := soak{reloads: 60, pause: 20 * time.Millisecond, requests: 10 * time.Millisecond}
	if os.Getenv(soakAll) != "" {
		run = soak{reloads: 1000, pause: 50 * time.Millisecond, requests: 2 * time.Millisecond}
	}
	p, clients := newProbe(), new(atomic.Int64)
	p.failing.Store(true)
	s := startSoak(t, p, clients)
	goroutines, descriptors := s.warmUp(t)

	socket, stream := s.talk(t, "/steady/upgrade"), s.talk(t, "/steady/endless")
	load := s.startLoad(run.requests)
	var turned []*talk
	good := 0
	for n := range run.reloads {
		if n%20 == 0 {
			turned = append(turned, s.talk(t, "/turn/upgrade"), s.talk(t, "/turn/endless"))
		}
		if s.turn(t, n+1) {
			good++
		}
		time.Sleep(run.pause)
	}
	load.stop(t)
	t.Logf("%d reloads, %d of them good, beside %s", run.reloads, good, load)

	assert.NoError(t, socket.goesOn(true), "upgraded, of the mount that has not changed")
	assert.NoError(t, stream.goesOn(false), "a stream of the mount that has not changed")
	for i, c := range turned {
		err := c.goesOn(false)
		for err == nil {
			err = c.goesOn(false)
		}
		assert.NotErrorIs(t, err, os.ErrDeadlineExceeded, "connection %d of a mount that has changed", i)
		_ = c.Close()
	}
	assert.Equal(t, int64(1), clients.Load(), "clients of the adaptor that has not changed")
	opened := strings.Fields(p.noted(&p.opened))
	assert.Equal(t, 1, strings.Count(strings.Join(opened, " "), "steady"))
	require.NoError(t, socket.Close())
	require.NoError(t, stream.Close())
	s.client.CloseIdleConnections()
	left := func() [3]int {
		return [...]int{
			len(opened) - len(strings.Fields(p.noted(&p.closed))) - 2,
			max(0, goruntime.NumGoroutine()-goroutines), max(0, openDescriptors(t)-descriptors),
		}
	}
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end) && left() != [3]int{}; {
		time.Sleep(10 * time.Millisecond) // not in a goroutine of its own, which would count
	}
	assert.Zero(t, left(), "services, goroutines and descriptors that nobody needs any more")
}

// counted is an adaptor whose stores share one client, as those of a server or
// of a plugin do.
func counted(clients *atomic.Int64) adaptors.Kind {
	type key struct{}
	kind := memstore.Kind()
	kind.Name = "counted"
	kind.New = func(_ context.Context, _ any, env adaptors.Env) (any, error) {
		client, release, err := adaptors.Share(env.Pool, key{}, func() (*memoryClient, error) {
			clients.Add(1)
			return &memoryClient{Store: memstore.New()}, nil
		})
		if err != nil {
			return nil, err
		}
		return &countedStore{client.Store, release}, nil
	}
	return kind
}

type memoryClient struct{ *memstore.Store }

func (*memoryClient) Close() error { return nil }

type countedStore struct {
	*memstore.Store
	release func() error
}

func (c *countedStore) Close() error { return c.release() }

// soaked is a server whose configuration is a file.
type soaked struct {
	*server
	address string
}

func startSoak(t *testing.T, p *probe, clients *atomic.Int64) *soaked {
	t.Helper()
	t.Chdir(t.TempDir())
	require.NoError(t, os.MkdirAll("files", 0o750))
	require.NoError(t, os.WriteFile("files/large", bytes.Repeat([]byte("0123456789abcdef"), 16<<10), 0o600))
	require.NoError(t, os.WriteFile("services.json", []byte(soakConfig(0)), 0o600))
	s := &server{log: new(bustest.Log), client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}, Timeout: 20 * time.Second}}
	s.Runtime = runtime.New(runtime.Options{
		Services: services.NewRegistry(append(servicelist.Registry().Kinds(), p.kind())...),
		Adaptors: adaptors.NewRegistry(append(adaptorlist.Registry().Kinds(), counted(clients))...),
		Listen:   true, Address: "127.0.0.1:0", LogTo: s.log, Source: configfile.New("services.json"),
	})
	t.Cleanup(func() {
		s.client.CloseIdleConnections()
		require.NoError(t, s.Close(context.Background()))
	})
	_, _, err := s.Reload(t.Context())
	require.NoError(t, err)
	return &soaked{s, s.Addr()}
}

// soakConfig is the n-th configuration: "steady" and the files stay, "turn" is
// another one each time, "shared" has other rules, and now and then the server
// other settings. The limits are those of nobody: a machine that has other
// things to do is not what is tested.
func soakConfig(n int) string {
	return fmt.Sprintf(`{
	"server": {"adminRoles": "A", "drain": "%dms", "log": {"level": "error"},
		"limits": {"connectionsPerIP": 10000, "inFlight": 10000}},
	"services": [
		{"name": "steady", "basePath": "/steady", "service": "probe", "say": "steady", "readRoles": "all"},
		{"name": "files", "basePath": "/files", "service": "file", "adaptor": "file", "adaptorConfig": {"root": "files"}, "readRoles": "all", "writeRoles": "all"},
		{"name": "shared", "basePath": "/shared", "service": "json", "adaptor": "counted", "readRoles": "all", "writeRoles": "all R%d"},
		{"name": "turn", "basePath": "/turn", "service": "probe", "say": "turn-%d", "readRoles": "all"}
	]
}`, 200+n/10, n, n)
}

// turn changes the configuration to the n-th one, every third time to one that
// is no good, and over HTTP where it does not change the file by hand. It
// reports whether it was good.
func (s *soaked) turn(t *testing.T, n int) bool {
	t.Helper()
	before, err := os.ReadFile("services.json")
	require.NoError(t, err)
	next, good := soakConfig(n), n%3 != 0
	if !good {
		next = spoiled(next, n/3)
	}
	if n%4 == 0 {
		response, text := s.ask(t, "PUT", "A", next, "If-Match: *")
		require.Equal(t, good, response.StatusCode == 200, "reload %d: %s", n, text)
		return good
	}
	require.NoError(t, os.WriteFile("services.next", []byte(next), 0o600))
	require.NoError(t, os.Rename("services.next", "services.json"))
	_, changed, err := s.Reload(t.Context())
	require.Equal(t, good, err == nil, "reload %d: %v", n, err)
	require.Equal(t, good, changed, "reload %d", n)
	if !good {
		require.NoError(t, os.WriteFile("services.json", before, 0o600))
	}
	return good
}

// spoiled returns a configuration that is no good: cut off, with an unknown
// Kind, or with a service that can't start.
func spoiled(config string, n int) string {
	switch n % 3 {
	case 0:
		return config[:len(config)-10]
	case 1:
		return strings.Replace(config, `"service": "json"`, `"service": "jsn"`, 1)
	}
	return strings.Replace(config, `"say": "turn`, `"fails": true, "say": "turn`, 1)
}

// warmUp has the process open what it opens once, and returns what it has then.
func (s *soaked) warmUp(t *testing.T) (goroutines, descriptors int) {
	t.Helper()
	for i := range soakPaths() {
		require.NoError(t, s.try(i))
	}
	s.client.CloseIdleConnections()
	goroutines, descriptors = goruntime.NumGoroutine(), openDescriptors(t)
	for range 20 { // until the connections have been given up
		time.Sleep(10 * time.Millisecond)
		goroutines, descriptors = min(goroutines, goruntime.NumGoroutine()), min(descriptors, openDescriptors(t))
	}
	return goroutines, descriptors
}

func openDescriptors(t *testing.T) int {
	entries, err := os.ReadDir("/proc/self/fd")
	require.NoError(t, err)
	return len(entries)
}

// clockwork is requests that begin when the clock says so.
type clockwork struct {
	cancel  context.CancelFunc
	running sync.WaitGroup

	mu       sync.Mutex
	took     []time.Duration // from when each should have begun
	failures []string
}

func (s *soaked) startLoad(every time.Duration) *clockwork {
	ctx, cancel := context.WithCancel(context.Background())
	c := &clockwork{cancel: cancel}
	begin := time.Now()
	c.running.Go(func() {
		for i := 0; ctx.Err() == nil; i++ {
			due := begin.Add(time.Duration(i) * every)
			time.Sleep(time.Until(due))
			c.running.Go(func() { c.note(due, s.try(i)) })
		}
	})
	return c
}

func (c *clockwork) note(due time.Time, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.took = append(c.took, time.Since(due))
	if err != nil {
		c.failures = append(c.failures, err.Error())
	}
}

func (c *clockwork) stop(t *testing.T) {
	t.Helper()
	c.cancel()
	c.running.Wait()
	assert.Empty(t, c.failures[:min(len(c.failures), 10)], "of %d failures", len(c.failures))
	slices.Sort(c.took)
}

func (c *clockwork) String() string {
	at := func(part float64) time.Duration { return c.took[int(part*float64(len(c.took)-1))] }
	return fmt.Sprintf("%d requests: half of them took up to %v, 99%% up to %v, all up to %v", len(c.took), at(0.5), at(0.99), at(1))
}

func soakPaths() []string {
	return []string{"GET /steady", "GET /turn", "PUT /shared/doc", "GET /files/large", "PUT /files/doc", "GET /steady/x"}
}

// try makes one of the requests. Those that write, which no client may repeat,
// have a connection of their own.
func (s *soaked) try(i int) error {
	paths := soakPaths()
	method, path, _ := strings.Cut(paths[i%len(paths)], " ")
	var body io.Reader
	if method == "PUT" {
		body = strings.NewReader(`{"n": 1}`)
	}
	request, err := http.NewRequest(method, "http://"+s.address+path, body)
	if err != nil {
		return err
	}
	request.Close = method == "PUT"
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := s.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	n, err := io.Copy(io.Discard, response.Body)
	switch {
	case err != nil:
		return fmt.Errorf("%s %s: %w", method, path, err)
	case response.StatusCode/100 != 2:
		return fmt.Errorf("%s %s: %s", method, path, response.Status)
	case path == "/files/large" && n != 256<<10:
		return fmt.Errorf("%s %s: %d bytes", method, path, n)
	}
	return nil
}
