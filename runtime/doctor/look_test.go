package doctor

import (
	"crypto/tls"
	"fmt"
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

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/runtime/config"
	"github.com/seed90475182/restspace/runtime/identity"
	"github.com/seed90475182/restspace/runtime/tlstest"
	"github.com/seed90475182/restspace/urlpattern"
)

// hostOf returns the host of a server with its port.
func hostOf(s *httptest.Server) string { return s.Listener.Addr().String() }

func TestFilesThatAreSecret(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	require.NoError(t, os.WriteFile(path, nil, 0o600))
	for mode, want := range map[os.FileMode]adaptors.Grade{0o600: adaptors.Good, 0o400: adaptors.Good, 0o640: adaptors.Problem, 0o604: adaptors.Problem} {
		require.NoError(t, os.Chmod(path, mode))
		assert.Equal(t, want, secret(path, "the key")[0].Grade, "%o", mode)
	}
}

// While keys rotate, servers have more than one, and believe each other where each
// has the one that the other signs with.
func TestKeysOfPeers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "auth.key")
	_, err := identity.MakeKeys(path)
	require.NoError(t, err)
	_, err = identity.Rotate(path, identity.Times{}, true)
	require.NoError(t, err)
	keys, err := identity.LoadKeys(path)
	require.NoError(t, err)
	public, err := keys.Public()
	require.NoError(t, err)
	ids := keyIDs(public)
	require.Len(t, ids, 2)
	for name, row := range map[string]struct {
		theirs []string
		want   adaptors.Grade
	}{
		"the same":                      {ids, adaptors.Good},
		"they have not got ours":        {ids[1:], adaptors.Problem},
		"we have not got theirs":        {[]string{`"other"`, ids[0]}, adaptors.Problem},
		"theirs signs with the old one": {[]string{ids[1], ids[0]}, adaptors.Good},
		"it has none":                   {nil, adaptors.Problem},
	} {
		t.Run(name, func(t *testing.T) {
			var set []string
			for _, id := range row.theirs {
				set = append(set, `{"kid": `+id+`}`)
			}
			peer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				fmt.Fprintf(w, `{"keys": [%s]}`, strings.Join(set, ","))
			}))
			defer peer.Close()
			p := &Patient{Config: &config.Config{Server: config.Server{Peers: []string{hostOf(peer)}}, Auth: config.Auth{KeyFile: path}}}
			found := peers(t.Context(), p)
			require.Len(t, found, 1)
			assert.Equal(t, row.want, found[0].Grade, found[0].Text)
		})
	}
}

// A server without its file does not get it from itself.
func TestKeysThatTheServerItselfHasStill(t *testing.T) {
	peer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"keys": [{"kid": "one"}]}`)
	}))
	defer peer.Close()
	host := hostOf(peer)
	for _, row := range []struct {
		hosts []string
		want  int
	}{{[]string{"elsewhere.example"}, 1}, {[]string{host}, 0}} {
		p := &Patient{Config: &config.Config{
			Server: config.Server{Peers: []string{host}, Hosts: row.hosts},
			Auth:   config.Auth{KeyFile: filepath.Join(t.TempDir(), "auth.key")},
		}}
		assert.Len(t, peers(t.Context(), p), row.want, "%v", row.hosts)
	}
}

func TestServersThatAreAsked(t *testing.T) {
	p := &Patient{Config: &config.Config{
		Server:   config.Server{Peers: []string{"b.example", "a.example"}},
		Services: []*config.Service{{Hosts: []string{"c.example", "a.example"}}},
		Auth:     config.Auth{Trust: []config.Trust{{URL: urlpattern.URL{Scheme: "https", Host: "keys.example"}}, {Issuer: "with its keys here"}}},
	}}
	assert.Equal(t, []string{"a.example", "b.example", "c.example", "keys.example"}, p.hosts())
}

// Nobody is called whom the configuration does not name, and in no other way.
func TestCallsGoNowhereElse(t *testing.T) {
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { assert.Fail(t, "it was called") }))
	defer other.Close()
	leads := httptest.NewServer(http.RedirectHandler(other.URL, http.StatusFound))
	defer leads.Close()
	answer, err := call(t.Context(), http.MethodGet, hostOf(leads), "/")
	require.NoError(t, err)
	_ = answer.Body.Close()
	assert.Equal(t, http.StatusFound, answer.StatusCode)

	unknown := httptest.NewTLSServer(http.NotFoundHandler())
	defer unknown.Close()
	_, err = call(t.Context(), http.MethodGet, hostOf(unknown), "/")
	assert.ErrorContains(t, err, "certificate", "it is not called by http then")
}

func TestAddresses(t *testing.T) {
	p := &Patient{Config: &config.Config{Server: config.Server{Listen: "127.0.0.1:0", RedirectHTTP: "[::]:0", AdminListen: ":0"}}}
	found := ports(t.Context(), p)
	require.Len(t, found, 3)
	for i, key := range []string{"server.listen", "server.redirectHTTP", "server.adminListen"} {
		assert.Contains(t, found[i].Text, key)
		assert.Equal(t, adaptors.Good, found[i].Grade, found[i].Text)
	}
	found = p.port("server.listen", "[::1]:0", nil, nil, nil)
	assert.Contains(t, found[len(found)-1].Text, "is reached by IPv6 alone")
}

// A connection is at the address of who has listened there, and keeps nobody from
// listening.
func TestConnectionsHoldNoAddress(t *testing.T) {
	socket, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	there, err := net.Dial("tcp", socket.Addr().String())
	require.NoError(t, err)
	defer there.Close()
	here, err := socket.Accept()
	require.NoError(t, err)
	defer here.Close()
	require.NoError(t, socket.Close())
	assert.Empty(t, listeners(here.LocalAddr().String()))
}

func TestCertificateThatDoesNotHoldYet(t *testing.T) {
	cert, key, err := tlstest.MakeFor(time.Now().Add(time.Hour), time.Now().AddDate(1, 0, 0), "a.example")
	require.NoError(t, err)
	pair, err := tls.X509KeyPair(cert, key)
	require.NoError(t, err)
	found := certificate(t.Context(), &Patient{Config: &config.Config{Certificate: &pair}})
	require.NotEmpty(t, found)
	assert.Equal(t, adaptors.Problem, found[0].Grade, found[0].Text)
}

func TestPublicHosts(t *testing.T) {
	s := &config.Server{PublicURL: "https://[2001:db8::1]:8443/", Hosts: []string{"b.example:443", "c.example", "[2001:db8::2]"}}
	assert.Equal(t, []string{"2001:db8::1", "b.example", "c.example", "2001:db8::2"}, publicHosts(s))
}
