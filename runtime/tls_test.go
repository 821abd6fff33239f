package runtime_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/runtime"
	"github.com/seed90475182/restspace/runtime/tlstest"
	"github.com/seed90475182/restspace/services"
)

// withServer returns a configuration with a block server.
func withServer(config, server string) []byte {
	return []byte(strings.Replace(config, `{"services"`, `{"server": `+server+`, "services"`, 1))
}

// renew writes a new certificate to the files of server.tls.
func renew(t *testing.T) tlstest.Pair {
	t.Helper()
	pair := tlstest.New(t, "127.0.0.1", "localhost")
	require.NoError(t, os.WriteFile("cert.pem", pair.Cert, 0o600))
	require.NoError(t, os.WriteFile("key.pem", pair.Key, 0o600))
	return pair
}

const tlsBlock = `{"tls": {"certFile": "cert.pem", "keyFile": "key.pem"}}`

// secure returns a client that trusts pair alone.
func secure(t *testing.T, pair tlstest.Pair) *http.Client {
	t.Helper()
	transport := &http.Transport{TLSClientConfig: pair.Trust(), ForceAttemptHTTP2: true}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: 10 * time.Second}
}

func get(t *testing.T, client *http.Client, url string) string {
	t.Helper()
	response, err := client.Get(url)
	require.NoError(t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response.Proto + " " + string(body)
}

// TestTLSComesAndGoes sees that a reload has TLS spoken at the same address,
// and HTTP again.
func TestTLSComesAndGoes(t *testing.T) {
	config := mounts([3]string{"a", "/a", "one"})
	s := start(t, newProbe(), config)
	pair := renew(t)
	address := s.Addr()
	assert.Equal(t, "http://"+address, s.URL())
	for range 2 {
		s.says(t, "/a", "one")
		require.NoError(t, s.Load(t.Context(), "services.json", withServer(config, tlsBlock)))
		assert.Equal(t, "https://"+address, s.URL())
		assert.Equal(t, "HTTP/2.0 one", get(t, secure(t, pair), s.URL()+"/a"))
		require.NoError(t, s.Load(t.Context(), "services.json", []byte(config)))
		s.client.CloseIdleConnections()
	}
	s.says(t, "/a", "one")
}

// TestRenewedCertificate sees that the same bytes of the configuration take a
// certificate that is new, and that what is open goes on.
func TestRenewedCertificate(t *testing.T) {
	config := mounts([3]string{"a", "/a", "one"})
	s := start(t, newProbe(), config)
	block := withServer(config, tlsBlock)
	before := secure(t, renew(t))
	require.NoError(t, s.Load(t.Context(), "services.json", block))
	get(t, before, s.URL()+"/a")

	after := renew(t)
	require.NoError(t, s.Load(t.Context(), "services.json", block))
	assert.Equal(t, "HTTP/2.0 one", get(t, secure(t, after), s.URL()+"/a"), "who connects now sees the new one")
	assert.Equal(t, "HTTP/2.0 one", get(t, before, s.URL()+"/a"), "who was there stays")
	assert.Regexp(t, `"msg":"configuration loaded anew","by":"services\.json","version":"[0-9a-f]{32}"`, s.log.String())
	before.CloseIdleConnections()
	_, err := before.Get(s.URL() + "/a")
	assert.ErrorContains(t, err, "certificate")

	require.NoError(t, os.WriteFile("key.pem", tlstest.New(t, "localhost").Key, 0o600))
	assert.ErrorContains(t, s.Load(t.Context(), "services.json", block), "private key does not match")
	assert.Equal(t, "HTTP/2.0 one", get(t, secure(t, after), s.URL()+"/a"), "what is served stays")
}

// TestSettingsChangeUnderHTTP2 sees that no request fails while settings
// change: a connection of old settings ends between requests.
func TestSettingsChangeUnderHTTP2(t *testing.T) {
	config := mounts([3]string{"a", "/a", "one"})
	s := start(t, newProbe(), config)
	pair := renew(t)
	load := func(inFlight int) {
		block := strings.Replace(tlsBlock, "{", fmt.Sprintf(`{"limits": {"inFlight": %d}, `, inFlight), 1)
		require.NoError(t, s.Load(t.Context(), "services.json", withServer(config, block)))
	}
	load(99)
	client, stop, url := secure(t, pair), make(chan struct{}), s.URL()+"/a"
	var all sync.WaitGroup
	var answered atomic.Int64
	for range 4 {
		all.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				response, err := client.Post(url, "text/plain", strings.NewReader("not to be sent twice"))
				if !assert.NoError(t, err) {
					return
				}
				_, err = io.Copy(io.Discard, response.Body)
				assert.NoError(t, err)
				_ = response.Body.Close()
				answered.Add(1)
			}
		})
	}
	for i := range 10 {
		before := answered.Load()
		load(100 + i)
		require.Eventually(t, func() bool { return answered.Load() > before+8 }, 10*time.Second, time.Millisecond)
	}
	close(stop)
	all.Wait()
}

// TestRedirectToHTTPS sees where the second listener sends its clients: to
// hosts that are the server's own, and to the port that https is at.
func TestRedirectToHTTPS(t *testing.T) {
	config := mounts([3]string{"a", "/a", "one"})
	s := start(t, newProbe(), config)
	pair := renew(t)
	block := func(more string) []byte {
		return withServer(config, `{"redirectHTTP": "127.0.0.1:0", `+more+tlsBlock[1:])
	}
	require.NoError(t, s.Load(t.Context(), "services.json", block("")))
	response, err := secure(t, pair).Post("http://"+s.RedirectAddr()+"/a", "text/plain", strings.NewReader("sent again"))
	require.NoError(t, err)
	_ = response.Body.Close()
	assert.Equal(t, "POST https", response.Request.Method+" "+response.Request.URL.Scheme)
	assert.Equal(t, 401, response.StatusCode, "of the service")

	_, port, err := net.SplitHostPort(s.Addr())
	require.NoError(t, err)
	for _, row := range []struct{ more, host, target, want string }{
		{"", "localhost", "/a%2Fb/c/?x=1&y=%20", "308 https://localhost:" + port + "/a%2Fb/c/?x=1&y=%20"},
		{"", "LOCALHOST.:80", "/", "308 https://localhost:" + port + "/"},
		{"", "127.0.0.1", "/", "308 https://127.0.0.1:" + port + "/"},
		{"", "[::1]:80", "/", "308 https://[::1]:" + port + "/"},
		{"", "evil.example", "/", "421 "},
		{"", "localhost", "http://evil.example/", "421 "},
		{"", "localhost", "//evil.example/", "400 "},
		{"", "localhost", "/..%2f../", "400 "},
		{`"publicURL": "https://shop.example", `, "shop.example:80", "/a", "308 https://shop.example/a"},
		{`"publicURL": "https://shop.example:8443", `, "shop.example", "/a", "308 https://shop.example:8443/a"},
		{`"publicURL": "https://shop.example:8443", "hosts": ["other.example"], `, "other.example", "/a", "308 https://other.example:" + port + "/a"},
		{`"publicURL": "https://shop.example:8443", "hosts": ["other.example"], `, "localhost", "/a", "421 "},
	} {
		require.NoError(t, s.Load(t.Context(), "services.json", block(row.more)))
		assert.Equal(t, row.want, redirected(t, s.RedirectAddr(), "GET "+row.target+" HTTP/1.1\r\nHost: "+row.host+"\r\nConnection: close\r\n\r\n"), row)
	}
	assert.Equal(t, "308 https://shop.example:8443/a", redirected(t, s.RedirectAddr(), "GET /a HTTP/1.0\r\n\r\n"), "without a Host")
	require.NoError(t, s.Load(t.Context(), "services.json", block("")))
	assert.Equal(t, "400 ", redirected(t, s.RedirectAddr(), "GET /a HTTP/1.0\r\n\r\n"))

	require.NoError(t, s.Load(t.Context(), "services.json", []byte(config)))
	assert.Empty(t, s.RedirectAddr())
}

// redirected returns status and Location of the answer to a request.
func redirected(t *testing.T, address, request string) string {
	t.Helper()
	c, err := net.Dial("tcp", address)
	require.NoError(t, err)
	defer c.Close()
	_, err = io.WriteString(c, request)
	require.NoError(t, err)
	response, err := http.ReadResponse(bufio.NewReader(c), nil)
	require.NoError(t, err)
	_ = response.Body.Close()
	assert.NotEmpty(t, response.Header.Get("X-Request-Id"))
	return fmt.Sprint(response.StatusCode, " ", response.Header.Get("Location"))
}

// TestRedirectTakesOverTheAddress sees what becomes of a plain server whose
// configuration moves it to another address with TLS, and leaves a redirect.
func TestRedirectTakesOverTheAddress(t *testing.T) {
	config := mounts([3]string{"a", "/a", "one"})
	t.Chdir(t.TempDir())
	pair := renew(t)
	plain := freeAddress(t)
	r := runtime.New(runtime.Options{Services: services.NewRegistry(newProbe().kind()), Adaptors: adaptors.NewRegistry(), Listen: true, LogTo: io.Discard})
	defer func() { require.NoError(t, r.Close(context.Background())) }()
	load := func(block string) error { return r.Load(t.Context(), "services.json", withServer(config, block)) }
	client := secure(t, pair)
	says := func(want string) {
		assert.Equal(t, want, get(t, client, "http://"+plain+"/a"))
		client.CloseIdleConnections()
	}
	require.NoError(t, load(`{"listen": "`+plain+`"}`))
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	moved := `{"listen": "127.0.0.1:0", "redirectHTTP": %q, ` + tlsBlock[1:]
	assert.ErrorContains(t, load(fmt.Sprintf(moved, taken.Addr())), "server.redirectHTTP: ")
	assert.Equal(t, plain, r.Addr())

	require.NoError(t, load(fmt.Sprintf(moved, plain)))
	assert.Equal(t, plain, r.RedirectAddr())
	says("HTTP/2.0 one")
	require.NoError(t, load(`{"listen": "`+plain+`"}`))
	says("HTTP/1.1 one")
}

// freeAddress returns an address that nobody listens on.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, l.Close())
	return l.Addr().String()
}
