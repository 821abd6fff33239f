package proxy_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/bus/remote"
	"github.com/seed90475182/restspace/services"
	"github.com/seed90475182/restspace/services/proxy"
	"github.com/seed90475182/restspace/urlpattern"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// mount is a mount of the Kind at /m, named orders.
type mount struct {
	t *testing.T
	bus.Service
}

// open mounts the Kind in front of real servers.
func open(t *testing.T, config string) *mount {
	t.Helper()
	caller := remote.New(remote.Options{})
	t.Cleanup(func() { require.NoError(t, caller.Close()) })
	return openOn(t, config, caller)
}

// openOn mounts the Kind in front of whatever answers its calls.
func openOn(t *testing.T, config string, upstreams bus.Service) *mount {
	t.Helper()
	return openWith(t, config, upstreams, slog.New(slog.DiscardHandler))
}

func openWith(t *testing.T, config string, upstreams bus.Service, log *slog.Logger) *mount {
	t.Helper()
	kind := proxy.Kind()
	c := kind.Config()
	require.NoError(t, json.Unmarshal([]byte(config), c))
	require.NoError(t, c.(*proxy.Config).Check())
	service, err := kind.New(t.Context(), services.Env{
		Name: "orders", Base: []string{"m"}, Config: c, Bus: upstreams, Log: log,
	})
	require.NoError(t, err)
	return &mount{t, service}
}

// root is the context of a request from outside.
func root(t *testing.T) *bus.Root {
	root := bus.NewRoot(t.Context(), 30*time.Second)
	root.ID, root.Client, root.Host, root.Secure = "id-1", "192.0.2.7", "shop.example:8443", true
	t.Cleanup(root.End)
	return root
}

func request(t *testing.T, method, url string, body *bus.Body, header ...string) *bus.Message {
	u, err := urlpattern.ParseURL(url)
	require.NoError(t, err)
	u.Base = 1
	m := &bus.Message{Method: method, URL: u, Body: body}
	for i := 0; i < len(header); i += 2 {
		m.Header.Add(header[i], header[i+1])
	}
	return m
}

// do makes a request and reads the whole reply.
func (p *mount) do(method, url string, body *bus.Body, header ...string) (status int, text string, h bus.Header) {
	p.t.Helper()
	reply, err := p.Serve(root(p.t), request(p.t, method, url, body, header...))
	if err != nil {
		reply = bus.Problem(err, "", "")
	}
	data, err := io.ReadAll(reply.Body.Reader())
	require.NoError(p.t, err)
	require.NoError(p.t, reply.Close())
	return reply.Status, string(data), reply.Header
}

// serve starts an upstream.
func serve(t *testing.T, h http.HandlerFunc) string {
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server.URL
}

// told is an upstream that answers with the request that came.
func told(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	fmt.Fprintf(w, "%s %s\n", r.Method, r.RequestURI)
	_ = r.Header.Write(w)
	_, _ = w.Write(body)
}

func TestURLs(t *testing.T) {
	host := serve(t, func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.RequestURI) })
	for _, row := range []struct{ config, asked, want string }{
		{`"url": "HOST"`, "/m", "/"},
		{`"url": "HOST"`, "/m/", "/"},
		{`"url": "HOST"`, "/m/a%2Fb/c/?x=1&y", "/a%2Fb/c/?x=1&y"},
		{`"url": "HOST/"`, "/m/a", "/a"},
		{`"url": "HOST/api"`, "/m", "/api"},
		{`"url": "HOST/api"`, "/m/", "/api/"},
		{`"url": "HOST/api/"`, "/m/", "/api/"},
		{`"url": "HOST/api/"`, "/m/a", "/api/a"},
		{`"url": "HOST/api?key=1"`, "/m/a?b=2", "/api/a?key=1&b=2"},
		{`"url": "HOST/api?key=1"`, "/m/a", "/api/a?key=1"},
		{`"url": "HOST/api", "stripPrefix": false`, "/m/a?b", "/api/m/a?b"},
		{`"url": "HOST", "stripPrefix": false`, "/m", "/m"},
		{`"url": "HOST/find/$>0?by=$?(by)"`, "/m/a%2Fb?by=x%26&z", "/find/a%2Fb?by=x%26"},
		{`"url": "HOST/v1/$*"`, "/m/a/?b=1", "/v1/a/?b=1"},
		{`"url": "HOST/$P*"`, "/m/a/?b=1", "/m/a/?b=1"},
	} {
		status, text, _ := open(t, "{"+strings.ReplaceAll(row.config, "HOST", host)+"}").do("GET", row.asked, nil)
		assert.Equal(t, 200, status, row)
		assert.Equal(t, row.want, text, "%s asked for %s", row.config, row.asked)
	}
}

// Relative links of the page of a directory begin after its slash.
func TestTheMountOfADirectory(t *testing.T) {
	host := serve(t, func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.RequestURI) })
	for _, row := range []struct{ config, method, asked, want string }{
		{`"url": "HOST/"`, "GET", "/m", "to /m/"},
		{`"url": "HOST/app/"`, "GET", "/m?a=%20b", "to /m/?a=%20b"},
		{`"url": "HOST/app/"`, "GET", "/m/", "/app/"},
		{`"url": "HOST/app/"`, "GET", "/m/a", "/app/a"},
		{`"url": "HOST/app/"`, "POST", "/m", "/app/"},
		{`"url": "HOST/app"`, "GET", "/m", "/app"},
		{`"url": "HOST"`, "GET", "/m", "/"},
		{`"url": "HOST/app/", "stripPrefix": false`, "GET", "/m", "/app/m"},
		{`"url": "HOST/app/$*/"`, "GET", "/m", "/app/"},
		{`"upstreams": ["HOST/app/", "HOST/app/?x"]`, "GET", "/m", "to /m/"},
	} {
		status, text, header := open(t, "{"+strings.ReplaceAll(row.config, "HOST", host)+"}").do(row.method, row.asked, nil)
		if status == 308 {
			text = "to " + header.Get("Location")
		}
		assert.Equal(t, row.want, text, row)
	}
}

func TestARequestThatMakesNoURL(t *testing.T) {
	p := open(t, `{"url": "http://127.0.0.1:1/find/$>0?by=$?(by)"}`)
	status, text, _ := p.do("GET", "/m", nil)
	assert.Equal(t, 400, status)
	assert.Contains(t, text, "what $>0 stands for")
	assert.NotContains(t, text, "127.0.0.1")
}

func TestMethods(t *testing.T) {
	p := open(t, fmt.Sprintf(`{"url": %q}`, serve(t, told)))
	for _, method := range []string{"GET", "POST", "PUT", "PATCH", "DELETE"} {
		status, text, _ := p.do(method, "/m/a", nil)
		assert.Equal(t, 200, status)
		assert.True(t, strings.HasPrefix(text, method+" /a\n"), text)
	}
	status, _, header := p.do("FROB", "/m/a", nil)
	assert.Equal(t, 405, status)
	assert.Equal(t, "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT", header.Get("Allow"))
	assert.Equal(t, []string{"DELETE", "GET", "PATCH", "POST", "PUT"}, p.Service.(services.Methods).Methods(nil, false))
}

func TestFieldsOfRequests(t *testing.T) {
	seen := make(chan *http.Request, 1)
	host := serve(t, func(_ http.ResponseWriter, r *http.Request) { seen <- r })
	for name, row := range map[string]struct {
		config string
		header []string
		want   map[string]string // "" is absent
	}{
		"what is known of the client": {``, nil, map[string]string{
			"X-Forwarded-For": "192.0.2.7", "X-Forwarded-Host": "shop.example:8443", "X-Forwarded-Proto": "https",
			"X-Forwarded-Prefix": "/m", "X-Request-Id": "id-1", "Host": strings.TrimPrefix(host, "http://"),
		}},
		"what it says itself": {``, []string{"X-Forwarded-For", "6.6.6.6", "Forwarded", "for=6.6.6.6", "X-Real-Ip", "6.6.6.6", "X-Forwarded-Port", "1", "Via", "1.0 fred"}, map[string]string{
			"X-Forwarded-For": "192.0.2.7", "Forwarded": "", "X-Real-Ip": "", "X-Forwarded-Port": "", "Via": "1.0 fred",
		}},
		"credentials stay here":        {``, []string{"Authorization", "Bearer t", "cookie", "a=b", "Accept", "x/y"}, map[string]string{"Authorization": "", "Cookie": "", "Accept": "x/y"}},
		"credentials that go on":       {`, "credentials": ["cookie"]`, []string{"Authorization", "Bearer t", "Cookie", "a=b"}, map[string]string{"Authorization": "", "Cookie": "a=b"}},
		"all credentials":              {`, "credentials": ["cookie", "authorization"]`, []string{"Authorization", "Bearer t", "Cookie", "a=b"}, map[string]string{"Authorization": "Bearer t", "Cookie": "a=b"}},
		"fields that are set":          {`, "setHeaders": {"X-Key": "k", "accept": "", "authorization": "Basic s"}`, []string{"X-Key", "6", "Accept", "x/y", "Authorization", "Bearer t"}, map[string]string{"X-Key": "k", "Accept": "", "Authorization": "Basic s"}},
		"the host of the client":       {`, "preserveHost": true`, nil, map[string]string{"Host": "shop.example:8443"}},
		"a host that is set":           {`, "setHeaders": {"Host": "inner.example"}`, nil, map[string]string{"Host": "inner.example"}},
		"no prefix that is sent":       {`, "stripPrefix": false`, nil, map[string]string{"X-Forwarded-Prefix": ""}},
		"what is asked of this server": {``, []string{"Expect", "100-continue"}, map[string]string{"Expect": ""}},
	} {
		p := open(t, fmt.Sprintf(`{"url": %q%s}`, host, row.config))
		status, _, _ := p.do("GET", "/m/a", nil, row.header...)
		require.Equal(t, 200, status)
		r := <-seen
		r.Header.Set("Host", r.Host)
		for field, want := range row.want {
			assert.Equal(t, want, strings.Join(r.Header.Values(field), ", "), "%s: %s", name, field)
		}
	}
}

func TestFieldsOfReplies(t *testing.T) {
	host := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		for _, name := range []string{"X-Restspace-Service", "X-Restspace-Other", "X-Request-Id", "Set-Cookie", "X-Own", "Www-Authenticate"} {
			w.Header().Set(name, "theirs")
		}
		w.WriteHeader(401)
		_, _ = io.WriteString(w, "who are you?")
	})
	status, text, header := open(t, fmt.Sprintf(`{"url": %q}`, host)).do("GET", "/m/a", nil)
	assert.Equal(t, 401, status)
	assert.Equal(t, "who are you?", text)
	for _, name := range []string{"X-Restspace-Service", "X-Restspace-Other", "X-Request-Id", "Set-Cookie"} {
		assert.False(t, header.Has(name), name)
	}
	assert.Equal(t, "theirs", header.Get("X-Own"))
	assert.Equal(t, "theirs", header.Get("WWW-Authenticate"))
	_, _, header = open(t, fmt.Sprintf(`{"url": %q, "credentials": ["cookie"]}`, host)).do("GET", "/m/a", nil)
	assert.Equal(t, "theirs", header.Get("Set-Cookie"))
}

func TestLocations(t *testing.T) {
	host := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", r.Header.Get("X-To"))
		w.Header().Set("Content-Location", r.Header.Get("X-To"))
		w.WriteHeader(201)
	})
	for _, row := range []struct{ config, location, want string }{
		{`"url": "HOST/api"`, "HOST/api/7?x=1#top", "/m/7?x=1#top"},
		{`"url": "HOST/api"`, "/api/7", "/m/7"},
		{`"url": "HOST/api"`, "/api", "/m"},
		{`"url": "HOST/api"`, "/api/a%2Fb/", "/m/a%2Fb/"},
		{`"url": "HOST/api"`, "/apis/7", "/apis/7"},
		{`"url": "HOST/api"`, "/login", "/login"},
		{`"url": "HOST/api"`, "7", "7"},
		{`"url": "HOST/api"`, "../7", "../7"},
		{`"url": "HOST/api"`, "?page=2", "?page=2"},
		{`"url": "HOST/api"`, "//evil.example/api/7", "//evil.example/api/7"},
		{`"url": "HOST/api"`, "https://elsewhere.example/api/7", "https://elsewhere.example/api/7"},
		{`"url": "HOST/api"`, "mailto:a@b.c", "mailto:a@b.c"},
		{`"url": "HOST/api"`, "https://shop.example:8443/api/7", "https://shop.example:8443/api/7"},
		{`"url": "HOST/api", "preserveHost": true`, "https://shop.example:8443/api/7", "/m/7"},
		{`"url": "HOST", "stripPrefix": false`, "HOST/m/7", "/m/7"},
		{`"url": "HOST"`, "/", "/m/"},
		{`"url": "HOST/v1/$*"`, "/v1/7", "/v1/7"},
	} {
		p := open(t, "{"+strings.ReplaceAll(row.config, "HOST", host)+"}")
		_, _, header := p.do("POST", "/m/a", nil, "X-To", strings.ReplaceAll(row.location, "HOST", host))
		want := strings.ReplaceAll(row.want, "HOST", host)
		assert.Equal(t, want, header.Get("Location"), row)
		assert.Equal(t, want, header.Get("Content-Location"), row)
	}
}

func TestBodiesGoThere(t *testing.T) {
	p := open(t, fmt.Sprintf(`{"url": %q}`, serve(t, told)))
	long := strings.Repeat("x", 200<<10)
	for name, body := range map[string]func() *bus.Body{
		"bytes":          func() *bus.Body { return bus.NewBody([]byte("hello"), "text/plain") },
		"a small stream": func() *bus.Body { return bus.NewStream(io.NopCloser(strings.NewReader("hello")), 5, "text/plain") },
		"a large stream": func() *bus.Body {
			return bus.NewStream(io.NopCloser(strings.NewReader(long)), int64(len(long)), "text/plain")
		},
		"of unknown size": func() *bus.Body { return bus.NewStream(io.NopCloser(strings.NewReader("hello")), -1, "text/plain") },
	} {
		sent := body()
		closed := false
		sent.OnClose(func() { closed = true })
		status, text, _ := p.do("POST", "/m/a", sent)
		assert.Equal(t, 200, status, name)
		assert.Contains(t, text, "Content-Type: text/plain\r\n", name)
		assert.True(t, strings.HasSuffix(text, "hello") || strings.HasSuffix(text, long), name)
		assert.True(t, closed, "%s: the body of the request is closed", name)
	}
}

func TestTheBodyThatBreaks(t *testing.T) {
	p := open(t, fmt.Sprintf(`{"url": %q}`, serve(t, told)))
	for want, why := range map[int]error{413: &bus.Error{Status: 413, Detail: "too large"}, 404: fs.ErrNotExist} {
		for range 9 { // more often than opens the breaker
			body := bus.NewStream(io.NopCloser(io.MultiReader(strings.NewReader("begins"), failing{why})), -1, "text/plain")
			status, _, _ := p.do("PUT", "/m/a", body)
			require.Equal(t, want, status, "that is not the upstream's doing")
		}
	}
}

type failing struct{ error }

func (f failing) Read([]byte) (int, error) { return 0, f.error }

func TestNobodyIsThere(t *testing.T) {
	p := open(t, `{"url": "http://127.0.0.1:1", "breaker": {"failures": 100}}`)
	status, text, _ := p.do("GET", "/m/a", nil)
	assert.Equal(t, 502, status)
	assert.Contains(t, text, bus.TypeUnreachable)
	assert.Contains(t, text, `the server behind \"orders\" can't be reached`)
	assert.NotContains(t, text, "127.0.0.1")
	_, err := p.Serve(context.WithoutCancel(t.Context()), request(t, "GET", "/m/a", nil))
	assert.EqualError(t, err, `the server behind "orders" can't be reached: dial tcp 127.0.0.1:1: connect: connection refused`, "the log has the address")
}

func TestACertificateThatIsNotTrusted(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(told))
	t.Cleanup(server.Close)
	status, text, _ := open(t, `{"url": "`+server.URL+`"}`).do("POST", "/m/a", nil)
	assert.Equal(t, 502, status)
	assert.Contains(t, text, bus.TypeUnreachable)
	assert.Contains(t, text, `the server behind \"orders\" shows a certificate that is not trusted`)
}

// A service inside has its body in memory, however long it is.
func TestLongBodiesFromInside(t *testing.T) {
	host := serve(t, func(w http.ResponseWriter, r *http.Request) {
		n, _ := io.Copy(io.Discard, r.Body)
		fmt.Fprint(w, n)
	})
	for _, size := range []int{64 << 10, 64<<10 + 1, 1 << 20} {
		_, text, _ := open(t, `{"url": "`+host+`"}`).do("PUT", "/m/a", bus.NewBody(make([]byte, size), "text/plain"))
		assert.Equal(t, fmt.Sprint(size), text)
	}
}

func TestDotsBeforeParameters(t *testing.T) {
	p := open(t, `{"url": "`+serve(t, told)+`/api"}`)
	for path, want := range map[string]int{"/m/..;/admin": 400, "/m/a%2F..%3Bx/admin": 400, "/m/a;v=1/b": 200, "/m/a..b;c": 200} {
		status, text, _ := p.do("GET", path, nil)
		assert.Equal(t, want, status, "%s: %s", path, text)
	}
}
