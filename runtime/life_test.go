package runtime_test

import (
	"context"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/adaptors"
	adaptorlist "github.com/seed90475182/restspace/adaptors/all"
	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/runtime"
	"github.com/seed90475182/restspace/services"
	servicelist "github.com/seed90475182/restspace/services/all"
)

func TestLimitHoldsForBodiesOfUnknownSize(t *testing.T) {
	echo := services.Define(services.Kind{Name: "probe", PostReads: true}, func(context.Context, services.Env, probeConfig, services.None) (bus.Service, error) {
		return bus.ServiceFunc(func(_ context.Context, m *bus.Message) (*bus.Message, error) {
			data, err := m.Body.Bytes(1 << 20)
			return bus.Reply(200, bus.NewBody(data, "text/plain")), err
		}), nil
	})
	t.Chdir(t.TempDir())
	r := runtime.New(runtime.Options{Services: services.NewRegistry(echo), Adaptors: adaptors.NewRegistry(), Listen: true, Address: "127.0.0.1:0", LogTo: io.Discard})
	config := strings.Replace(mounts([3]string{"a", "/a", "x"}), `"say"`, `"limits": {"maxBody": "1KiB"}, "say"`, 1)
	require.NoError(t, r.Load(t.Context(), "services.json", []byte(config)))
	client := &http.Client{Transport: &http.Transport{}}
	defer func() { client.CloseIdleConnections(); require.NoError(t, r.Close(context.Background())) }()
	for size, want := range map[int]int{1023: 200, 1024: 200, 1025: 413, 100_000: 413} {
		response, err := client.Post("http://"+r.Addr()+"/a", "text/plain", io.MultiReader(strings.NewReader(strings.Repeat("x", size))))
		require.NoError(t, err)
		_ = response.Body.Close()
		assert.Equal(t, want, response.StatusCode, "%d bytes in chunks", size)
	}
}

func TestReloadMakesNoNewKeys(t *testing.T) {
	s := start(t, newProbe(), mounts([3]string{"a", "/a", "one"}))
	before, err := os.ReadFile("data/auth.key")
	require.NoError(t, err)
	require.NoError(t, os.Remove("data/auth.key"))
	err = s.Load(t.Context(), "services.json", []byte(mounts([3]string{"a", "/a", "two"})))
	assert.ErrorIs(t, err, os.ErrNotExist)
	s.says(t, "/a", "one")
	require.NoError(t, os.WriteFile("data/auth.key", before, 0o600))
	require.NoError(t, s.Load(t.Context(), "services.json", []byte(mounts([3]string{"a", "/a", "two"}))))
	s.says(t, "/a", "two")
}

func TestLogFollowsTheConfiguration(t *testing.T) {
	config := mounts([3]string{"a", "/a", "one"})
	quiet := strings.Replace(config, `{"services"`, `{"server": {"log": {"level": "error"}}, "services"`, 1)
	s := start(t, newProbe(), quiet)
	s.says(t, "/a", "one")
	assert.NotContains(t, s.log.String(), `"msg":"request"`)
	require.NoError(t, s.Load(t.Context(), "services.json", []byte(config)))
	s.says(t, "/a", "one")
	require.Eventually(t, func() bool { return strings.Contains(s.log.String(), `"msg":"request"`) }, time.Second, time.Millisecond)
}

func TestSecretsStayOutOfTheLog(t *testing.T) {
	t.Setenv("PROBE_SAYS", "first-secret")
	config := strings.Replace(mounts([3]string{"a", "/a", "x"}), `"say": "x"`, `"say": {"$env": "PROBE_SAYS"}`, 1)
	s := start(t, newProbe(), config)
	s.says(t, "/a", "first-secret")
	for _, secret := range []string{"first-secret", "second-secret"} {
		t.Setenv("PROBE_SAYS", secret)
		require.NoError(t, s.Load(t.Context(), "services.json", []byte(config)), "the same bytes, another value")
		s.says(t, "/a", secret)
		_, _, _ = s.get(t, "/a/"+secret)
		assert.NotContains(t, s.log.String(), secret)
	}
}

func TestAfterTheEnd(t *testing.T) {
	p := newProbe()
	config := []byte(mounts([3]string{"a", "/a", "one"}))
	s := start(t, p, string(config))
	require.NoError(t, s.Close(t.Context()))
	require.NoError(t, s.Close(t.Context()), "once more")
	assert.Equal(t, "one", p.noted(&p.closed))
	assert.ErrorContains(t, s.Load(t.Context(), "services.json", config), "closed")
	_, err := s.Token(&bus.User{Email: "a@b.c"}, time.Minute)
	assert.Equal(t, 503, bus.Classify(err).Status)
	_, err = s.Serve(bus.NewRoot(t.Context(), 0), &bus.Message{Method: "GET"})
	assert.Equal(t, 503, bus.Classify(err).Status)
}

func TestCloseEndsWithItsContext(t *testing.T) {
	p := newProbe()
	s := start(t, p, mounts([3]string{"a", "/a", "one"}))
	slow := make(chan struct{})
	go func() {
		defer close(slow)
		if response, err := s.client.Get("http://" + s.Addr() + "/a/wait"); err == nil {
			_ = response.Body.Close()
		}
	}()
	<-p.inside
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	ended := make(chan error)
	go func() { ended <- s.Close(ctx) }()
	select {
	case err := <-ended:
		assert.NoError(t, err)
	case <-time.After(10 * time.Second):
		t.Error("Close waits for the drain time of the configuration")
	}
	p.release <- struct{}{}
	<-slow
}

func TestPanicBeforeTheServiceHoldsNothing(t *testing.T) {
	kind := newProbe().kind()
	kind.Manages = func(*bus.Message) bool { panic("secret inside") }
	t.Chdir(t.TempDir())
	r := runtime.New(runtime.Options{Services: services.NewRegistry(kind), Adaptors: adaptors.NewRegistry(), LogTo: io.Discard})
	require.NoError(t, r.Load(t.Context(), "services.json", []byte(mounts([3]string{"a", "/a", "one"}))))
	m := &bus.Message{Method: "GET"}
	m.URL.Path = []string{"a"}
	reply, err := r.Serve(bus.NewRoot(t.Context(), 0), m)
	require.NoError(t, err)
	assert.Equal(t, 500, reply.Status)
	require.NoError(t, reply.Close())
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	require.NoError(t, r.Close(ctx))
	assert.NoError(t, ctx.Err(), "no generation stays pinned")
}

// TestReloadOpensWhatHasMoved sees that a service whose store is no longer what
// it was is not carried over.
func TestReloadOpensWhatHasMoved(t *testing.T) {
	t.Chdir(t.TempDir())
	config := []byte(`{"services": [{"name": "n", "basePath": "/n", "service": "json", "adaptor": "file",
		"adaptorConfig": {"root": "notes"}, "readRoles": "all", "writeRoles": "all"}]}`)
	r := runtime.New(runtime.Options{Services: servicelist.Registry(), Adaptors: adaptorlist.Registry(), LogTo: io.Discard})
	require.NoError(t, r.Load(t.Context(), "services.json", config))
	defer func() { require.NoError(t, r.Close(context.Background())) }()
	put := func() int {
		m := &bus.Message{Method: "PUT", Body: bus.NewBody([]byte("1"), "application/json")}
		m.URL.Path = []string{"n", "doc"}
		reply, err := r.Serve(bus.NewRoot(t.Context(), 0), m)
		require.NoError(t, err)
		require.NoError(t, reply.Close())
		return reply.Status
	}
	require.Equal(t, 201, put())
	require.NoError(t, os.Rename("notes", "before"))
	require.NoError(t, os.Mkdir("notes", 0o750))
	assert.Equal(t, 503, put())
	require.NoError(t, r.Load(t.Context(), "services.json", config), "the same bytes")
	assert.Equal(t, 201, put())
	_, err := os.Stat("notes/doc.json")
	assert.NoError(t, err)
}

func TestPrivateFilesAreNoDocuments(t *testing.T) {
	t.Chdir(t.TempDir())
	r := runtime.New(runtime.Options{Services: servicelist.Registry(), Adaptors: adaptorlist.Registry(), LogTo: io.Discard})
	for root, want := range map[string]string{"data": "the signing keys", ".": "this configuration"} {
		err := r.Load(t.Context(), "services.json", []byte(`{"services": [{"name": "n", "basePath": "/n", "service": "file", "adaptor": "file",
			"adaptorConfig": {"root": "`+root+`"}, "readRoles": "all"}]}`))
		assert.ErrorContains(t, err, want)
	}
	err := r.Load(t.Context(), "services.json", []byte(`{"services": [{"name": "n", "basePath": "/n", "service": "lib", "readRoles": "U /{email} {emial}"}]}`))
	assert.ErrorContains(t, err, "a section is a path as it is")
	err = r.Load(t.Context(), "services.json", []byte(`{"services": [{"name": "n", "basePath": "/n", "service": "lib", "readRoles": "{emial}"}]}`))
	assert.ErrorContains(t, err, `users have no field "emial": write {email}`)
}
