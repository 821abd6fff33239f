package attacks

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/services"
	"github.com/seed90475182/restspace/urlpattern"
)

// fetch is a Kind of the attacked program that calls the URL which its caller
// names. No Kind of the product does so: it is the worst that one could do with
// the bus that it is given.
func fetch() services.Kind {
	return services.Define(services.Kind{Name: "fetch"}, func(_ context.Context, env services.Env, _, _ services.None) (bus.Service, error) {
		return bus.ServiceFunc(func(ctx context.Context, m *bus.Message) (*bus.Message, error) {
			data, err := m.Body.Bytes(env.Limits.Body)
			if err != nil {
				return nil, err
			}
			u, err := urlpattern.ParseURL(gjson.GetBytes(data, "url").String())
			if err != nil {
				return nil, &bus.Error{Status: http.StatusBadRequest, Detail: err.Error()}
			}
			return env.Bus.Serve(ctx, m.Call(http.MethodGet, u, nil))
		}), nil
	})
}

// panics is a Kind of the attacked program that breaks whenever it is called.
func panics() services.Kind {
	return services.Define(services.Kind{Name: "panics"}, func(context.Context, services.Env, services.None, services.None) (bus.Service, error) {
		return bus.ServiceFunc(func(context.Context, *bus.Message) (*bus.Message, error) { panic("a service breaks") }), nil
	})
}

// upstream is the server behind /proxy/up, which is out to do harm.
type upstream struct {
	*httptest.Server
	canary net.Addr                     // where its redirects lead to
	last   atomic.Pointer[http.Request] // that it was asked
	sent   atomic.Int64                 // bytes of its endless answers
	busy   atomic.Int64                 // requests that it answers
}

// endless is the size of its endless answer.
const endless = 10 << 30

func newUpstream(t *testing.T) *upstream {
	t.Helper()
	u := new(upstream)
	u.Server = httptest.NewServer(u)
	t.Cleanup(u.Close)
	return u
}

// mounts are the services that lead to other servers.
func (u *upstream) mounts() []string {
	return []string{
		`{"name": "fetch", "basePath": "/proxy/fetch", "service": "fetch", "readRoles": "none", "writeRoles": "U"}`,
		fmt.Sprintf(`{"name": "up", "basePath": "/proxy/up", "service": "proxy", "url": "%s/base", "readRoles": "U", "limits": {"timeout": "2s"}}`, u.URL),
	}
}

// ServeHTTP is part of http.Handler. What is not below /base is not for the
// clients of the proxy.
func (u *upstream) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	u.last.Store(r)
	u.busy.Add(1)
	defer u.busy.Add(-1)
	switch r.URL.EscapedPath() {
	case "/base/redirect-to-canary":
		http.Redirect(w, r, "http://"+u.canary.String()+"/", http.StatusFound)
	case "/base/redirect-other-host":
		http.Redirect(w, r, "http://"+strings.Replace(u.canary.String(), "127.0.0.1", "localhost", 1)+"/", http.StatusTemporaryRedirect)
	case "/base/hang":
		<-r.Context().Done()
	case "/base/endless":
		piece := make([]byte, 1<<20)
		for n := 0; n < endless; n += len(piece) {
			if _, err := w.Write(piece); err != nil {
				return
			}
			u.sent.Add(int64(len(piece)))
		}
	case "/base/hophdr":
		h := w.Header()
		h.Set("Connection", "X-Hop")
		h.Set("X-Hop", "1")
		h.Set("Keep-Alive", "timeout=1000")
		h.Set("X-Kept", "1")
	default:
		if strings.HasPrefix(r.URL.EscapedPath(), "/base/") {
			http.NotFound(w, r)
			return
		}
		_, _ = io.WriteString(w, "UPSTREAM-CANARY")
	}
}

// refused is the rule that an address is refused before it is connected to.
func refused(t *testing.T, a *arena, r *sent) {
	t.Helper()
	assert.Equal(t, http.StatusBadGateway, r.status)
	assert.Contains(t, r.answer.body, "is at an address that is not called from here")
	closedAlike(t, a, r)
}

// closedAlike is the rule that the answer does not tell what listens at an
// address.
func closedAlike(t *testing.T, a *arena, r *sent) {
	t.Helper()
	closed := portForm.ReplaceAllString(r.body, ":1/")
	other := a.request(t, r.method, r.target, a.tokens["user"], closed, "Content-Type: application/json")
	assert.Equal(t, r.status, other.status, "a port that nobody listens on")
	assert.Equal(t, anonymous(other.body), anonymous(r.answer.body), "a port that nobody listens on")
}

var portForm = regexp.MustCompile(`:\d+/`)

// relayed is the rule that the client sees a redirect, and the upstream no
// credentials.
func relayed(t *testing.T, a *arena, r *sent) {
	t.Helper()
	assert.Equal(t, 3, r.status/100)
	asked := a.upstream.last.Load()
	require.NotNil(t, asked)
	assert.Equal(t, strings.TrimPrefix(r.target, "/proxy/up"), strings.TrimPrefix(asked.URL.Path, "/base"))
	assert.Empty(t, asked.Header.Values("Authorization"))
}

// endlessAnswer is SSRF-026: what a client does not read, the server does not
// either, and a client that leaves ends it all.
func endlessAnswer(t *testing.T, row attack) {
	a := newOutgoingArena(t)
	before := a.vitals(t)
	steps, err := a.expander().expand(row.Request)
	require.NoError(t, err)
	c, err := net.Dial("tcp", a.address)
	require.NoError(t, err)
	defer c.Close()
	write(c.(*net.TCPConn), steps)
	const read = 128 << 20
	_, err = io.CopyN(io.Discard, c, read)
	require.NoError(t, err)
	for sent := int64(-1); sent != a.upstream.sent.Load(); time.Sleep(200 * time.Millisecond) {
		sent = a.upstream.sent.Load()
	}
	assert.Less(t, a.upstream.sent.Load(), int64(read+64<<20), "bytes that the upstream could send")
	assert.Less(t, a.vitals(t).rssMB, before.rssMB+row.Expect.RSSDeltaMB*slowness, "memory")
	require.NoError(t, c.Close())
	assert.Eventually(t, func() bool { return a.upstream.busy.Load() == 0 }, patience, 10*time.Millisecond, "the upstream goes on")
	a.assertSettled(t, before, row.Expect.RSSDeltaMB)
	a.assertAlive(t)
}
