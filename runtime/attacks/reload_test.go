package attacks

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// configReplaced is CONFIG-011. Each way of replacing the file is followed by a
// SIGHUP, so that it is known when the server has read it; that it notices
// changes by itself is tested with package configfile.
func configReplaced(t *testing.T, _ attack) {
	a := newArena(t)
	file := filepath.Join(a.dir, "services.json")
	version := func(n int) string { return withMount(t, mount(fmt.Sprintf("/v%d", n), "new", forAll)) }
	hangup := func(says string) {
		from := a.logEnd(t)
		a.signal(t, syscall.SIGHUP)
		a.awaitLog(t, from, says)
	}
	serves := func(n int) {
		t.Helper()
		for i := range 5 {
			want := 404
			if i == n {
				want = 200
			}
			assert.Equal(t, want, a.get(t, fmt.Sprintf("/v%d/", i)).status, "version %d, path /v%d/", n, i)
		}
	}
	write := func(name, content string) string {
		path := filepath.Join(a.dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o750))
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
		return path
	}

	require.NoError(t, os.Rename(write("next.json", version(1)), file))
	hangup(saysLoaded)
	serves(1)

	half, err := os.OpenFile(file, os.O_WRONLY|os.O_TRUNC, 0o600)
	require.NoError(t, err)
	text := version(2)
	_, err = half.WriteString(text[:len(text)/2])
	require.NoError(t, err)
	hangup(saysRefused)
	serves(1)
	_, err = half.WriteString(text[len(text)/2:])
	require.NoError(t, err)
	require.NoError(t, half.Close())
	hangup(saysLoaded)
	serves(2)

	write("..3/services.json", version(3))
	write("..4/services.json", version(4))
	data := filepath.Join(a.dir, "..data")
	require.NoError(t, os.Symlink("..3", data))
	require.NoError(t, os.Remove(file))
	require.NoError(t, os.Symlink("..data/services.json", file))
	hangup(saysLoaded)
	serves(3)
	require.NoError(t, os.Symlink("..4", data+"-new"))
	require.NoError(t, os.Rename(data+"-new", data))
	hangup(saysLoaded)
	serves(4)
	hangup(saysLoaded)
	serves(4)
}

// configUnderLoad is CONFIG-012. Each configuration has a directory of its own,
// so that one which stays open is found out, and every tenth has other settings
// of the server, so that a new edge takes over the socket.
func configUnderLoad(t *testing.T, _ attack) {
	const reloads, clients = max(1000/slowness, 200), 4
	a := newArena(t)
	version := func(n int) string {
		config := withMount(t, mount("/new", "new"+strconv.Itoa(n), forAll))
		return replaced(t, config, `127.0.0.1:0"`, fmt.Sprintf(`127.0.0.1:0", "drain": "%ds"`, 10+n/10))
	}
	a.reload(t, version(0), saysLoaded)
	before := a.vitals(t)
	load := startLoad(a.server, clients, "/pub/hello")
	for i := range reloads {
		a.reload(t, version(i+1), saysLoaded)
	}
	served, failures := load.stop()
	assert.Empty(t, failures)
	assert.Greater(t, served, int64(reloads), "requests beside %d reloads", reloads)
	t.Logf("%d requests beside %d reloads", served, reloads)
	a.assertSettled(t, before, keptMB)
	a.assertAlive(t)
}

// load is clients that ask for one path again and again, every second one on a
// new connection each time.
type load struct {
	cancel   context.CancelFunc
	workers  sync.WaitGroup
	served   atomic.Int64
	mu       sync.Mutex
	failures []string
}

func startLoad(s *server, clients int, path string) *load {
	ctx, cancel := context.WithCancel(context.Background())
	l := &load{cancel: cancel}
	for i := range clients {
		l.workers.Go(func() {
			client := &http.Client{Transport: &http.Transport{DisableKeepAlives: i%2 == 0}, Timeout: patience}
			defer client.CloseIdleConnections()
			for ctx.Err() == nil {
				l.note(client.Get("http://" + s.address + path))
				time.Sleep(time.Millisecond)
			}
		})
	}
	return l
}

func (l *load) note(reply *http.Response, err error) {
	if err == nil {
		_, _ = io.Copy(io.Discard, reply.Body)
		err = reply.Body.Close()
		if reply.StatusCode != http.StatusOK {
			err = fmt.Errorf("status %d", reply.StatusCode)
		}
	}
	if err == nil {
		l.served.Add(1)
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.failures = append(l.failures, err.Error())
}

func (l *load) stop() (served int64, failures []string) {
	l.cancel()
	l.workers.Wait()
	return l.served.Load(), l.failures
}

// configWhileSlow is CONFIG-013: 100 requests that are under way, and whose bodies
// have not come, when their mount goes away.
func configWhileSlow(t *testing.T, _ attack) {
	const slow, document, goOn = 100, `{"a":1}`, "HTTP/1.1 100 Continue\r\n\r\n"
	a := newArena(t)
	a.reload(t, withMount(t, mount("/new", "new", forAll)), saysLoaded)
	before := a.vitals(t)
	var open []net.Conn
	for i := range slow {
		c := a.dialFrom(t, 1)
		defer c.Close()
		open = append(open, c)
		head, _, _ := strings.Cut(string(a.message("PUT", fmt.Sprintf("/new/%d", i), a.admin, document,
			"Content-Type: application/json", "Expect: 100-continue")), "\r\n\r\n")
		_, err := io.WriteString(c, head+"\r\n\r\n")
		require.NoError(t, err)
	}
	for i, c := range open { // the body is awaited: the old configuration has the request
		require.NoError(t, c.SetReadDeadline(time.Now().Add(patience)))
		line := make([]byte, len(goOn))
		_, err := io.ReadFull(c, line)
		require.NoError(t, err)
		require.Equal(t, goOn, string(line), "request %d", i)
	}
	a.reload(t, fixtureConfig(t), saysLoaded)
	assert.Equal(t, 404, a.get(t, "/new/0").status, "a new request has the new configuration")
	a.assertAlive(t)
	for i, c := range open {
		_, err := io.WriteString(c, document)
		require.NoError(t, err)
		reply := receive(c, time.Now(), patience)
		assert.Equal(t, 201, reply.status, "request %d: %s", i, reply.body)
	}
	a.assertSettled(t, before, keptMB)
}

// configTwoAtOnce is CONFIG-017.
func configTwoAtOnce(t *testing.T, _ attack) {
	a := newArena(t)
	one := withMount(t, mount("/one", "one", forAll), mount("/both", "both", forAll))
	two := withMount(t, mount("/two", "two", forAll), mount("/both", "both", `"readRoles": "all"`))
	last := replaced(t, two, `"/two"`, `"/last"`)
	load := startLoad(a.server, 2, "/pub/hello")
	for i := range 51 {
		next := filepath.Join(a.dir, "next.json")
		config := []string{one, two}[i%2]
		if i == 50 {
			config = last
		}
		require.NoError(t, os.WriteFile(next, []byte(config), 0o600))
		require.NoError(t, os.Rename(next, filepath.Join(a.dir, "services.json")))
		a.signal(t, syscall.SIGHUP)
		a.signal(t, syscall.SIGHUP)
	}
	assert.Eventually(t, func() bool { return a.get(t, "/last/").status == 200 }, patience, 5*time.Millisecond, "the last one wins")
	_, failures := load.stop()
	assert.Empty(t, failures)
	for _, path := range []string{"/one/", "/two/"} {
		assert.Equal(t, 404, a.get(t, path).status, "no mix: %s", path)
	}
	assert.Equal(t, 403, a.put(t, "/both/x", "{}").status, "no mix")
	assert.NotContains(t, a.logged(), "restspace: services.json:")
	a.assertAlive(t)
}
