package runtime_test

import (
	"bufio"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	adaptorlist "github.com/seed90475182/restspace/adaptors/all"
	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/runtime"
	servicelist "github.com/seed90475182/restspace/services/all"
)

// upgraded is a reply that leaves HTTP behind: all that comes goes back.
func upgraded() *bus.Message {
	inside, outside := net.Pipe()
	go func() {
		_, _ = io.Copy(inside, inside)
		_ = inside.Close()
	}()
	reply := bus.Reply(http.StatusSwitchingProtocols, bus.NewStream(outside, -1, ""))
	reply.Header = bus.Header{{Name: "Connection", Value: "Upgrade"}, {Name: "Upgrade", Value: "echo"}}
	return reply
}

// endless is a reply that goes on until its request ends.
func endless(ctx context.Context) *bus.Message {
	return bus.Reply(200, bus.NewStream(ticks{ctx}, -1, "text/plain"))
}

type ticks struct{ context.Context }

// tick is a line that says when it was made.
func tick() string { return fmt.Sprintf("tick %d\n", time.Now().UnixNano()) }

// Read gives a tick each time, after a short while.
func (t ticks) Read(p []byte) (int, error) {
	select {
	case <-time.After(5 * time.Millisecond):
		return copy(p, tick()), nil
	case <-t.Done():
		return 0, t.Err()
	}
}

func (ticks) Close() error { return nil }

// talk is a connection that was begun with a request.
type talk struct {
	net.Conn
	read *bufio.Reader
}

func (s *server) talk(t *testing.T, path string, fields ...string) *talk {
	t.Helper()
	c, err := net.Dial("tcp", s.Addr())
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	require.NoError(t, c.SetDeadline(time.Now().Add(20*time.Second)))
	fields = append(fields, "Connection: Upgrade", "Upgrade: echo")
	_, err = fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: localhost\r\n%s\r\n\r\n", path, strings.Join(fields, "\r\n"))
	require.NoError(t, err)
	one := &talk{c, bufio.NewReader(c)}
	for line := ""; line != "\r\n"; {
		line, err = one.read.ReadString('\n')
		require.NoError(t, err)
	}
	return one
}

// goesOn says whether something comes that was sent after now, by the other
// side or, where that sends back what it gets, by this one.
func (c *talk) goesOn(echo bool) error {
	now := time.Now().UnixNano()
	if err := c.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		return err
	}
	if echo {
		if _, err := io.WriteString(c, tick()); err != nil {
			return err
		}
	}
	for {
		line, err := c.read.ReadString('\n')
		if err != nil {
			return err
		}
		var sent int64
		if _, err := fmt.Sscanf(line, "tick %d", &sent); err == nil && sent >= now {
			return nil
		}
	}
}

// drainingIn is a configuration with a drain time.
func drainingIn(d time.Duration, rows ...[3]string) string {
	return strings.Replace(mounts(rows...), `{"services"`, fmt.Sprintf(`{"server": {"drain": %q}, "services"`, d), 1)
}

// TestWhatLastsGoesOnWithItsMount reloads other mounts, and the settings of the
// server, under connections that last.
func TestWhatLastsGoesOnWithItsMount(t *testing.T) {
	const drain = 50 * time.Millisecond
	p := newProbe()
	s := start(t, p, drainingIn(drain, [3]string{"a", "/a", "one"}, [3]string{"b", "/b", "two"}))
	socket, stream := s.talk(t, "/a/upgrade"), s.talk(t, "/a/endless")
	for i, next := range []string{
		drainingIn(drain, [3]string{"a", "/a", "one"}, [3]string{"b", "/b", "three"}),
		drainingIn(drain+1, [3]string{"a", "/a", "one"}),
		drainingIn(drain+2, [3]string{"a", "/a", "one"}),
	} {
		require.NoError(t, s.Load(t.Context(), "services.json", []byte(next)))
		time.Sleep(3 * drain)
		assert.NoError(t, socket.goesOn(true), "upgraded, reload %d", i)
		assert.NoError(t, stream.goesOn(false), "stream, reload %d", i)
	}
	assert.NotContains(t, p.noted(&p.closed), "one")
}

// TestWhatLastsEndsWithItsMount changes, or removes, the mounts of connections
// that last: they end with the drain time.
func TestWhatLastsEndsWithItsMount(t *testing.T) {
	const drain = time.Second
	p := newProbe()
	s := start(t, p, drainingIn(drain, [3]string{"a", "/a", "one"}, [3]string{"b", "/b", "two"}))
	var all []*talk
	for _, path := range []string{"/a/upgrade", "/b/upgrade", "/a/endless", "/b/endless"} {
		all = append(all, s.talk(t, path))
	}
	require.NoError(t, s.Load(t.Context(), "services.json", []byte(drainingIn(drain, [3]string{"a", "/a", "other"}))))
	begin := time.Now()
	for i, c := range all {
		assert.NoError(t, c.goesOn(i < 2), "connection %d has the drain time", i)
	}
	for i, c := range all {
		err := c.goesOn(i < 2)
		for err == nil {
			err = c.goesOn(i < 2)
		}
		assert.NotErrorIs(t, err, os.ErrDeadlineExceeded, "connection %d", i)
	}
	assert.Greater(t, time.Since(begin), drain/2)
	require.Eventually(t, func() bool { return len(p.noted(&p.closed)) == len("one two") }, 10*time.Second, time.Millisecond)
}

// TestUpgradeAfterTheDrainTime has a connection leave HTTP when its service is
// closed already: it ends at once, and so does what it held.
func TestUpgradeAfterTheDrainTime(t *testing.T) {
	p := newProbe()
	s := start(t, p, drainingIn(10*time.Millisecond, [3]string{"a", "/a", "one"}))
	answered := make(chan *talk)
	go func() { answered <- s.talk(t, "/a/wait/upgrade") }()
	<-p.inside
	require.NoError(t, s.Load(t.Context(), "services.json", []byte(drainingIn(time.Second))))
	require.Eventually(t, func() bool { return p.noted(&p.closed) == "one" }, 10*time.Second, time.Millisecond)
	p.release <- struct{}{}
	assert.ErrorIs(t, (<-answered).goesOn(false), io.EOF)
	assert.Equal(t, "one", p.noted(&p.closed), "closed once")
	require.Eventually(t, func() bool { return strings.Contains(s.log.String(), `"status":101`) }, 10*time.Second, time.Millisecond)
	assert.NotContains(t, s.log.String(), "panic")
}

// TestLargeFilesEndWithTheirMount has clients that read nothing of a file, as it
// is and packed, when its mount goes away: no descriptor of it is left.
func TestLargeFilesEndWithTheirMount(t *testing.T) {
	t.Chdir(t.TempDir())
	require.NoError(t, os.Mkdir("files", 0o750))
	large := make([]byte, 32<<20)
	_, _ = rand.NewChaCha8([32]byte{}).Read(large)
	require.NoError(t, os.WriteFile("files/large.bin", large, 0o600))
	require.NoError(t, os.WriteFile("files/large.txt", []byte(base64.StdEncoding.EncodeToString(large)), 0o600))
	r := runtime.New(runtime.Options{Services: servicelist.Registry(), Adaptors: adaptorlist.Registry(), Listen: true, Address: "127.0.0.1:0", LogTo: io.Discard})
	t.Cleanup(func() { require.NoError(t, r.Close(context.Background())) })
	const config = `{"server": {"drain": "100ms"}, "services": [%s]}`
	require.NoError(t, r.Load(t.Context(), "services.json", fmt.Appendf(nil, config,
		`{"name": "f", "basePath": "/f", "service": "file", "adaptor": "file", "adaptorConfig": {"root": "files"}, "readRoles": "all"}`)))
	s := &server{Runtime: r}
	s.talk(t, "/f/large.bin")
	s.talk(t, "/f/large.txt", "Accept-Encoding: gzip")
	require.Equal(t, 2, openFiles(t, "large"))
	require.NoError(t, r.Load(t.Context(), "services.json", fmt.Appendf(nil, config, "")))
	assert.Eventually(t, func() bool { return openFiles(t, "large") == 0 }, 20*time.Second, 10*time.Millisecond)
}

// openFiles returns how many files this process has open with such a name.
func openFiles(t *testing.T, name string) (n int) {
	entries, err := os.ReadDir("/proc/self/fd")
	require.NoError(t, err)
	for _, entry := range entries {
		if path, err := os.Readlink("/proc/self/fd/" + entry.Name()); err == nil && strings.Contains(filepath.Base(path), name) {
			n++
		}
	}
	return n
}

// TestCloseDoesNotWaitForWhatLasts sees that upgraded connections, of edges
// before the current one too, keep nobody.
func TestCloseDoesNotWaitForWhatLasts(t *testing.T) {
	s := start(t, newProbe(), drainingIn(time.Hour, [3]string{"a", "/a", "one"}, [3]string{"b", "/b", "two"}))
	before := s.talk(t, "/a/upgrade")
	dropped := s.talk(t, "/b/upgrade")
	require.NoError(t, s.Load(t.Context(), "services.json", []byte(drainingIn(2*time.Hour, [3]string{"a", "/a", "one"}))))
	now := s.talk(t, "/a/upgrade")
	ended := make(chan error)
	go func() { ended <- s.Close(context.Background()) }()
	select {
	case err := <-ended:
		assert.NoError(t, err)
	case <-time.After(10 * time.Second):
		t.Fatal("Close waits for connections that never end")
	}
	for _, c := range []*talk{before, dropped, now} {
		assert.Error(t, c.goesOn(true))
	}
}
