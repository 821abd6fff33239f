package runtime_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	goruntime "runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/adaptors"
	adaptorlist "github.com/seed90475182/restspace/adaptors/all"
	"github.com/seed90475182/restspace/adaptors/memstore"
	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/runtime"
	"github.com/seed90475182/restspace/services"
	servicelist "github.com/seed90475182/restspace/services/all"
)

// patient is a Kind whose services say how they are.
type patient struct {
	asked atomic.Int64 // how often it was asked how it is
	ill   atomic.Pointer[error]
	works chan error // what its background work ends with
}

func (p *patient) kind() services.Kind {
	return services.Define(services.Kind{Name: "patient"}, func(context.Context, services.Env, services.None, services.None) (bus.Service, error) {
		return p, nil
	})
}

func (p *patient) Serve(context.Context, *bus.Message) (*bus.Message, error) {
	return bus.Reply(204, nil), nil
}

func (p *patient) Health() error {
	p.asked.Add(1)
	if err := p.ill.Load(); err != nil {
		if *err == nil {
			panic("no pulse")
		}
		return *err
	}
	return nil
}

func (p *patient) Run(ctx context.Context) error {
	select {
	case err := <-p.works:
		return err
	case <-ctx.Done():
		return nil
	}
}

// at asks a path of an address as a user with these roles, "" being nobody.
func (s *server) at(t *testing.T, address, path, roles string) (int, string) {
	t.Helper()
	request, err := http.NewRequest("GET", "http://"+address+path, nil)
	require.NoError(t, err)
	if roles != "" {
		token, err := s.Token(&bus.User{Email: "jo@example.com", Roles: strings.Fields(roles)}, time.Minute)
		require.NoError(t, err)
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := s.client.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response.StatusCode, string(text)
}

// becomes waits until /readyz of an address says this to a user of these roles.
func (s *server) becomes(t *testing.T, address, roles string, status int, want string) {
	t.Helper()
	var got int
	var text string
	assert.Eventually(t, func() bool {
		got, text = s.at(t, address, "/readyz", roles)
		return got == status && text == want
	}, 10*time.Second, 20*time.Millisecond)
	assert.Equal(t, status, got)
	assert.Equal(t, want, text)
}

func TestHealthTellsOfMountsWhomTheyConcern(t *testing.T) {
	p := newProbe()
	p.failing.Store(true)
	config := strings.Replace(mounts([3]string{"a", "/a", "one"}, [3]string{"b", "/b.", "two"}), `"say": "two"`, `"say": "two", "fails": true, "manageRoles": "M"`, 1)
	config = strings.Replace(config, `{"services"`, `{"server": {"adminRoles": "A"}, "services"`, 1)
	s := start(t, p, config)
	status, text, header := s.get(t, "/healthz")
	assert.Equal(t, 200, status)
	assert.Equal(t, `{"status":"ok"}`, text)
	assert.Equal(t, "application/json", header.Get("Content-Type"))
	assert.Equal(t, "no-store", header.Get("Cache-Control"))

	a := `{"name":"a","path":"/a","service":"probe","status":"ok"}`
	b := `{"name":"b","path":"/b.","service":"probe","status":"down","error":"service \"b\": the probe can't start"}`
	for roles, want := range map[string]string{
		"":  `{"status":"degraded"}`,
		"E": `{"status":"degraded"}`,
		"M": `{"status":"degraded","mounts":[` + b + `]}`,
		"A": `{"status":"degraded","mounts":[` + a + `,` + b + `]}`,
	} {
		status, text := s.at(t, s.Addr(), "/readyz", roles)
		assert.Equal(t, 200, status, roles)
		assert.Equal(t, want, text, roles)
	}
	p.failing.Store(false)
	s.becomes(t, s.Addr(), "", 200, `{"status":"ok"}`)

	response, _ := s.sent(t, "POST", "/readyz")
	assert.Equal(t, 405, response.StatusCode)
	assert.Equal(t, "GET, HEAD, OPTIONS", response.Header.Get("Allow"))
	for _, method := range []string{"HEAD", "OPTIONS"} {
		response, text := s.sent(t, method, "/readyz")
		assert.Equal(t, map[string]int{"HEAD": 200, "OPTIONS": 204}[method], response.StatusCode)
		assert.Empty(t, text)
	}
	status, _, _ = s.get(t, "/readyz/x")
	assert.Equal(t, 404, status)
}

func TestHealthIsDownWhereNothingStarts(t *testing.T) {
	p := newProbe()
	p.failing.Store(true)
	s := start(t, p, strings.ReplaceAll(mounts([3]string{"a", "/a", "one"}, [3]string{"b", "/b", "two"}), `"say"`, `"fails": true, "say"`))
	status, text, _ := s.get(t, "/readyz")
	assert.Equal(t, 503, status)
	assert.Equal(t, `{"status":"down"}`, text)
	status, _, _ = s.get(t, "/healthz")
	assert.Equal(t, 200, status)
}

func TestHealthIsDownWithoutUsers(t *testing.T) {
	p := newProbe()
	p.failing.Store(true)
	config := strings.Replace(mounts([3]string{"a", "/a", "one"}, [3]string{"users", "/users", "two"}), `"say": "two"`, `"fails": true, "say": "two"`, 1)
	s := start(t, p, strings.Replace(config, `{"services"`, `{"auth": {"userUrlPattern": "/users/${email}"}, "services"`, 1))
	status, text, _ := s.get(t, "/readyz")
	assert.Equal(t, 503, status)
	assert.Equal(t, `{"status":"down"}`, text)
}

func TestHealthOfServices(t *testing.T) {
	p := &patient{works: make(chan error)}
	config := `{"server": {"adminListen": "127.0.0.1:0", "hosts": ["example.org"]}, "services": [
		{"name": "p", "basePath": "/p", "service": "patient", "readRoles": "all"}]}`
	s := start(t, newProbe(), config, p.kind())
	told := func(state, rest string) string {
		return fmt.Sprintf(`{"status":%q,"mounts":[{"name":"p","path":"/p","service":"patient","status":%[1]q%s}]}`, state, rest)
	}
	s.becomes(t, s.AdminAddr(), "", 200, told("ok", ""))
	ill := errors.Join(errors.New("one"), errors.New("two"))
	p.ill.Store(&ill)
	s.becomes(t, s.AdminAddr(), "", 200, told("degraded", `,"error":"one; two"`))
	ill = errors.New("the mail server says \xff")
	p.ill.Store(&ill)
	s.becomes(t, s.AdminAddr(), "", 200, told("degraded", ",\"error\":\"the mail server says \uFFFD\""))
	p.ill.Store(new(error))
	s.becomes(t, s.AdminAddr(), "", 200, told("degraded", `,"error":"panic: no pulse"`))
	p.ill.Store(nil)
	s.becomes(t, s.AdminAddr(), "", 200, told("ok", ""))
	p.works <- errors.New("it is tired")
	s.becomes(t, s.AdminAddr(), "", 200, told("degraded", `,"error":"it is tired"`))
}

// With an address for operators, the other one says where to ask.
func TestHealthIsElsewhere(t *testing.T) {
	for admin, want := range map[string]string{"127.0.0.1:0": "server.adminListen", "": "no service is mounted"} {
		s := start(t, newProbe(), fmt.Sprintf(`{"server": {"adminListen": %q}, "services": []}`, admin))
		paths := []string{"/metrics"}
		if admin != "" {
			paths = append(paths, "/healthz", "/readyz")
		}
		for _, path := range paths {
			status, text, _ := s.get(t, path)
			assert.Equal(t, 404, status)
			assert.Contains(t, text, want, path)
		}
		_, text, _ := s.get(t, "/missing")
		assert.Contains(t, text, "no service is mounted")
	}
}

// Anybody may ask, and what is wrong may have anything in it.
func TestHealthTellsNoSecrets(t *testing.T) {
	t.Setenv("ISSUER", "no pulse")
	p := new(patient)
	s := start(t, newProbe(), `{"server": {"adminListen": "127.0.0.1:0"}, "auth": {"issuer": {"$env": "ISSUER"}}, "services": [
		{"name": "p", "basePath": "/p", "service": "patient", "readRoles": "all"}]}`, p.kind())
	ill := errors.New("there is no pulse")
	for says, failure := range map[string]*error{"there is [redacted]": &ill, "panic: [redacted]": new(error)} {
		p.ill.Store(failure)
		s.becomes(t, s.AdminAddr(), "", 200, `{"status":"degraded","mounts":[{"name":"p","path":"/p","service":"patient","status":"degraded","error":"`+says+`"}]}`)
	}
}

// Who asks often does not have the services asked as often.
func TestHealthIsRemembered(t *testing.T) {
	p := new(patient)
	s := start(t, newProbe(), `{"services": [{"name": "p", "basePath": "/p", "service": "patient", "readRoles": "all"}]}`, p.kind())
	const times = 50
	for range times {
		s.get(t, "/readyz")
	}
	assert.Less(t, p.asked.Load(), int64(times))
}

func TestHealthOfAdaptors(t *testing.T) {
	t.Chdir(t.TempDir())
	s := &server{client: &http.Client{Transport: &http.Transport{}}}
	s.Runtime = runtime.New(runtime.Options{Services: servicelist.Registry(), Adaptors: adaptorlist.Registry(), Listen: true, Address: "127.0.0.1:0", LogTo: io.Discard})
	require.NoError(t, s.Load(t.Context(), "services.json", []byte(`{"server": {"adminListen": "127.0.0.1:0"}, "services": [
		{"name": "docs", "basePath": "/docs", "service": "json", "adaptor": "file", "adaptorConfig": {"root": "docs"}, "readRoles": "all"}]}`)))
	defer func() { s.client.CloseIdleConnections(); require.NoError(t, s.Close(context.Background())) }()
	told := func(state, rest string) string {
		return fmt.Sprintf(`{"status":%q,"mounts":[{"name":"docs","path":"/docs","service":"json","status":%[1]q,"adaptors":[{"slot":"adaptor","adaptor":"file",%s}]}]}`, state, rest)
	}
	s.becomes(t, s.AdminAddr(), "", 200, told("ok", `"status":"ok"`))
	status, _, _ := s.get(t, "/docs/none")
	require.Equal(t, 404, status)
	assert.Contains(t, s.metrics(t), `restspace_adaptor_call_duration_seconds_count{adaptor="file",kind="json",operation="get",outcome="missing",service="docs",slot="adaptor"} 1`)
	require.NoError(t, os.Rename("docs", "moved"))
	require.Eventually(t, func() bool {
		_, text := s.at(t, s.AdminAddr(), "/readyz", "")
		return strings.HasPrefix(text, `{"status":"degraded"`) && strings.Contains(text, `"adaptor":"file","status":"down","error":`)
	}, 10*time.Second, 20*time.Millisecond)
	require.NoError(t, os.Rename("moved", "docs"))
	s.becomes(t, s.AdminAddr(), "", 200, told("ok", `"status":"ok"`))
}

// shaky is a Store whose calls fail as a test says.
type shaky struct {
	adaptors.Store
	failure atomic.Pointer[error] // of its calls
	ill     atomic.Pointer[error] // and what it says itself
}

func (s *shaky) Health() error {
	if err := s.ill.Load(); err != nil {
		return *err
	}
	return nil
}

func (s *shaky) Get(ctx context.Context, key adaptors.Key, o adaptors.GetOptions) (*bus.Body, adaptors.Info, error) {
	if err := s.failure.Load(); err != nil {
		return nil, adaptors.Info{}, *err
	}
	return s.Store.Get(ctx, key, o)
}

// That the last call of an adaptor failed is seen at once, and until one does not
// fail. The server stays ready: others have the same storage. It is not where the
// storage of users says itself that it can't be relied on.
func TestHealthOfCalls(t *testing.T) {
	t.Chdir(t.TempDir())
	store := &shaky{Store: memstore.New()}
	kind := adaptors.Kind{Name: "shaky", Of: adaptors.StoreInterface, Config: func() any { return new(struct{}) },
		New: func(context.Context, any, adaptors.Env) (any, error) { return store, nil }}
	s := &server{client: &http.Client{Transport: &http.Transport{}}}
	s.Runtime = runtime.New(runtime.Options{Services: servicelist.Registry(), Adaptors: adaptors.NewRegistry(kind), Listen: true, Address: "127.0.0.1:0", LogTo: io.Discard})
	require.NoError(t, s.Load(t.Context(), "services.json", []byte(`{"server": {"adminListen": "127.0.0.1:0"}, "auth": {"userUrlPattern": "/users/${email}"}, "services": [
		{"name": "users", "basePath": "/users", "service": "json", "adaptor": "shaky", "readRoles": "all"}]}`)))
	defer func() { s.client.CloseIdleConnections(); require.NoError(t, s.Close(context.Background())) }()
	told := func(state, more string) string {
		return fmt.Sprintf(`{"status":%q,"mounts":[{"name":"users","path":"/users","service":"json","status":%[1]q,"adaptors":[{"slot":"adaptor","adaptor":"shaky","status":%[1]q%s}]}]}`, state, more)
	}
	good := told("ok", "")
	s.becomes(t, s.AdminAddr(), "", 200, good)
	failure := errors.New("connection refused")
	store.failure.Store(&failure)
	status, _, _ := s.get(t, "/users/jo@example.com")
	require.Equal(t, 500, status)
	s.becomes(t, s.AdminAddr(), "", 200, told("degraded", `,"error":"connection refused"`))
	assert.Contains(t, s.metrics(t), `restspace_service_healthy{kind="json",service="users"} 0`)
	store.failure.Store(nil)
	status, _, _ = s.get(t, "/users/jo@example.com")
	require.Equal(t, 404, status)
	s.becomes(t, s.AdminAddr(), "", 200, good)

	store.ill.Store(&failure)
	s.becomes(t, s.AdminAddr(), "", 503, `{"status":"down","mounts":[{"name":"users","path":"/users","service":"json","status":"degraded",`+
		`"adaptors":[{"slot":"adaptor","adaptor":"shaky","status":"down","error":"connection refused"}]}]}`)
}

func TestOperatorsHaveAnAddressOfTheirOwn(t *testing.T) {
	p := newProbe()
	s := start(t, p, strings.Replace(mounts([3]string{"a", "/", "one"}), `{"services"`, `{"server": {"adminListen": "127.0.0.1:0"}, "services"`, 1))
	admin := s.AdminAddr()
	for path, want := range map[string]int{"/healthz": 404, "/readyz": 404, "/": 200} {
		status, _, _ := s.get(t, path)
		assert.Equal(t, want, status, path)
	}
	for path, want := range map[string]int{"/healthz": 200, "/readyz": 200, "/": 404, "/.well-known/jwks.json": 404} {
		status, _ := s.at(t, admin, path, "")
		assert.Equal(t, want, status, path)
	}
	request, err := http.NewRequest("GET", "http://"+admin+"/readyz", nil)
	require.NoError(t, err)
	request.Host = "evil.example"
	response, err := s.client.Do(request)
	require.NoError(t, err)
	_ = response.Body.Close()
	assert.Equal(t, 421, response.StatusCode, "no page of another name reads it")

	require.NoError(t, s.Load(t.Context(), "services.json", []byte(mounts([3]string{"a", "/", "one"}))))
	assert.Empty(t, s.AdminAddr())
	status, _, _ := s.get(t, "/readyz")
	assert.Equal(t, 200, status)
}

// Where requests are refused since they would wait too long, operators are told why.
func TestOperatorsOfAServerWithTooMuchToDo(t *testing.T) {
	s := start(t, newProbe(), strings.Replace(mounts([3]string{"a", "/", "one"}), `{"services"`, `{"server": {"adminListen": "127.0.0.1:0", "limits": {"delay": "1ns"}}, "services"`, 1))
	var busy sync.WaitGroup
	defer busy.Wait()
	ctx, idle := context.WithCancel(t.Context())
	defer idle()
	for range 8 * goruntime.GOMAXPROCS(0) {
		busy.Go(func() {
			for ctx.Err() == nil {
				goruntime.Gosched()
			}
		})
	}
	require.Eventually(t, func() bool {
		status, _, _ := s.get(t, "/")
		return status == 503
	}, 10*time.Second, time.Millisecond)
	for range 5 {
		for _, path := range []string{"/healthz", "/readyz", "/metrics"} {
			status, text := s.at(t, s.AdminAddr(), path, "")
			assert.Equal(t, 200, status, "%s: %s", path, text)
		}
	}
}

// Who would end a server that has too much to do, and send its clients to others,
// is told that it is well.
func TestHealthOfAServerWithTooMuchToDo(t *testing.T) {
	p := newProbe()
	s := start(t, p, strings.Replace(mounts([3]string{"a", "/a", "done"}), `{"services"`, `{"server": {"limits": {"inFlight": 1, "queue": 1}}, "services"`, 1))
	slow := make(chan int)
	for range 3 {
		go func() {
			status, _, _ := s.get(t, "/a/wait")
			slow <- status
		}()
	}
	<-p.inside
	assert.Equal(t, 503, <-slow, "one of them is worked on, another one waits")
	for path, want := range map[string]int{"/a": 503, "/healthz/b": 503, "/healthz": 200, "/readyz": 200} {
		status, text, _ := s.get(t, path)
		assert.Equal(t, want, status, "%s: %s", path, text)
	}
	p.release <- struct{}{}
	<-p.inside
	p.release <- struct{}{}
	assert.Equal(t, 200, <-slow)
	assert.Equal(t, 200, <-slow)
	for range 3 { // nobody has given back what it did not have
		status, _, _ := s.get(t, "/a")
		assert.Equal(t, 200, status)
	}
}

// Balancers have time to notice that a server will end.
func TestShutdownDelay(t *testing.T) {
	conf := strings.Replace(mounts([3]string{"a", "/a", "done"}), `{"services"`, `{"server": {"shutdownDelay": "1h"}, "services"`, 1)
	s := start(t, newProbe(), conf)
	ctx, cancel := context.WithCancel(t.Context())
	closed := make(chan error)
	get := func(path string) *http.Response {
		response, err := s.client.Get("http://" + s.Addr() + path)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		return response
	}
	assert.False(t, get("/a").Close)
	address := s.Addr()
	go func() { closed <- s.Close(ctx) }()
	s.becomes(t, address, "", 503, `{"status":"draining"}`)
	for range 2 {
		response := get("/a")
		assert.Equal(t, 200, response.StatusCode, "nothing is refused yet")
		assert.True(t, response.Close)
		require.NoError(t, s.Load(t.Context(), "services.json", []byte(strings.Replace(conf, "1h", "2h", 1)))) // with new edges
	}
	cancel()
	assert.NoError(t, <-closed)
	_, err := s.client.Get("http://" + address + "/a")
	assert.ErrorIs(t, err, syscall.ECONNREFUSED)
}

func TestOperatorsAreToldOfTheEnd(t *testing.T) {
	p := newProbe()
	s := start(t, p, strings.Replace(mounts([3]string{"a", "/a", "done"}), `{"services"`, `{"server": {"adminListen": "127.0.0.1:0"}, "services"`, 1))
	admin := s.AdminAddr()
	slow, closed := make(chan string), make(chan error)
	go func() {
		_, body, _ := s.get(t, "/a/wait")
		slow <- body
	}()
	<-p.inside
	go func() { closed <- s.Close(context.Background()) }()
	s.becomes(t, admin, "", 503, `{"status":"draining","mounts":[{"name":"a","path":"/a","service":"probe","status":"ok"}]}`)
	status, _ := s.at(t, admin, "/healthz", "")
	assert.Equal(t, 200, status)
	s.client.CloseIdleConnections()
	p.release <- struct{}{}
	assert.Equal(t, "done", <-slow)
	assert.NoError(t, <-closed)
}
