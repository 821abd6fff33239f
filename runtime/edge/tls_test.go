package edge

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/bus/bustest"
	"github.com/seed90475182/restspace/runtime/tlstest"
)

// secured is a server over TLS, and a client that trusts it.
type secured struct {
	*running
	trust  *tls.Config
	client *http.Client
}

func startTLS(t testing.TB, service bus.Service, change func(*Options)) *secured {
	t.Helper()
	pair := tlstest.New(t, "127.0.0.1", "localhost")
	certificate := pair.Certificate(t)
	s := &secured{trust: pair.Trust()}
	transport := &http.Transport{TLSClientConfig: s.trust, ForceAttemptHTTP2: true}
	s.client = &http.Client{Transport: transport, Timeout: 20 * time.Second}
	s.running = start(t, service, func(o *Options) {
		o.Certificate = func() *tls.Certificate { return certificate }
		if change != nil {
			change(o)
		}
	})
	t.Cleanup(transport.CloseIdleConnections)
	return s
}

// dial opens a connection that speaks one of protocols.
func (s *secured) dial(t *testing.T, protocols ...string) *tls.Conn {
	t.Helper()
	config := s.trust.Clone()
	config.NextProtos = protocols
	c, err := tls.Dial("tcp", s.address, config)
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	require.NoError(t, c.SetDeadline(time.Now().Add(20*time.Second)))
	return c
}

func TestProtocolsOverTLS(t *testing.T) {
	s := startTLS(t, bustest.Echo(), func(o *Options) { o.HSTS = time.Hour })
	for _, row := range []struct{ offered, want string }{{"h2", "h2"}, {"http/1.1", "http/1.1"}, {"", ""}} {
		var offered []string
		if row.offered != "" {
			offered = []string{row.offered}
		}
		state := s.dial(t, offered...).ConnectionState()
		assert.Equal(t, row.want, state.NegotiatedProtocol)
		assert.GreaterOrEqual(t, state.Version, uint16(tls.VersionTLS12))
	}
	old := s.trust.Clone()
	old.MinVersion, old.MaxVersion = tls.VersionTLS10, tls.VersionTLS11
	_, err := tls.Dial("tcp", s.address, old)
	assert.ErrorContains(t, err, "protocol version")

	response, err := s.client.Post("https://"+s.address+"/a", "text/plain", strings.NewReader("hello"))
	require.NoError(t, err)
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	assert.Equal(t, "HTTP/2.0 hello", response.Proto+" "+string(body))
	assert.Equal(t, "max-age=3600", response.Header.Get("Strict-Transport-Security"))

	assert.Contains(t, s.get(t, "/"), "400 Bad Request", "HTTP without TLS")
}

// TestHandshakeThatNeverEnds sees that it has a limit, and holds up nobody.
func TestHandshakeThatNeverEnds(t *testing.T) {
	s := startTLS(t, bustest.Echo(), func(o *Options) { o.Limits.HeaderTimeout = 300 * time.Millisecond })
	for _, begun := range []string{"", "\x16\x03\x01"} {
		c, err := net.Dial("tcp", s.address)
		require.NoError(t, err)
		_, err = io.WriteString(c, begun)
		require.NoError(t, err)
		response, err := s.client.Get("https://" + s.address + "/")
		require.NoError(t, err, "another client")
		_ = response.Body.Close()
		require.NoError(t, c.SetDeadline(time.Now().Add(10*time.Second)))
		_, err = io.ReadAll(c)
		assert.NotErrorIs(t, err, os.ErrDeadlineExceeded, "%q: the server ends it", begun)
		_ = c.Close()
	}
}

func TestUpgradeOverTLS(t *testing.T) {
	s := startTLS(t, talk(), nil)
	c := s.dial(t, "http/1.1")
	reader := bufio.NewReader(c)
	_, err := io.WriteString(c, "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
	require.NoError(t, err)
	response, err := http.ReadResponse(reader, nil)
	require.NoError(t, err)
	require.Equal(t, http.StatusSwitchingProtocols, response.StatusCode)
	_, err = io.WriteString(c, "hello")
	require.NoError(t, err)
	got := make([]byte, 5)
	_, err = io.ReadFull(reader, got)
	require.NoError(t, err)
	assert.Equal(t, "hello", string(got))
	require.NoError(t, s.Shutdown(t.Context()))
	_, err = reader.ReadByte()
	assert.Error(t, err)
	assert.NotErrorIs(t, err, os.ErrDeadlineExceeded, "Shutdown ends it: the edge knows that it is upgraded")
}

func BenchmarkOverTLS(b *testing.B) {
	for _, size := range []int{1 << 10, 1 << 20} {
		for _, proto := range []string{"http/1.1", "h2"} {
			b.Run(fmt.Sprintf("%s/%dKiB", proto, size>>10), func(b *testing.B) {
				body := make([]byte, size)
				s := startTLS(b, bus.ServiceFunc(func(context.Context, *bus.Message) (*bus.Message, error) {
					return bus.Reply(200, bus.NewBody(body, "text/plain")), nil
				}), func(o *Options) { o.LogSample = 0; o.Limits.Timeout = 10 * time.Second })
				s.client.Transport.(*http.Transport).ForceAttemptHTTP2 = proto == "h2"
				b.SetBytes(int64(size))
				b.ReportAllocs()
				for b.Loop() {
					response, err := s.client.Get("https://" + s.address + "/")
					if err != nil {
						b.Fatal(err)
					}
					_, _ = io.Copy(io.Discard, response.Body)
					_ = response.Body.Close()
				}
			})
		}
	}
}
