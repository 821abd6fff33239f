package runtime_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/adaptors/plugin/plugintest"
	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/bus/bustest"
	"github.com/seed90475182/restspace/runtime"
	"github.com/seed90475182/restspace/services"
	"github.com/seed90475182/restspace/urlpattern"
)

func TestMain(m *testing.M) {
	plugintest.Main()
	goleak.VerifyTestMain(m)
}

// probe is a Kind whose services tell what happens to them.
type probe struct {
	mu             sync.Mutex
	opened, closed []string
	failing        atomic.Bool
	inside         chan struct{} // "/wait" sends, then receives from release
	release        chan struct{}
}

type probeConfig struct {
	Say   string   `json:"say"`
	Fails bool     `json:"fails"`
	Calls []string `json:"calls"` // hosts
}

func (c *probeConfig) Hosts() []string { return c.Calls }

func newProbe() *probe {
	return &probe{inside: make(chan struct{}), release: make(chan struct{})}
}

func (p *probe) kind() services.Kind {
	return services.Define(services.Kind{Name: "probe"}, func(_ context.Context, env services.Env, c probeConfig, _ services.None) (bus.Service, error) {
		if c.Fails && p.failing.Load() {
			return nil, errors.New("the probe can't start")
		}
		if c.Say == "panic" {
			panic("the probe is broken")
		}
		p.note(&p.opened, c.Say)
		return &probeService{probe: p, say: c.Say, env: env}, nil
	})
}

func (p *probe) note(list *[]string, what string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	*list = append(*list, what)
}

func (p *probe) noted(list *[]string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Join(*list, " ")
}

type probeService struct {
	probe *probe
	say   string
	env   services.Env
}

func (s *probeService) Close() error {
	s.probe.note(&s.probe.closed, s.say)
	return nil
}

func (s *probeService) Serve(ctx context.Context, m *bus.Message) (*bus.Message, error) {
	switch strings.Join(m.ServicePath(), "/") {
	case "wait":
		s.probe.inside <- struct{}{}
		<-s.probe.release
	case "hang":
		<-ctx.Done()
		return nil, ctx.Err()
	case "upgrade":
		return upgraded(), nil
	case "wait/fail":
		s.probe.inside <- struct{}{}
		<-s.probe.release
		return nil, errors.New("it can't say " + s.say)
	case "wait/upgrade":
		s.probe.inside <- struct{}{}
		<-s.probe.release
		return upgraded(), nil
	case "endless":
		return endless(ctx), nil
	case "loop":
		return s.env.Bus.Serve(ctx, m.Call("GET", m.URL, nil))
	case "call":
		u, err := urlpattern.ParseURL(m.URL.Query)
		if err != nil {
			return nil, err
		}
		call := m.Call("GET", u, nil)
		call.Header = m.Header
		return s.env.Bus.Serve(ctx, call)
	case "cookie":
		return bus.Reply(200, bus.NewBody([]byte(m.Header.Get("Cookie")), "text/plain")), nil
	case "cors":
		reply := bus.Reply(200, nil)
		reply.Header = bus.Header{{Name: "access-control-allow-origin", Value: "*"}, {Name: "X-Other", Value: "kept"}}
		return reply, nil
	case "page":
		reply := bus.Reply(200, nil)
		reply.Header.Add("Content-Type", m.Header.Get("X-Type"))
		if policy := m.Header.Get("X-Policy"); policy != "" {
			reply.Header.Add("Content-Security-Policy", policy)
		}
		reply.Body = bus.NewBody([]byte("x"), "")
		return reply, nil
	case "panic":
		panic("secret inside")
	case "unknown":
		return nil, errors.New("secret inside")
	}
	return bus.Reply(200, bus.NewBody([]byte(s.say), "text/plain")), nil
}

type server struct {
	*runtime.Runtime
	log    *bustest.Log
	client *http.Client
}

func start(t *testing.T, p *probe, config string, others ...services.Kind) *server {
	t.Helper()
	t.Chdir(t.TempDir())
	s := &server{log: new(bustest.Log), client: &http.Client{Transport: &http.Transport{}, Timeout: 10 * time.Second}}
	s.Runtime = runtime.New(runtime.Options{
		Services: services.NewRegistry(append(others, p.kind())...), Adaptors: adaptors.NewRegistry(),
		Listen: true, Address: "127.0.0.1:0", LogTo: s.log,
	})
	require.NoError(t, s.Load(t.Context(), "services.json", []byte(config)))
	t.Cleanup(func() {
		s.client.CloseIdleConnections()
		require.NoError(t, s.Close(context.Background()))
	})
	return s
}

// mounts returns a configuration of probes: name, base path and what they say.
func mounts(rows ...[3]string) string {
	var list []string
	for _, row := range rows {
		list = append(list, fmt.Sprintf(`{"name": %q, "basePath": %q, "service": "probe", "say": %q, "readRoles": "all"}`, row[0], row[1], row[2]))
	}
	return `{"services": [` + strings.Join(list, ",") + `]}`
}

func (s *server) get(t *testing.T, path string) (int, string, http.Header) {
	t.Helper()
	response, err := s.client.Get("http://" + s.Addr() + path)
	require.NoError(t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response.StatusCode, string(body), response.Header
}

func (s *server) says(t *testing.T, path, want string) {
	t.Helper()
	status, body, _ := s.get(t, path)
	assert.Equal(t, 200, status, body)
	assert.Equal(t, want, body)
}

func TestReloadCarriesOverWhatHasNotChanged(t *testing.T) {
	p := newProbe()
	s := start(t, p, mounts([3]string{"a", "/a", "one"}, [3]string{"b", "/b", "two"}))
	s.says(t, "/a", "one")
	require.NoError(t, s.Load(t.Context(), "services.json", []byte(mounts([3]string{"a", "/a", "one"}, [3]string{"b", "/b", "three"}))))
	s.says(t, "/a", "one")
	s.says(t, "/b", "three")
	assert.Equal(t, "one two three", p.noted(&p.opened))
	require.Eventually(t, func() bool { return p.noted(&p.closed) == "two" }, time.Second, time.Millisecond)
}

func TestReloadWithErrorsKeepsWhatRuns(t *testing.T) {
	p := newProbe()
	s := start(t, p, mounts([3]string{"a", "/a", "one"}))
	for name, row := range map[string]struct{ config, want string }{
		"no JSON":      {`{"services": [`, "services.json:1:15"},
		"unknown kind": {strings.Replace(mounts([3]string{"a", "/a", "x"}), "probe", "prope", 1), `"prope"`},
		"two paths":    {mounts([3]string{"a", "/a", "x"}, [3]string{"b", "/a/", "y"}), "base path"},
	} {
		err := s.Load(t.Context(), "services.json", []byte(row.config))
		assert.ErrorContains(t, err, row.want, name)
		s.says(t, "/a", "one")
	}
	p.failing.Store(true)
	err := s.Load(t.Context(), "services.json", []byte(strings.Replace(mounts([3]string{"a", "/a", "new"}, [3]string{"b", "/b", "two"}), `"say": "two"`, `"fails": true`, 1)))
	assert.ErrorContains(t, err, "the probe can't start")
	s.says(t, "/a", "one")
	assert.Equal(t, "new", p.noted(&p.closed), "what was opened beside is closed again")
	err = s.Load(t.Context(), "services.json", []byte(mounts([3]string{"a", "/a", "newer"}, [3]string{"b", "/b", "panic"})))
	assert.ErrorContains(t, err, `service "b": panic: the probe is broken`)
	s.says(t, "/a", "one")
	assert.Equal(t, "new newer", p.noted(&p.closed))
}

func TestServiceThatCanNotStartIsTriedAgain(t *testing.T) {
	p := newProbe()
	p.failing.Store(true)
	s := start(t, p, strings.Replace(mounts([3]string{"a", "/a", "one"}, [3]string{"b", "/b", "two"}), `"say": "two"`, `"say": "two", "fails": true`, 1))
	s.says(t, "/a", "one")
	status, body, header := s.get(t, "/b")
	assert.Equal(t, 503, status)
	assert.Contains(t, body, bus.TypeUnavailable)
	assert.NotContains(t, body, "the probe")
	assert.NotEmpty(t, header.Get("Retry-After"))
	p.failing.Store(false)
	require.Eventually(t, func() bool { status, _, _ := s.get(t, "/b"); return status == 200 }, 5*time.Second, 20*time.Millisecond)
}

func TestRequestSeesOneGenerationToItsEnd(t *testing.T) {
	p := newProbe()
	s := start(t, p, mounts([3]string{"a", "/a", "old"}))
	slow := make(chan string)
	go func() {
		_, body, _ := s.get(t, "/a/wait")
		slow <- body
	}()
	<-p.inside
	require.NoError(t, s.Load(t.Context(), "services.json", []byte(mounts([3]string{"a", "/a", "new"}))))
	s.says(t, "/a", "new")
	assert.Empty(t, p.noted(&p.closed), "the old one still answers")
	p.release <- struct{}{}
	assert.Equal(t, "old", <-slow)
	require.Eventually(t, func() bool { return p.noted(&p.closed) == "old" }, time.Second, time.Millisecond)
}

func TestCloseWaitsForRequests(t *testing.T) {
	p := newProbe()
	s := start(t, p, mounts([3]string{"a", "/a", "done"}))
	slow, closed := make(chan string), make(chan error)
	go func() {
		_, body, _ := s.get(t, "/a/wait")
		slow <- body
	}()
	<-p.inside
	address := s.Addr()
	go func() { closed <- s.Close(context.Background()) }()
	require.Eventually(t, func() bool {
		c, err := net.Dial("tcp", address)
		if err == nil {
			_ = c.Close()
		}
		return err != nil
	}, 3*time.Second, time.Millisecond, "no more connections")
	p.release <- struct{}{}
	assert.Equal(t, "done", <-slow)
	assert.NoError(t, <-closed)
}

func TestServerSettingsChangeWithoutARefusedConnection(t *testing.T) {
	p := newProbe()
	config := mounts([3]string{"a", "/a", "one"})
	s := start(t, p, config)
	stop := make(chan struct{})
	failed := make(chan error, 1)
	go func() {
		defer close(failed)
		for {
			select {
			case <-stop:
				return
			default:
			}
			response, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Get("http://" + s.Addr() + "/a")
			if err != nil {
				failed <- err
				return
			}
			_ = response.Body.Close()
		}
	}()
	for i := range 20 {
		changed := strings.Replace(config, `{"services"`, fmt.Sprintf(`{"server": {"limits": {"inFlight": %d}}, "services"`, 100+i), 1)
		require.NoError(t, s.Load(t.Context(), "services.json", []byte(changed)))
		time.Sleep(5 * time.Millisecond)
	}
	close(stop)
	assert.NoError(t, <-failed)
}

func TestAddressInUseIsRefusedAtReload(t *testing.T) {
	p := newProbe()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	t.Chdir(t.TempDir())
	r := runtime.New(runtime.Options{Services: services.NewRegistry(p.kind()), Adaptors: adaptors.NewRegistry(), Listen: true, LogTo: io.Discard})
	config := func(address, say string) []byte {
		return []byte(strings.Replace(mounts([3]string{"a", "/a", say}), `{"services"`, fmt.Sprintf(`{"server": {"listen": %q}, "services"`, address), 1))
	}
	require.NoError(t, r.Load(t.Context(), "services.json", config("127.0.0.1:0", "old")))
	s := &server{Runtime: r, client: &http.Client{Transport: &http.Transport{}}}
	defer func() { s.client.CloseIdleConnections(); require.NoError(t, r.Close(context.Background())) }()
	err = r.Load(t.Context(), "services.json", config(taken.Addr().String(), "new"))
	assert.ErrorContains(t, err, "server.listen")
	s.says(t, "/a", "old")
}

func TestErrorsSayNothingOfTheInside(t *testing.T) {
	s := start(t, newProbe(), mounts([3]string{"a", "/a", "one"}))
	for _, path := range []string{"/a/panic", "/a/unknown"} {
		status, body, header := s.get(t, path)
		assert.Equal(t, 500, status)
		assert.NotContains(t, body, "secret")
		assert.Contains(t, body, header.Get("X-Request-Id"))
		assert.Contains(t, s.log.String(), "secret inside")
	}
}

func TestCallsInside(t *testing.T) {
	config := mounts([3]string{"a", "/a", "outer"}, [3]string{"b", "/b", "inner"})
	config = strings.Replace(config, `"say": "inner"`, `"say": "inner", "internal": true`, 1)
	s := start(t, newProbe(), config)
	status, _, _ := s.get(t, "/b")
	assert.Equal(t, 404, status)
	status, body, header := s.get(t, "/a/call?/b/x")
	assert.Equal(t, 200, status)
	assert.Equal(t, "inner", body)
	assert.Equal(t, []string{"a"}, header.Values("X-Restspace-Service"), "the mount that the client called")
	status, body, _ = s.get(t, "/a/loop")
	assert.Equal(t, 508, status)
	assert.Contains(t, body, bus.TypeDepth)
}

func TestMountTimeoutReplacesTheServers(t *testing.T) {
	config := strings.Replace(mounts([3]string{"a", "/a", "one"}), `"say"`, `"limits": {"timeout": "20ms"}, "say"`, 1)
	s := start(t, newProbe(), config)
	status, body, _ := s.get(t, "/a/hang")
	assert.Equal(t, 504, status)
	assert.Contains(t, body, bus.TypeTimeout)
	assert.Contains(t, body, "raise limits.timeout")
}

func TestMountLimits(t *testing.T) {
	p := newProbe()
	config := mounts([3]string{"a", "/a", "one"}, [3]string{"b", "/b", "two"})
	config = strings.Replace(config, `"say": "one"`, `"limits": {"inFlight": 1, "maxBody": "4B"}, "writeRoles": "all", "say": "one"`, 1)
	config = strings.Replace(config, `"say": "two"`, `"limits": {"rate": "2/s"}, "say": "two"`, 1)
	s := start(t, p, config)
	first := make(chan int)
	go func() {
		status, _, _ := s.get(t, "/a/wait")
		first <- status
	}()
	<-p.inside
	status, body, _ := s.get(t, "/a")
	assert.Equal(t, 503, status)
	assert.Contains(t, body, bus.TypeBusy)
	p.release <- struct{}{}
	assert.Equal(t, 200, <-first)

	for size, want := range map[int]int{3: 200, 4: 200, 5: 413} {
		response, err := s.client.Post("http://"+s.Addr()+"/a", "text/plain", strings.NewReader(strings.Repeat("x", size)))
		require.NoError(t, err)
		_ = response.Body.Close()
		assert.Equal(t, want, response.StatusCode, "%d bytes", size)
	}

	var statuses []int
	for range 4 {
		status, _, _ := s.get(t, "/b")
		statuses = append(statuses, status)
	}
	assert.Equal(t, []int{200, 200, 429, 429}, statuses)
}

func TestRateOfAllMounts(t *testing.T) {
	config := mounts([3]string{"a", "/a", "one"}, [3]string{"b", "/b", "two"})
	s := start(t, newProbe(), strings.Replace(config, `{"services"`, `{"server": {"limits": {"rate": "3/m"}}, "services"`, 1))
	for path, want := range map[string]int{"/a": 200, "/b": 200, "/c": 404} {
		status, _, _ := s.get(t, path)
		assert.Equal(t, want, status, path)
	}
	status, body, header := s.get(t, "/a")
	assert.Equal(t, 429, status)
	assert.Contains(t, body, bus.TypeRate)
	assert.NotEmpty(t, header.Get("Retry-After"))
	status, _ = s.at(t, s.Addr(), "/a", "E")
	assert.Equal(t, 200, status, "a user is another caller than who is not signed in there")
	status, _, _ = s.get(t, "/healthz")
	assert.Equal(t, 200, status, "what the server itself answers does not count")
}

func TestCachingAndHosts(t *testing.T) {
	config := strings.Replace(mounts([3]string{"a", "/a", "one"}), `"say"`, `"caching": {"maxAge": 60, "public": true}, "say"`, 1)
	s := start(t, newProbe(), config)
	_, _, header := s.get(t, "/a")
	assert.Equal(t, "public, max-age=60", header.Get("Cache-Control"))
	_, _, header = s.get(t, "/a/unknown")
	assert.Empty(t, header.Get("Cache-Control"))

	for host, want := range map[string]int{"localhost": 200, "127.0.0.1:99": 200, "[::1]": 200, "evil.example": 421, "localhost.evil.example": 421} {
		request, err := http.NewRequest("GET", "http://"+s.Addr()+"/a", nil)
		require.NoError(t, err)
		request.Host = host
		response, err := s.client.Do(request)
		require.NoError(t, err)
		_ = response.Body.Close()
		assert.Equal(t, want, response.StatusCode, host)
	}
}
