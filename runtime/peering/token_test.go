package peering

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/runtime/configfile"
	"github.com/seed90475182/restspace/runtime/identity"
)

const tokenField = "X-Restspace-Peer-Token"

// seen is what a server that is none of ours got.
type seen struct {
	http.Header
	host string
	path string
}

// observer starts a server that is none of ours, and answers with what answer says.
func observer(t *testing.T, answer http.HandlerFunc) (host string, got <-chan seen) {
	t.Helper()
	requests := make(chan seen, 10)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests <- seen{r.Header.Clone(), r.Host, r.URL.RequestURI()}
		if answer != nil {
			answer(w, r)
		}
	}))
	t.Cleanup(func() { s.CloseClientConnections(); s.Close() })
	return strings.TrimPrefix(s.URL, "http://"), requests
}

// issuer returns what signs the tokens of an installation.
func issuer(t *testing.T, keys string) identity.Issuer {
	t.Helper()
	k, err := identity.LoadKeys(keys)
	require.NoError(t, err)
	return identity.Issuer{Keys: k, Name: "restspace", Audience: "restspace"}
}

// hop returns the field of a request from another server.
func hop(t *testing.T, keys string, h identity.Hop) []string {
	t.Helper()
	token, err := issuer(t, keys).SignHop(&h)
	require.NoError(t, err)
	return []string{tokenField, token}
}

var admin = &bus.User{Email: "root@example.com", Roles: []string{"A"}}

func TestWhatAPeerIsSent(t *testing.T) {
	host, got := observer(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Add("Set-Cookie", "rs-auth=x; Path=/")
		w.Header().Set("X-Restspace-Service", "forged")
		w.Header().Set("Strict-Transport-Security", "max-age=1")
	})
	keys, own := keyFile(t), free(t)
	a := start(t, own, keys, object{"peers": []string{host}, "limits": object{"timeout": "7s"}},
		remote("x", host, nil), mount("p", "pipeline", object{"pipeline": []string{"GET http://" + host + "/p/$>0"}}))
	for _, path := range []string{"/x/a%2Fb/?q=1", "/p/7"} {
		header := append(a.as(t, "ann@example.com", "U E"), "Cookie", "rs-auth=secret; other=1", "X-Forwarded-For", "203.0.113.9", tokenField+"s", "x", "Accept", "text/x")
		answer, _ := a.do(t, "GET", path, "", header...)
		require.Equal(t, 200, answer.StatusCode)
		sent := <-got
		assert.Equal(t, host, sent.host)
		for _, name := range []string{"Authorization", "Cookie", "X-Forwarded-For", tokenField + "s"} {
			assert.Empty(t, sent.Header[name], name)
		}
		assert.Equal(t, answer.Header.Get("X-Request-Id"), sent.Get("X-Request-Id"))
		require.Len(t, sent.Header[tokenField], 1)
		said, err := issuer(t, keys).Hop(sent.Get(tokenField), func(hostport string) bool { return hostport == host })
		require.NoError(t, err)
		assert.Equal(t, &bus.User{Email: "ann@example.com", Roles: []string{"U", "E"}}, said.User)
		assert.Equal(t, "127.0.0.1", said.Client)
		assert.Equal(t, own, said.Host)
		assert.Greater(t, said.Left, time.Duration(0))
		assert.LessOrEqual(t, said.Left, 7*time.Second)
		assert.NotContains(t, a.log.String(), sent.Get(tokenField))
		if path == "/p/7" {
			assert.Equal(t, 1, said.Depth)
			continue
		}
		assert.Equal(t, "/x/a%2Fb/?q=1", sent.path)
		assert.Equal(t, "text/x", sent.Get("Accept"))
		assert.Equal(t, 0, said.Depth, "it stands where the mount here does")
		assert.Equal(t, []string{"rs-auth=x; Path=/"}, answer.Header.Values("Set-Cookie"), "a service of this installation may sign in")
		assert.Equal(t, []string{"x"}, answer.Header.Values("X-Restspace-Service"))
		assert.Empty(t, answer.Header.Values("Strict-Transport-Security"))
	}
}

func TestOnlyPeersAreToldWhoAsks(t *testing.T) {
	peer, got := observer(t, nil)
	stranger, others := observer(t, nil)
	keys := keyFile(t)
	a := start(t, free(t), keys, object{"peers": []string{peer}, "allowHosts": []string{stranger}},
		mount("proxy", "proxy", object{"url": "http://" + peer, "prePipeline": []string{"GET http://" + peer + "/pre"}}),
		mount("p", "pipeline", object{"pipeline": []string{"GET http://" + stranger + "/p"}}))
	a.do(t, "GET", "/p", "", a.as(t, "ann@example.com", "U")...)
	assert.Empty(t, (<-others).Header[tokenField])
	a.do(t, "GET", "/proxy/x", "", a.as(t, "ann@example.com", "U")...)
	before := <-got
	assert.Equal(t, "/pre", before.path)
	assert.NotEmpty(t, before.Header[tokenField], "a pipeline is ours wherever it stands")
	proxied := <-got
	assert.Equal(t, "/x", proxied.path)
	assert.Empty(t, proxied.Header[tokenField], "what a proxy passes on is foreign")
}

func TestTokensFromOutside(t *testing.T) {
	upstream, got := observer(t, nil)
	keys, host := keyFile(t), free(t)
	closed := documents("closed", object{"readRoles": "A", "writeRoles": "A"})
	b := start(t, host, keys, object{"peers": []string{"a.example"}}, closed, mount("echo", "proxy", object{"url": "http://" + upstream, "credentials": []string{"authorization", "cookie"}}))
	alone := start(t, free(t), keys, nil, closed)
	good := hop(t, keys, identity.Hop{To: host, User: admin})
	answer, _ := b.do(t, "GET", "/closed/", "", good...)
	require.Equal(t, 200, answer.StatusCode)

	token, err := b.Token(admin, time.Minute)
	require.NoError(t, err)
	other := keyFile(t)
	_, err = identity.MakeKeys(other)
	require.NoError(t, err)
	for name, row := range map[string]struct {
		to     *server
		header []string
		want   string
	}{
		"nonsense":              {b, []string{tokenField, "x"}, "not a JWT"},
		"empty":                 {b, []string{tokenField, ""}, "sign in"},
		"of a user":             {b, []string{tokenField, token}, "it is none of a server"},
		"in the wrong field":    {b, []string{"Authorization", "Bearer " + good[1]}, "of a server, and not of a user"},
		"in a cookie":           {b, []string{"Cookie", "rs-auth=" + good[1]}, "of a server, and not of a user"},
		"for another server":    {b, hop(t, keys, identity.Hop{To: "c.example:443", User: admin}), "it is for c.example:443, which is no name of this server"},
		"with other keys":       {b, hop(t, other, identity.Hop{To: host, User: admin}), "auth.keyFile"},
		"nobody's, with a user": {b, append(hop(t, keys, identity.Hop{To: host}), "Authorization", "Bearer "+token), "sign in"},
		"where there are none":  {alone, hop(t, keys, identity.Hop{To: alone.host, User: admin}), "list them in server.peers"},
	} {
		t.Run(name, func(t *testing.T) {
			answer, body := row.to.do(t, "GET", "/closed/", "", row.header...)
			assert.Equal(t, 401, answer.StatusCode)
			assert.Contains(t, body, row.want)
		})
	}

	answer, _ = b.do(t, "GET", "/echo/", "", append(good, "X-Request-Id", "mine", "Authorization", "Bearer x", "Cookie", "x=1")...)
	assert.Equal(t, "mine", answer.Header.Get("X-Request-Id"))
	sent := <-got
	for _, name := range []string{tokenField, "Authorization", "Cookie"} {
		assert.Empty(t, sent.Header[name], "no service sees %s, and nobody gets it from here", name)
	}
	answer, _ = b.do(t, "GET", "/echo/", "", "X-Request-Id", "mine")
	assert.NotEqual(t, "mine", answer.Header.Get("X-Request-Id"), "of strangers that is not believed")
	assert.NotContains(t, b.log.String(), good[1])
}

// TestForgeriesAreRated has forgeries count as what their address asks.
func TestForgeriesAreRated(t *testing.T) {
	keys, host := keyFile(t), free(t)
	b := start(t, host, keys, object{"peers": []string{"a.example"}, "limits": object{"rate": "1/m"}}, documents("docs", nil))
	forged := hop(t, keys, identity.Hop{To: "c.example:443", Client: "192.0.2.1"})
	for _, want := range []int{401, 429} {
		answer, _ := b.do(t, "GET", "/docs/", "", forged...)
		assert.Equal(t, want, answer.StatusCode)
	}
}

func TestWhatIsBelieved(t *testing.T) {
	slow, _ := observer(t, func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-r.Context().Done():
		case <-time.After(patience):
		}
	})
	upstream, got := observer(t, nil)
	keys, host := keyFile(t), free(t)
	b := start(t, host, keys, object{"peers": []string{"a.example"}, "limits": object{"depth": 3}},
		mount("echo", "proxy", object{"url": "http://" + upstream}),
		documents("rated", object{"limits": object{"rate": "1/m"}}),
		mount("slow", "proxy", object{"url": "http://" + slow, "retries": 0, "timeout": "1m", "limits": object{"timeout": "1m"}}),
		mount("inner", "pipeline", object{"pipeline": []string{"GET /rated/x"}}))

	for client, want := range map[string]int{"192.0.2.1": 404, "192.0.2.2": 404} {
		answer, _ := b.do(t, "GET", "/rated/x", "", hop(t, keys, identity.Hop{To: host, Client: client})...)
		assert.Equal(t, want, answer.StatusCode, client)
		answer, _ = b.do(t, "GET", "/rated/x", "", hop(t, keys, identity.Hop{To: host, Client: client})...)
		assert.Equal(t, 429, answer.StatusCode, client)
		assert.Contains(t, b.log.String(), `"client":"`+client+`"`)
	}

	actor := &bus.User{Email: "ann@example.com", Actor: "root@example.com"}
	answer, _ := b.do(t, "GET", "/echo/", "", hop(t, keys, identity.Hop{To: host, User: actor, Host: "shop.example", Secure: true})...)
	assert.Equal(t, 200, answer.StatusCode)
	sent := <-got
	assert.Equal(t, "shop.example", sent.Get("X-Forwarded-Host"), "what the client has called")
	assert.Equal(t, "https", sent.Get("X-Forwarded-Proto"))
	assert.Contains(t, b.log.String(), `"actor":"root@example.com"`)

	answer, body := b.do(t, "GET", "/slow/", "", hop(t, keys, identity.Hop{To: host, Left: 200 * time.Millisecond})...)
	assert.Equal(t, 504, answer.StatusCode, "not after the minute of the mount: %s", body)

	answer, _ = b.do(t, "GET", "/rated/x", "", hop(t, keys, identity.Hop{To: host, Depth: 4, Client: "192.0.2.9"})...)
	assert.Equal(t, 508, answer.StatusCode)
	for depth, want := range map[int]int{2: 429, 3: 508, 4: 508} {
		answer, body := b.do(t, "GET", "/inner", "", hop(t, keys, identity.Hop{To: host, Depth: depth, Client: "192.0.2.1"})...)
		assert.Equal(t, want, answer.StatusCode, "depth %d: %s", depth, body)
	}
}

// A cache between two servers does not know the field that says who asks.
func TestAnswersForSomebodyAreForNoCache(t *testing.T) {
	keys, host := keyFile(t), free(t)
	b := start(t, host, keys, object{"peers": []string{"a.example"}}, documents("notes", nil),
		documents("open", object{"caching": object{"maxAge": 5, "public": true}}))
	for _, path := range []string{"/notes/x", "/open/x"} {
		b.do(t, "PUT", path, "{}", ordinary...)
	}
	ann := &bus.User{Email: "ann@example.com"}
	for _, row := range []struct {
		path string
		user *bus.User
		want string
	}{{"/notes/x", ann, "private"}, {"/notes/x", nil, ""}, {"/open/x", ann, "public, max-age=5"}} {
		answer, _ := b.do(t, "GET", row.path, "", hop(t, keys, identity.Hop{To: host, User: row.user})...)
		assert.Equal(t, 200, answer.StatusCode)
		assert.Equal(t, row.want, answer.Header.Get("Cache-Control"))
	}
}

// Who writes a pipeline can have it call other servers, but none that it runs for
// administrate these.
func TestNobodyAdministratesByWayOfAnotherServer(t *testing.T) {
	keys, hostA, hostB := keyFile(t), free(t), free(t)
	config := configOf(t, hostB, keys, object{"peers": []string{hostA}, "adminRoles": "A"}, documents("notes", nil))
	file := filepath.Join(t.TempDir(), "services.json")
	require.NoError(t, os.WriteFile(file, config, 0o600))
	b := serveFrom(t, configfile.New(file), hostB, config)
	const page = "/.well-known/restspace/config"
	a := start(t, hostA, keys, object{"peers": []string{hostB}},
		remote("own", hostB, object{"url": "http://" + hostB + "/.well-known/restspace"}),
		mount("read", "pipeline", object{"pipeline": []string{"GET http://" + hostB + page}}),
		mount("open", "pipeline", object{"pipeline": []string{"GET http://" + hostB + "/.well-known/jwks.json"}}))
	as := a.as(t, "root@example.com", "A")
	answer, _ := b.do(t, "GET", page, "", as...)
	require.Equal(t, 200, answer.StatusCode)
	for path, want := range map[string]int{"/own/config": 401, "/read": 401, "/open": 200} {
		answer, _ = a.do(t, "GET", path, "", as...)
		assert.Equal(t, want, answer.StatusCode, path)
	}
	answer, _ = a.do(t, "PUT", "/own/config", "{}", append(as, "If-Match", "*", "Content-Type", "application/json")...)
	assert.Equal(t, 401, answer.StatusCode)
}

// TestACapturedToken has a token read off the network.
func TestACapturedToken(t *testing.T) {
	tap, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	name := tap.Addr().String()
	captured := make(chan string, 1)
	go func() {
		conn, err := tap.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		r, err := http.ReadRequest(bufio.NewReader(conn))
		if err == nil {
			captured <- r.Header.Get(tokenField)
			_, _ = io.WriteString(conn, "HTTP/1.1 204 No Content\r\n\r\n")
		}
	}()
	keys, hostC := keyFile(t), free(t)
	notes := documents("notes", object{"readRoles": "{email} A", "writeRoles": "A"})
	a := start(t, free(t), keys, object{"peers": []string{name, hostC}}, remote("notes", name, nil))
	c := start(t, hostC, keys, object{"peers": []string{name}}, notes)
	a.do(t, "GET", "/notes/ann@example.com/", "", a.as(t, "ann@example.com", "U")...)
	token := <-captured
	require.NoError(t, tap.Close())
	b := start(t, name, keys, object{"peers": []string{hostC}}, notes)

	ask := func(to *server, host, method, path string) int {
		r, err := http.NewRequestWithContext(t.Context(), method, "http://"+to.host+path, nil)
		require.NoError(t, err)
		r.Host = host
		r.Header.Set(tokenField, token)
		answer, err := to.client.Do(r)
		require.NoError(t, err)
		defer answer.Body.Close()
		return answer.StatusCode
	}
	assert.Equal(t, 404, ask(b, name, "GET", "/notes/ann@example.com/x"), "there it is good for what its user may")
	assert.Equal(t, 403, ask(b, name, "GET", "/notes/bob@example.com/x"), "and for nothing else")
	assert.Equal(t, 403, ask(b, name, "DELETE", "/notes/ann@example.com/x"))
	assert.Equal(t, 401, ask(c, hostC, "GET", "/notes/ann@example.com/x"), "it is for one server")
	assert.Equal(t, 421, ask(c, name, "GET", "/notes/ann@example.com/x"), "whatever name that is given")
}
