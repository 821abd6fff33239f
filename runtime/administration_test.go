package runtime_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/bus/bustest"
	"github.com/seed90475182/restspace/runtime"
	"github.com/seed90475182/restspace/runtime/config"
	"github.com/seed90475182/restspace/runtime/configfile"
	"github.com/seed90475182/restspace/services"
)

const endpoint = "/.well-known/restspace/config"

// administered returns a configuration of probes that role A administrates.
func administered(rows ...[3]string) string {
	return strings.Replace(mounts(rows...), `{"services"`, `{"server": {"adminRoles": "A"}, "services"`, 1)
}

// startFile is start with the configuration in the file services.json.
func startFile(t *testing.T, p *probe, config string) *server {
	t.Helper()
	t.Chdir(t.TempDir())
	require.NoError(t, os.WriteFile("services.json", []byte(config), 0o640))
	return startSource(t, p, configfile.New("services.json"))
}

func startSource(t *testing.T, p *probe, source runtime.Source) *server {
	t.Helper()
	s := &server{log: new(bustest.Log), client: &http.Client{Transport: &http.Transport{}, Timeout: 10 * time.Second}}
	s.Runtime = runtime.New(runtime.Options{
		Services: services.NewRegistry(p.kind()), Adaptors: adaptors.NewRegistry(),
		Listen: true, Address: "127.0.0.1:0", LogTo: s.log, Source: source,
	})
	t.Cleanup(func() {
		s.client.CloseIdleConnections()
		require.NoError(t, s.Close(context.Background()))
	})
	_, changed, err := s.Reload(t.Context())
	require.NoError(t, err)
	require.True(t, changed)
	return s
}

// ask makes a request to the endpoint as a user with these roles, "" being
// nobody, with fields of the form "Name: value".
func (s *server) ask(t *testing.T, method, roles, body string, fields ...string) (*http.Response, string) {
	t.Helper()
	request, err := http.NewRequest(method, "http://"+s.Addr()+endpoint, strings.NewReader(body))
	require.NoError(t, err)
	if roles != "" {
		token, err := s.Token(&bus.User{Email: "jo@example.com", Roles: strings.Fields(roles)}, time.Minute)
		require.NoError(t, err)
		request.Header.Set("Authorization", "Bearer "+token)
	}
	for _, field := range fields {
		name, value, _ := strings.Cut(field, ": ")
		request.Header.Set(name, value)
	}
	response, err := s.client.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response, string(text)
}

func (s *server) put(t *testing.T, want int, body string, fields ...string) (*http.Response, string) {
	t.Helper()
	response, text := s.ask(t, "PUT", "A", body, fields...)
	require.Equal(t, want, response.StatusCode, text)
	return response, text
}

func stored(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile("services.json")
	require.NoError(t, err)
	return string(data)
}

func TestConfigurationIsForItsRoles(t *testing.T) {
	config := administered([3]string{"a", "/a", "one"})
	s := startFile(t, newProbe(), config)
	for _, row := range []struct {
		method, roles string
		want          int
	}{
		{"GET", "", 401}, {"PUT", "", 401}, {"DELETE", "", 401}, {"HEAD", "", 401},
		{"GET", "E a", 403}, {"PUT", "E a", 403}, {"POST", "E", 403},
		{"DELETE", "A", 405}, {"POST", "A", 405}, {"PATCH", "A", 405},
		{"GET", "E A", 200}, {"HEAD", "A", 200}, {"OPTIONS", "", 204}, {"OPTIONS", "A", 204},
	} {
		response, body := s.ask(t, row.method, row.roles, "")
		assert.Equal(t, row.want, response.StatusCode, "%s as %q", row.method, row.roles)
		switch row.want {
		case 401:
			assert.Contains(t, response.Header.Get("WWW-Authenticate"), "Bearer")
		case 204, 405:
			assert.Equal(t, "GET, HEAD, OPTIONS, PUT", response.Header.Get("Allow"))
		}
		if row.want != 200 {
			assert.NotContains(t, body, "readRoles", "%s as %q", row.method, row.roles)
			assert.Empty(t, response.Header.Get("ETag"), "%s as %q", row.method, row.roles)
		}
	}
	assert.Equal(t, config, stored(t))
}

func TestConfigurationIsNotThere(t *testing.T) {
	without := mounts([3]string{"a", "/a", "one"})
	for name, s := range map[string]*server{
		"nobody may": startFile(t, newProbe(), without),
		"no source":  start(t, newProbe(), administered([3]string{"a", "/a", "one"})),
	} {
		for _, method := range []string{"GET", "PUT", "DELETE"} {
			response, _ := s.ask(t, method, "A", "")
			assert.Equal(t, 404, response.StatusCode, "%s: %s", name, method)
		}
		response, _ := s.ask(t, "OPTIONS", "A", "")
		assert.Equal(t, "OPTIONS", response.Header.Get("Allow"), name)
	}
}

func TestConfigurationIsShownAsItIs(t *testing.T) {
	t.Setenv("PROBE_SAYS", "first-secret")
	config := strings.Replace(administered([3]string{"a", "/a", "x"}), `"say": "x"`, `"say": {"$env": "PROBE_SAYS"}`, 1)
	s := startFile(t, newProbe(), config)
	response, body := s.ask(t, "GET", "A", "")
	assert.Equal(t, config, body, "what comes from outside is a reference")
	assert.Equal(t, "application/json", response.Header.Get("Content-Type"))
	assert.Equal(t, "no-store", response.Header.Get("Cache-Control"))
	assert.Empty(t, response.Header.Get("X-Restspace-Service"))
	etag := response.Header.Get("ETag")
	assert.Regexp(t, `^"[0-9a-f]{32}"$`, etag)

	response, body = s.ask(t, "HEAD", "A", "")
	assert.Empty(t, body)
	assert.Equal(t, etag, response.Header.Get("ETag"))
	assert.Equal(t, int64(len(config)), response.ContentLength)
	for field, want := range map[string]int{
		"If-None-Match: " + etag: 304, "If-None-Match: *": 304, `If-None-Match: "other"`: 200,
		"If-Match: " + etag: 200, `If-Match: "other"`: 412, "If-Match: other": 400,
	} {
		response, _ = s.ask(t, "GET", "A", "", field)
		assert.Equal(t, want, response.StatusCode, field)
	}

	broken := "// being edited\n" + config[:40]
	require.NoError(t, os.WriteFile("services.json", []byte(broken), 0o640))
	response, body = s.ask(t, "GET", "A", "")
	assert.Equal(t, broken, body, "what is stored, not what is served")
	assert.Equal(t, "application/jsonc", response.Header.Get("Content-Type"))
	assert.NotEqual(t, etag, response.Header.Get("ETag"))
	require.NoError(t, os.Remove("services.json"))
	response, _ = s.ask(t, "GET", "A", "")
	assert.Equal(t, 404, response.StatusCode)
}

func TestConfigurationIsReplaced(t *testing.T) {
	p := newProbe()
	s := startFile(t, p, administered([3]string{"a", "/a", "one"}, [3]string{"b", "/b", "same"}))
	response, _ := s.ask(t, "GET", "A", "")
	first := response.Header.Get("ETag")
	next := "// by hand\n" + administered([3]string{"a", "/a", "two"}, [3]string{"b", "/b", "same"})
	response, body := s.put(t, 200, next, "If-Match: "+first)
	assert.Empty(t, body)
	second := response.Header.Get("ETag")
	s.says(t, "/a", "two")
	assert.Equal(t, next, stored(t))
	info, err := os.Stat("services.json")
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o640), info.Mode())
	assert.Equal(t, "one same two", p.noted(&p.opened), "what has not changed is carried over")
	assert.Regexp(t, `"msg":"configuration changed","by":"jo@example\.com","from":`+first+`,"to":`+second, s.log.String())

	_, changed, err := s.Reload(t.Context())
	require.NoError(t, err)
	assert.False(t, changed, "whoever watches the file has nothing to do")
	assert.Equal(t, "one same two", p.noted(&p.opened))

	s.put(t, 412, administered([3]string{"a", "/a", "lost"}), "If-Match: "+first)
	s.put(t, 412, administered([3]string{"a", "/a", "lost"}), "If-None-Match: *")
	s.put(t, 412, administered([3]string{"a", "/a", "lost"}), "If-Match: *", "If-None-Match: "+second)
	s.put(t, 428, administered([3]string{"a", "/a", "lost"}))
	s.put(t, 428, administered([3]string{"a", "/a", "lost"}), `If-None-Match: "other"`)
	assert.Equal(t, next, stored(t))
	s.says(t, "/a", "two")

	require.NoError(t, os.Remove("services.json"))
	s.put(t, 412, next, "If-Match: "+second)
	s.put(t, 201, next, "If-None-Match: *")
	assert.Equal(t, next, stored(t), "though it is served already")
	s.put(t, 200, mounts([3]string{"a", "/a", "out"}), "If-Match: *")
	response, _ = s.ask(t, "GET", "A", "")
	assert.Equal(t, 404, response.StatusCode, "who replaces it may lock themselves out")
}

func TestConfigurationThatIsNotTaken(t *testing.T) {
	p := newProbe()
	p.failing.Store(true)
	t.Setenv("PROBE_SAYS", "first-secret")
	config := administered([3]string{"a", "/a", "one"})
	s := startFile(t, p, config)
	fails := strings.Replace(administered([3]string{"b", "/b", "x"}), `"say"`, `"fails": true, "say"`, 1)
	for name, row := range map[string]struct {
		body, want string
		status     int
		fields     []string
	}{
		"nothing":      {status: 400, want: "no body"},
		"too large":    {status: 413, body: strings.Repeat(" ", 16<<20+1), want: "16777216"},
		"packed":       {status: 415, body: "x", fields: []string{"Content-Encoding: gzip"}, want: "gzip"},
		"can't start":  {status: 422, body: fails, want: "the probe can't start"},
		"no condition": {status: 400, body: config, fields: []string{"If-Match: x"}, want: "If-Match"},
	} {
		_, text := s.put(t, row.status, row.body, append([]string{"If-Match: *"}, row.fields...)...)
		assert.Contains(t, text, row.want, name)
		assert.Equal(t, config, stored(t), name)
		s.says(t, "/a", "one")
	}
	hidden := strings.Replace(fails, `"say": "x"`, `"say": {"$env": "PROBE_SAYS"}`, 1)
	_, text := s.put(t, 422, hidden, "If-Match: *")
	assert.NotContains(t, text, "first-secret")
	assert.NotContains(t, s.log.String(), "configuration changed")
}

func TestErrorsOfAConfigurationComeWithTheirPlace(t *testing.T) {
	s := startFile(t, newProbe(), administered([3]string{"a", "/a", "one"}))
	_, text := s.put(t, 400, "{\n  \"services\": [{\"name\": \"a\", \"basePath\": \"/a\", \"service\": \"prope\"}]\n}", "If-Match: *")
	var problem struct {
		Type   string
		Errors []struct {
			Detail, Pointer string
			Line, Column    int
		}
	}
	require.NoError(t, json.Unmarshal([]byte(text), &problem))
	assert.Equal(t, bus.TypeConfiguration, problem.Type)
	require.Len(t, problem.Errors, 2)
	assert.Equal(t, "/services/0", problem.Errors[0].Pointer)
	assert.Contains(t, problem.Errors[0].Detail, "readRoles")
	assert.Equal(t, "/services/0/service", problem.Errors[1].Pointer)
	assert.Contains(t, problem.Errors[1].Detail, `"prope"`)
	assert.Equal(t, []int{2, 59}, []int{problem.Errors[1].Line, problem.Errors[1].Column})
}

// shelf is a Source in memory, which may fail to store.
type shelf struct {
	content []byte
	stored  int // times
	err     error
}

func (*shelf) Name() string                           { return "shelf" }
func (s *shelf) Read(context.Context) ([]byte, error) { return s.content, nil }
func (s *shelf) Replace(_ context.Context, _, next []byte) error {
	if s.err == nil {
		s.content = next
		s.stored++
	}
	return s.err
}

func TestWhatCanNotBeStoredIsNotServed(t *testing.T) {
	t.Chdir(t.TempDir())
	p := newProbe()
	source := &shelf{content: []byte(administered([3]string{"a", "/a", "one"}))}
	s := startSource(t, p, source)
	for err, want := range map[error]int{
		adaptors.ErrReadOnly: 403, adaptors.ErrCondition: 412, errors.New("lost in the shelf"): 500,
	} {
		source.err = err
		_, text := s.put(t, want, administered([3]string{"a", "/a", "two"}), "If-Match: *")
		assert.NotContains(t, text, "lost in the shelf")
		s.says(t, "/a", "one")
	}
	assert.Equal(t, "two two two", p.noted(&p.closed), "what was opened beside is closed again")
	source.err = nil
	s.put(t, 200, administered([3]string{"a", "/a", "three"}), "If-Match: *")
	s.says(t, "/a", "three")
}

// Where servers share the source, what failed at one of them is put there again.
func TestTheSameConfigurationIsStoredAgain(t *testing.T) {
	t.Chdir(t.TempDir())
	p := newProbe()
	config := administered([3]string{"a", "/a", "one"})
	source := &shelf{content: []byte(config)}
	s := startSource(t, p, source)
	s.put(t, 200, config, "If-Match: *")
	assert.Equal(t, 1, source.stored)
	assert.Equal(t, "one", p.noted(&p.opened), "and not served anew")
}

func TestConfigurationMayBeAsLargeAsAFile(t *testing.T) {
	s := startFile(t, newProbe(), administered([3]string{"a", "/a", "one"}))
	full := administered([3]string{"a", "/a", "two"})
	full += strings.Repeat(" ", config.MaxBytes-len(full))
	s.put(t, 200, full, "If-Match: *")
	s.says(t, "/a", "two")
}
