// Package servicetest holds each Kind of service to the conventions of HTTP
// that a client may rely on, whatever the service: a suite that is driven
// through a real server.
package servicetest

import (
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/bus/bustest"
	"github.com/seed90475182/restspace/runtime"
	"github.com/seed90475182/restspace/services"
)

// Kind holds a Kind to the conventions, mounted as its Example says.
func Kind(t *testing.T, kind services.Kind, available adaptors.Registry) {
	t.Helper()
	t.Chdir(t.TempDir())
	hold(t, start(t, kind, available, upstream(t), ""))
}

// Remote holds a Kind to the conventions where it is on another server of the
// installation, and called through mounts of a Kind that stand for it.
func Remote(t *testing.T, remote, kind services.Kind, available adaptors.Registry) {
	t.Helper()
	t.Chdir(t.TempDir()) // where both have their keys
	there := start(t, kind, available, upstream(t), "")
	here := start(t, remote, available, there.URL(), there.URL())
	here.calls = there.calls
	hold(t, here)
}

func hold(t *testing.T, s *server) {
	for name, convention := range map[string]func(*testing.T, *server){
		"OPTIONS acts on nothing and always succeeds":          options,
		"HEAD is GET without the body":                         head,
		"a method that nobody has is a 405 with Allow":         unknownMethod,
		"nobody gets 401, somebody without the role 403":       refusals,
		"an internal mount is not there":                       internal,
		"every answer names its service and its request":       names,
		"errors are problem documents, or a page for browsers": problems,
		"a compressed body is a 415":                           compressed,
		"no spelling of a path leaves the mount":               traversal,
	} {
		t.Run(name, func(t *testing.T) { convention(t, s) })
	}
}

// server has the Kind three times: /open for everybody, /closed for role A,
// /internal for services.
type server struct {
	*runtime.Runtime
	kind   services.Kind
	client *http.Client
	calls  *atomic.Int64 // of adaptors
}

// start serves a Kind. other is the URL of another server. Where standsFor is the
// URL of one, the mounts stand for those of the same names there.
func start(t *testing.T, kind services.Kind, available adaptors.Registry, other, standsFor string) *server {
	t.Helper()
	s := &server{kind: kind, calls: new(atomic.Int64), client: &http.Client{
		Transport:     &http.Transport{},
		Timeout:       10 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	s.Runtime = runtime.New(runtime.Options{
		Services: services.NewRegistry(frozen(t, kind), records()), Adaptors: counted(available, s.calls),
		Listen: true, Address: "127.0.0.1:0", LogTo: t.Output(), Env: outside(other),
	})
	require.NoError(t, s.Load(t.Context(), "services.json", configOf(t, kind, other, standsFor)))
	t.Cleanup(func() {
		s.client.CloseIdleConnections()
		require.NoError(t, s.Close(context.Background()))
	})
	return s
}

// records is a Kind that has a record of each user.
func records() services.Kind {
	return services.Define(services.Kind{Name: "records"}, func(context.Context, services.Env, services.None, services.None) (bus.Service, error) {
		return bus.ServiceFunc(func(_ context.Context, m *bus.Message) (*bus.Message, error) {
			record, err := json.Marshal(map[string]string{"email": m.ServicePath()[0]})
			return bus.Reply(http.StatusOK, bus.NewBody(record, "application/json")), err
		}), nil
	})
}

// upstream starts another server, which echoes, and returns its URL.
func upstream(t *testing.T) string {
	s := httptest.NewServer(bus.Handler(bustest.Echo()))
	t.Cleanup(s.Close)
	return s.URL
}

// outside is the environment of an Example: another server is an upstream, and a
// peer.
func outside(other string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		if name == "UPSTREAM" || name == "PEER" {
			return other, true
		}
		return "", false
	}
}

// configOf mounts the example of a Kind three times, beside the records of users.
func configOf(t *testing.T, kind services.Kind, other, standsFor string) []byte {
	t.Helper()
	list := []map[string]any{{"name": "records", "basePath": "/records", "service": "records", "readRoles": "none"}}
	for name, roles := range map[string]string{"open": "all", "closed": "A", "internal": "all"} {
		service := make(map[string]any)
		require.NoError(t, json.Unmarshal([]byte(kind.Example), &service), "the Example of %s", kind.Name)
		maps.Copy(service, map[string]any{
			"name": name, "basePath": "/" + name, "readRoles": roles, "writeRoles": roles, "internal": name == "internal",
		})
		if standsFor != "" {
			service["url"] = standsFor + "/" + name
		}
		list = append(list, service)
	}
	data, err := json.Marshal(map[string]any{"services": list, "auth": map[string]any{"userUrlPattern": "/records/${email}"}, "server": map[string]any{
		"log": map[string]any{"level": "error"}, "hosts": []string{"127.0.0.1"}, "peers": []string{strings.TrimPrefix(other, "http://")}}})
	require.NoError(t, err)
	return data
}

// do makes a request as nobody, or as somebody with the roles.
func (s *server) do(t *testing.T, method, path, roles string, header ...string) (*http.Response, string) {
	t.Helper()
	request, err := http.NewRequest(method, "http://"+s.Addr(), nil)
	require.NoError(t, err)
	request.URL.Opaque = "//" + s.Addr() + path // as it is written
	if strings.HasPrefix(method, "P") {
		request.Body, request.ContentLength = io.NopCloser(strings.NewReader("{}")), 2
		request.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	if roles != "" {
		token, err := s.Token(&bus.User{Email: "ann@example.com", Roles: strings.Fields(roles)}, time.Minute)
		require.NoError(t, err)
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := s.client.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response, string(body)
}
