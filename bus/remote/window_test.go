package remote

import (
	"net"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestASocketThatTakesNothing(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	opened, err := net.Dial("tcp", l.Addr().String())
	require.NoError(t, err)
	defer opened.Close()
	c, err := newConn(opened.(*net.TCPConn), l.Addr().String())
	require.NoError(t, err)
	c.window = 50 * time.Millisecond
	u := &upgraded{call: &call{ctx: t.Context(), conn: c}}
	ended := make(chan error, 1)
	go func() { _, err := u.Write(make([]byte, 64<<20)); ended <- err }()
	select {
	case err := <-ended:
		assert.ErrorIs(t, err, os.ErrDeadlineExceeded)
	case <-time.After(10 * time.Second):
		t.Fatal("it is still waited for")
	}
}
