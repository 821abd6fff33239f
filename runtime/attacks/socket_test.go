package attacks

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/adaptors/plugin/plugintest"
)

// asDialer has the test binary connect to the socket that it names.
const asDialer = "RESTSPACE_DIALS"

// dialInstead does that where the environment says so, and does not return
// then.
func dialInstead() {
	path := os.Getenv(asDialer)
	if path == "" {
		return
	}
	_, err := net.Dial("unix", path)
	fmt.Println(err)
	os.Exit(0)
}

// pluginSocket is PLUGIN-015: other users can't reach the socket, and nobody can
// say anything without the server's certificate.
func pluginSocket(t *testing.T, _ attack) {
	a := newPluginArena(t, plugintest.None)
	socket := socketOf(t, a.plugin(t))
	info, err := os.Stat(filepath.Dir(socket))
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o700), info.Mode().Perm())

	conn, err := tls.Dial("unix", socket, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}})
	if err == nil { // the certificate is asked for after the handshake of TLS 1.3
		_ = conn.SetDeadline(time.Now().Add(patience))
		_, _ = io.WriteString(conn, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00")
		for err == nil {
			_, err = conn.Read(make([]byte, 1024))
		}
		conn.Close()
	}
	assert.ErrorContains(t, err, "certificate required")

	t.Run("other user", func(t *testing.T) {
		if os.Geteuid() != 0 {
			t.Skip("NOT TESTED: needs root to be another user")
		}
		cmd := exec.Command(filepath.Join(a.dir, pluginName))
		cmd.Dir, cmd.Env = "/", []string{asDialer + "=" + socket}
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
		out, err := cmd.CombinedOutput()
		assert.NoError(t, err)
		assert.Contains(t, string(out), "permission denied")
	})
	a.assertAlive(t)
}

// download is an answer whose body is read when the test wants it.
type download struct {
	conn net.Conn
	body io.Reader
}

// download begins one.
func (s *server) download(t *testing.T, path string) *download {
	t.Helper()
	conn, err := net.Dial("tcp", s.address)
	require.NoError(t, err)
	t.Cleanup(func() { conn.Close() })
	_ = conn.(*net.TCPConn).SetReadBuffer(64 << 10)
	_, err = conn.Write(s.message(http.MethodGet, path, s.admin, ""))
	require.NoError(t, err)
	reply, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err)
	require.Equal(t, 200, reply.StatusCode)
	t.Cleanup(func() { reply.Body.Close() })
	return &download{conn, reply.Body}
}

// rest returns how many bytes come.
func (d *download) rest(t *testing.T) int64 {
	t.Helper()
	_ = d.conn.SetReadDeadline(time.Now().Add(patience))
	var text strings.Builder
	n, err := io.Copy(&text, d.body)
	assert.NoError(t, err)
	assert.Equal(t, strings.Repeat("0123456789abcdef", int(n/16)), text.String())
	return n
}
