package edge

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/bus/bustest"
)

// TestWriteThatDoesNotMove sees how a deadline that fires is taken.
func TestWriteThatDoesNotMove(t *testing.T) {
	local, remote := tcpPair(t)
	defer remote.Close()
	c := conn{TCPConn: local, left: func() {}}
	defer c.Close()
	_, err := c.Write([]byte("x"))
	require.NoError(t, err)
	require.NoError(t, local.SetWriteDeadline(time.Unix(1, 0))) // as after a long rest
	n, err := c.Write(make([]byte, 100))
	require.NoError(t, err)
	assert.Equal(t, 100, n, "one that has passed meanwhile is set anew")

	full := make([]byte, 16<<20) // more than the socket holds: nobody reads
	require.NoError(t, local.SetWriteDeadline(time.Now().Add(50*time.Millisecond)))
	c.armed = true
	ended := make(chan struct{})
	go func() {
		for { // the time that it may take is over, again and again
			select {
			case <-ended:
				return
			case <-time.After(20 * time.Millisecond):
				_ = local.SetWriteDeadline(time.Unix(1, 0))
			}
		}
	}()
	n, err = c.Write(full)
	close(ended)
	assert.ErrorIs(t, err, os.ErrDeadlineExceeded)
	assert.Less(t, n, len(full))
}

// TestFileKeepsItsBytes sees that a deadline that has passed while nothing was
// sent leaves no hole in a file.
func TestFileKeepsItsBytes(t *testing.T) {
	local, remote := tcpPair(t)
	defer remote.Close()
	c := conn{TCPConn: local, left: func() {}}
	path := t.TempDir() + "/file"
	want := make([]byte, 300<<10)
	for i := range want {
		want[i] = byte(i >> 10)
	}
	require.NoError(t, os.WriteFile(path, want, 0o600))
	file, err := os.Open(path)
	require.NoError(t, err)
	defer file.Close()
	got := make(chan []byte)
	go func() {
		all, _ := io.ReadAll(remote)
		got <- all
	}()
	_, err = c.Write([]byte("x"))
	require.NoError(t, err)
	require.NoError(t, local.SetWriteDeadline(time.Unix(1, 0)))
	n, err := c.ReadFrom(&io.LimitedReader{R: file, N: int64(len(want))})
	require.NoError(t, err)
	assert.EqualValues(t, len(want), n)
	require.NoError(t, c.Close())
	assert.True(t, bytes.Equal(want, (<-got)[1:]), "the very bytes")
}

func TestReadDeadlineFiresWhenItIsWanted(t *testing.T) {
	local, remote := tcpPair(t)
	defer remote.Close()
	c := conn{TCPConn: local, read: lazyDeadline{ahead: time.Hour}, left: func() {}}
	defer c.Close()
	buffer := make([]byte, 1)
	begin := time.Now()
	require.NoError(t, c.SetReadDeadline(begin.Add(50*time.Millisecond)))
	assert.True(t, c.read.set.Before(begin), "set too early")
	_, err := c.Read(buffer)
	assert.ErrorIs(t, err, os.ErrDeadlineExceeded)
	assert.GreaterOrEqual(t, time.Since(begin), 50*time.Millisecond)

	go func() {
		time.Sleep(50 * time.Millisecond)
		_, _ = remote.Write([]byte("x"))
	}()
	require.NoError(t, c.SetReadDeadline(time.Unix(1, 0))) // as net/http wakes a reader, and lets it go on
	_, err = c.Read(buffer)
	assert.ErrorIs(t, err, os.ErrDeadlineExceeded)
	require.NoError(t, c.SetReadDeadline(time.Time{}))
	n, err := c.Read(buffer)
	require.NoError(t, err, "what has fired does not count where none is wanted")
	assert.Equal(t, 1, n)
}

func TestIdleConnectionEnds(t *testing.T) {
	s := start(t, bustest.Echo(), func(o *Options) { o.Limits.IdleTimeout = 400 * time.Millisecond })
	c, err := net.Dial("tcp", s.address)
	require.NoError(t, err)
	defer c.Close()
	reader := bufio.NewReader(c)
	for range 3 {
		_, err = io.WriteString(c, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
		require.NoError(t, err)
		response, err := http.ReadResponse(reader, nil)
		require.NoError(t, err)
		_ = response.Body.Close()
		time.Sleep(150 * time.Millisecond)
	}
	begin := time.Now()
	_, err = reader.ReadByte()
	assert.ErrorIs(t, err, io.EOF)
	assert.Less(t, time.Since(begin), 2*time.Second, "its own time-out, not another's")
}

func tcpPair(t *testing.T) (*net.TCPConn, *net.TCPConn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	a, err := net.Dial("tcp", l.Addr().String())
	require.NoError(t, err)
	b, err := l.Accept()
	require.NoError(t, err)
	return a.(*net.TCPConn), b.(*net.TCPConn)
}
