package peering

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	adaptorlist "github.com/seed90475182/restspace/adaptors/all"
	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/bus/bustest"
	"github.com/seed90475182/restspace/runtime"
	servicelist "github.com/seed90475182/restspace/services/all"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long a test waits for what has to happen.
const patience = 20 * time.Second

// server is one of an installation.
type server struct {
	*runtime.Runtime
	host   string
	client *http.Client
	log    *bustest.Log
}

// object is JSON.
type object = map[string]any

// keyFile returns where an installation has its keys.
func keyFile(t *testing.T) string { return filepath.Join(t.TempDir(), "auth.key") }

// free returns an address on which nobody listens, of an interface address that
// nobody else is likely to take.
func free(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", fmt.Sprintf("127.%d.%d.%d:0", 1+rand.IntN(250), rand.IntN(250), 1+rand.IntN(250)))
	require.NoError(t, err)
	defer l.Close()
	return l.Addr().String()
}

// start serves mounts at an address, which is the name of the server. block has
// further keys of "server".
func start(t *testing.T, address, keys string, block object, mounts ...object) *server {
	t.Helper()
	return serve(t, address, configOf(t, address, keys, block, mounts...))
}

// serve serves a configuration that listens at an address.
func serve(t *testing.T, address string, data []byte) *server {
	t.Helper()
	return serveFrom(t, nil, address, data)
}

// serveFrom is serve with the place where the configuration is kept.
func serveFrom(t *testing.T, source runtime.Source, address string, data []byte) *server {
	t.Helper()
	s := &server{host: address, log: new(bustest.Log), client: &http.Client{
		Transport:     &http.Transport{DisableCompression: true},
		Timeout:       patience,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	s.Runtime = runtime.New(runtime.Options{Services: servicelist.Registry(), Adaptors: adaptorlist.Registry(), Listen: true, LogTo: s.log, Source: source})
	require.NoError(t, s.Load(t.Context(), "services.json", data))
	t.Cleanup(func() {
		s.client.CloseIdleConnections()
		require.NoError(t, s.Close(context.Background()))
	})
	return s
}

func configOf(t *testing.T, address, keys string, block object, mounts ...object) []byte {
	t.Helper()
	own := object{"listen": address, "hosts": []string{address}, "drain": "200ms"}
	maps.Copy(own, block)
	data, err := json.Marshal(object{"server": own, "auth": object{"keyFile": keys}, "services": mounts})
	require.NoError(t, err)
	return data
}

// mount returns a service at /name, for everybody unless more says otherwise.
func mount(name, kind string, more object) object {
	m := object{"name": name, "basePath": "/" + name, "service": kind, "readRoles": "all", "writeRoles": "all", "manageRoles": "all"}
	maps.Copy(m, more)
	return m
}

// remote is a mount that stands for one of the same name on another server.
func remote(name, host string, more object) object {
	m := mount(name, "remote", object{"url": "http://" + host + "/" + name})
	maps.Copy(m, more)
	return m
}

func documents(name string, more object) object {
	m := mount(name, "json", object{"adaptor": "memory"})
	maps.Copy(m, more)
	return m
}

// installation is two servers: a stands for mounts of b.
type installation struct{ a, b *server }

// two starts b with mounts, and a with remote ones for those in names.
func two(t *testing.T, names []string, mounts ...object) installation {
	t.Helper()
	keys, hostA, hostB := keyFile(t), free(t), free(t)
	b := start(t, hostB, keys, object{"peers": []string{hostA}}, mounts...)
	var stand []object
	for _, name := range names {
		stand = append(stand, remote(name, hostB, nil))
	}
	return installation{start(t, hostA, keys, object{"peers": []string{hostB}}, stand...), b}
}

// do makes a request and reads the whole answer.
func (s *server) do(t *testing.T, method, path, body string, header ...string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, "http://"+s.host+path, strings.NewReader(body))
	require.NoError(t, err)
	if body == "" {
		r.Body, r.ContentLength = nil, 0
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	answer, err := s.client.Do(r)
	require.NoError(t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	return answer, string(text)
}

// as returns the header of somebody with roles.
func (s *server) as(t *testing.T, email, roles string) []string {
	t.Helper()
	token, err := s.Token(&bus.User{Email: email, Roles: strings.Fields(roles)}, time.Minute)
	require.NoError(t, err)
	return []string{"Authorization", "Bearer " + token}
}

func TestAMountOfAnotherServer(t *testing.T) {
	i := two(t, []string{"notes"}, documents("notes", object{"readRoles": "{email} A", "writeRoles": "{email} A"}))
	ann := append(i.a.as(t, "ann@example.com", "U"), "Content-Type", "application/json")
	answer, _ := i.a.do(t, "PUT", "/notes/ann@example.com/x", `{"n":1}`, ann...)
	assert.Equal(t, 201, answer.StatusCode)
	assert.Equal(t, "/notes/ann@example.com/x", answer.Header.Get("Location"))
	assert.Equal(t, []string{"notes"}, answer.Header.Values("X-Restspace-Service"))
	answer, body := i.a.do(t, "GET", "/notes/ann@example.com/x", "", ann...)
	assert.Equal(t, 200, answer.StatusCode)
	assert.Equal(t, `{"n":1}`, body)
	etag := answer.Header.Get("ETag")
	answer, _ = i.a.do(t, "GET", "/notes/ann@example.com/x", "", append(ann, "If-None-Match", etag)...)
	assert.Equal(t, 304, answer.StatusCode)
	answer, _ = i.a.do(t, "PUT", "/notes/ann@example.com/x", `{}`, append(ann, "If-Match", `"other"`)...)
	assert.Equal(t, 412, answer.StatusCode)

	answer, body = i.a.do(t, "GET", "/notes/bob@example.com/x", "", ann...)
	assert.Equal(t, 403, answer.StatusCode, "the rules there hold for the user")
	var problem object
	require.NoError(t, json.Unmarshal([]byte(body), &problem))
	assert.Equal(t, answer.Header.Get("X-Request-Id"), problem["instance"])
	answer, _ = i.a.do(t, "GET", "/notes/ann@example.com/x", "")
	assert.Equal(t, 401, answer.StatusCode, "and for nobody")
	assert.Contains(t, i.b.log.String(), answer.Header.Get("X-Request-Id"), "one id in both logs")
	answer, body = i.a.do(t, "PUT", "/notes/ann@example.com/x", `{"a":1,"a":2}`, ann...)
	assert.Equal(t, 400, answer.StatusCode)
	assert.Contains(t, body, bus.TypeInvalidJSON, "errors are those of the service")
}

func TestNamesThatDiffer(t *testing.T) {
	keys, hostA, hostB := keyFile(t), free(t), free(t)
	start(t, hostB, keys, object{"peers": []string{hostA}, "hosts": []string{"b.example"}}, documents("notes", nil))
	a := start(t, hostA, keys, object{"peers": []string{hostB}}, remote("notes", hostB, nil))
	answer, body := a.do(t, "GET", "/notes/", "")
	assert.Equal(t, 502, answer.StatusCode, "and no 421, which would be about what the client has asked for")
	assert.Contains(t, body, `the server behind \"notes\" does not know this one as a server of its installation`)
	assert.NotContains(t, body, "server.hosts")
	assert.Contains(t, a.log.String(), "list this one in server.hosts")
}

// What stands in front of the other server may be who refuses.
func TestARefusalWithoutAReason(t *testing.T) {
	hostB, _ := observer(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusMisdirectedRequest)
		_, _ = io.WriteString(w, "<h1>wrong host</h1>")
	})
	a := start(t, free(t), keyFile(t), object{"peers": []string{hostB}}, remote("notes", hostB, nil))
	answer, _ := a.do(t, "GET", "/notes/", "")
	assert.Equal(t, 502, answer.StatusCode)
	assert.Contains(t, a.log.String(), "as a server of its installation: it answers 421 and does not say why: see whether it is restspace that answers there")
}

func TestKeysThatDiffer(t *testing.T) {
	hostA, hostB := free(t), free(t)
	b := start(t, hostB, keyFile(t), object{"peers": []string{hostA}}, documents("notes", nil))
	a := start(t, hostA, keyFile(t), object{"peers": []string{hostB}}, remote("notes", hostB, nil))
	answer, body := a.do(t, "GET", "/notes/", "")
	assert.Equal(t, 502, answer.StatusCode)
	assert.Contains(t, body, `the server behind \"notes\" does not know this one as a server of its installation`)
	assert.NotContains(t, body, "keyFile")
	assert.Contains(t, a.log.String(), "a key that is not in auth.keyFile here")
	assert.Contains(t, b.log.String(), `"token":"it is signed with a key that is not in auth.keyFile here`)
}
