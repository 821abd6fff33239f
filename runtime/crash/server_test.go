package crash

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// unsafe is the variable of the environment that says what a control leaves
// out.
const unsafe = "RESTSPACE_UNSAFE"

// patience is how long a test waits for what has to come.
const patience = 20 * time.Second

// services mounts a directory of data for JSON documents and one for files.
const services = `{
  "server": { "listen": "127.0.0.1:0" },
  "services": [
    { "name": "json", "basePath": "/json", "service": "json",
      "adaptor": "file", "adaptorConfig": { "root": "data/json" }, "readRoles": "all", "writeRoles": "all" },
    { "name": "files", "basePath": "/files", "service": "file",
      "adaptor": "file", "adaptorConfig": { "root": "data/files" }, "readRoles": "all", "writeRoles": "all" }
  ]
}`

// roots are the directories that the services have, in the directory data.
var roots = [...]string{"json", "files"}

// place is a directory that servers run in, one after the other.
type place struct {
	dir     string
	program string
	unsafe  string
}

// newPlace makes a place for a program. leaveOut is what it leaves out, if it
// is the control.
func newPlace(t *testing.T, program func() (string, error), leaveOut string) *place {
	t.Helper()
	path, err := program()
	require.NoError(t, err)
	p := &place{dir: t.TempDir(), program: path, unsafe: leaveOut}
	require.NoError(t, os.WriteFile(filepath.Join(p.dir, "services.json"), []byte(services), 0o600))
	require.NoError(t, os.Mkdir(p.data(), 0o750))
	t.Cleanup(func() { assert.NotRegexp(t, `(?m)^(panic|fatal error)`, p.logged(t), "the log") })
	return p
}

// data returns a path in the directory of data.
func (p *place) data(names ...string) string {
	return filepath.Join(append([]string{p.dir, "data"}, names...)...)
}

func (p *place) logged(t *testing.T) string {
	t.Helper()
	log, err := os.ReadFile(filepath.Join(p.dir, "log"))
	assert.NoError(t, err)
	return string(log)
}

// server is a server as a process of its own.
type server struct {
	*http.Client
	cmd    *exec.Cmd
	said   *address
	url    string
	ended  chan struct{} // closed when the process has
	ending atomic.Bool   // somebody is about to end it, or its disk
}

// launch starts a server and does not wait for it. It is killed at the end of
// the test at the latest.
func (p *place) launch(t *testing.T) *server {
	t.Helper()
	log, err := os.OpenFile(filepath.Join(p.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	require.NoError(t, err)
	defer log.Close()
	s := &server{
		Client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: maxClients, DisableCompression: true}, Timeout: patience},
		cmd:    exec.Command(p.program, "serve"),
		said:   &address{found: make(chan string, 1)},
		ended:  make(chan struct{}),
	}
	s.cmd.Dir = p.dir
	s.cmd.Env = append(os.Environ(), unsafe+"="+p.unsafe)
	s.cmd.Stdout, s.cmd.Stderr = s.said, log
	require.NoError(t, s.cmd.Start())
	go func() {
		_ = s.cmd.Wait() // it is killed, or stop looks at how it ended
		close(s.ended)
	}()
	t.Cleanup(s.kill)
	return s
}

// start starts a server and waits until it serves. What a crash left of bodies
// on their way is gone then.
func (p *place) start(t *testing.T) *server {
	t.Helper()
	s := p.launch(t)
	select {
	case s.url = <-s.said.found:
	case <-s.ended:
		require.Fail(t, "the server ended", p.logged(t))
	case <-time.After(patience):
		require.Fail(t, "the server does not serve", p.logged(t))
	}
	for _, root := range roots {
		left, err := os.ReadDir(p.data(root, ".tmp"))
		require.NoError(t, err)
		assert.Empty(t, left, "temporary files of %s", root)
	}
	return s
}

// kill ends the process without a word.
func (s *server) kill() {
	s.ending.Store(true)
	_ = s.cmd.Process.Kill() // it may have ended
	<-s.ended
	s.CloseIdleConnections()
}

// stop ends the server as its owner would, and holds it to have ended well.
func (s *server) stop(t *testing.T) {
	t.Helper()
	s.ending.Store(true)
	s.CloseIdleConnections() // it waits for those that had no request yet
	require.NoError(t, s.cmd.Process.Signal(syscall.SIGTERM))
	select {
	case <-s.ended:
		assert.Zero(t, s.cmd.ProcessState.ExitCode(), "exit code")
	case <-time.After(patience):
		assert.Fail(t, "the server does not end")
		s.kill()
	}
}

// address finds the address of a server in what it prints.
type address struct {
	printed []byte
	found   chan string
}

var addressForm = regexp.MustCompile(`(?m)^(http://\S+)\n`)

func (a *address) Write(p []byte) (int, error) {
	a.printed = append(a.printed, p...)
	if found := addressForm.FindSubmatch(a.printed); found != nil {
		select {
		case a.found <- string(found[1]):
		default: // it is known
		}
	}
	return len(p), nil
}
