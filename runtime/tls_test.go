package runtime_test

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/runtime/tlstest"
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
	before.CloseIdleConnections()
	_, err := before.Get(s.URL() + "/a")
	assert.ErrorContains(t, err, "certificate")

	require.NoError(t, os.WriteFile("key.pem", tlstest.New(t, "localhost").Key, 0o600))
	assert.ErrorContains(t, s.Load(t.Context(), "services.json", block), "private key does not match")
	assert.Equal(t, "HTTP/2.0 one", get(t, secure(t, after), s.URL()+"/a"), "what is served stays")
}

// TestSettingsChangeUnderHTTP2 sees that a connection of the old settings ends
// with an answer, not with an error.
func TestSettingsChangeUnderHTTP2(t *testing.T) {
	config := mounts([3]string{"a", "/a", "one"})
	s := start(t, newProbe(), config)
	client := secure(t, renew(t))
	for i := range 10 {
		block := strings.Replace(tlsBlock, "{", fmt.Sprintf(`{"limits": {"inFlight": %d}, `, 100+i), 1)
		require.NoError(t, s.Load(t.Context(), "services.json", withServer(config, block)))
		for range 3 {
			assert.Equal(t, "HTTP/2.0 one", get(t, client, s.URL()+"/a"))
		}
	}
}
