package attacks

import (
	"fmt"
	"io"
	"math"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// server is a server as a process of its own.
type server struct {
	*place
	address string
	pid     int
	cmd     *exec.Cmd
	log     string        // the file of its standard error
	ended   chan struct{} // closed when the process has
	admin   string        // a token
}

// patience is how long a test waits for what has to come.
const patience = 20 * time.Second

// start starts a server in the place and waits until it has printed its
// address. It is stopped at the end of the test.
func (p *place) start(t *testing.T, changes ...func(*exec.Cmd)) *server {
	t.Helper()
	s := &server{place: p, ended: make(chan struct{}), admin: p.token(t, "admin")}
	s.cmd = program(p, "serve", "--config", "services.json")
	for _, change := range changes {
		change(s.cmd)
	}
	out, err := os.CreateTemp(p.dir, "out-*")
	require.NoError(t, err)
	log, err := os.CreateTemp(p.dir, "log-*")
	require.NoError(t, err)
	s.log = log.Name()
	s.cmd.Stdout, s.cmd.Stderr = out, log
	require.NoError(t, s.cmd.Start())
	s.pid = s.cmd.Process.Pid
	go func() {
		_ = s.cmd.Wait() // stop looks at how it ended
		close(s.ended)
	}()
	t.Cleanup(func() { s.stop(t) })
	require.Eventually(t, func() bool {
		data, _ := os.ReadFile(out.Name())
		found := addressForm.FindSubmatch(data)
		if found != nil {
			s.address = string(found[1])
		}
		return found != nil || s.gone()
	}, patience, 2*time.Millisecond, "no address was printed")
	require.False(t, s.gone(), "the server ended: %s", s.logged())
	return s
}

var addressForm = regexp.MustCompile(`(?m)^http://(\S+)\n`)

// program returns the program that is attacked, not started yet.
func program(p *place, args ...string) *exec.Cmd {
	cmd := exec.Command("/proc/self/exe", args...)
	cmd.Dir = p.dir
	cmd.Env = append(os.Environ(), asServer+"=1", "GORACE=exitcode=66")
	return cmd
}

func (s *server) gone() bool {
	select {
	case <-s.ended:
		return true
	default:
		return false
	}
}

// signal sends a signal to the process.
func (s *server) signal(t *testing.T, signal os.Signal) {
	t.Helper()
	require.NoError(t, s.cmd.Process.Signal(signal))
}

// stop ends the server, if it still runs, and holds it to have ended well.
func (s *server) stop(t *testing.T) {
	t.Helper()
	if !s.gone() {
		s.signal(t, syscall.SIGTERM)
		s.wait(t)
		assert.Zero(t, s.cmd.ProcessState.ExitCode(), "exit code; log: %s", s.logged())
	}
	assert.NotRegexp(t, `(?m)^(panic|fatal error|WARNING: DATA RACE)`, s.logged())
}

// wait waits for the end of the process.
func (s *server) wait(t *testing.T) {
	t.Helper()
	select {
	case <-s.ended:
	case <-time.After(patience):
		_ = s.cmd.Process.Kill()
		<-s.ended
		t.Errorf("the server had to be killed; log: %s", s.logged())
	}
}

// kill ends the process without a word.
func (s *server) kill(t *testing.T) {
	t.Helper()
	s.signal(t, syscall.SIGKILL)
	s.wait(t)
}

// logged returns the log so far.
func (s *server) logged() string { return s.loggedSince(0) }

// loggedSince returns the log from an offset on.
func (s *server) loggedSince(from int64) string {
	file, err := os.Open(s.log)
	if err != nil {
		return err.Error()
	}
	defer file.Close()
	data, err := io.ReadAll(io.NewSectionReader(file, from, math.MaxInt64-from))
	if err != nil {
		return err.Error()
	}
	return string(data)
}

// logEnd returns the offset at which the log ends now.
func (s *server) logEnd(t *testing.T) int64 {
	t.Helper()
	info, err := os.Stat(s.log)
	require.NoError(t, err)
	return info.Size()
}

// awaitLog waits until the log has what matches from an offset on, and returns
// what it has then.
func (s *server) awaitLog(t *testing.T, from int64, pattern string) string {
	t.Helper()
	form := regexp.MustCompile(pattern)
	for end := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		log := s.loggedSince(from)
		if form.MatchString(log) {
			return log
		}
		require.True(t, time.Now().Before(end), "waited for %s in the log: %s", pattern, log)
	}
}

// reload has the server read its configuration again and waits for what it
// says to that.
func (s *server) reload(t *testing.T, config, says string) string {
	t.Helper()
	s.configure(t, config)
	from := s.logEnd(t)
	s.signal(t, syscall.SIGHUP)
	log := s.awaitLog(t, from, saysLoaded+"|"+saysRefused)
	require.Regexp(t, says, log)
	return log
}

// What a server says to a reload.
const (
	saysLoaded  = `(?m)^restspace: loaded .*\n`
	saysRefused = `(?m)^restspace: what is served stays as it was\n`
)

// request makes a request with a token, "" being nobody's, and fields of the
// form "Name: value".
func (s *server) request(t *testing.T, method, path, token, body string, fields ...string) *answer {
	t.Helper()
	a, err := s.try(method, path, token, body, fields...)
	require.NoError(t, err, "%s %s", method, path)
	return a
}

func (s *server) try(method, path, token, body string, fields ...string) (*answer, error) {
	return send(s.address, []step{{data: s.message(method, path, token, body, fields...)}}, patience)
}

// message is a request as it stands on the wire.
func (s *server) message(method, path, token, body string, fields ...string) []byte {
	var m strings.Builder
	fmt.Fprintf(&m, "%s %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n", method, path, s.address)
	if token != "" {
		fmt.Fprintf(&m, "Authorization: Bearer %s\r\n", token)
	}
	if body != "" {
		fmt.Fprintf(&m, "Content-Length: %d\r\n", len(body))
	}
	for _, field := range fields {
		m.WriteString(field + "\r\n")
	}
	return []byte(m.String() + "\r\n" + body)
}

// get reads a path as an administrator.
func (s *server) get(t *testing.T, path string, fields ...string) *answer {
	t.Helper()
	return s.request(t, http.MethodGet, path, s.admin, "", fields...)
}

// put writes to a path as an administrator.
func (s *server) put(t *testing.T, path, body string, fields ...string) *answer {
	t.Helper()
	return s.request(t, http.MethodPut, path, s.admin, body, append(fields, "Content-Type: "+typeOf(path))...)
}

// typeOf returns the media type of what a test writes to a path.
func typeOf(path string) string {
	switch {
	case !strings.HasPrefix(path, "/files/"):
		return "application/json"
	case filepath.Ext(path) == ".html":
		return "text/html"
	case filepath.Ext(path) == ".svg":
		return "image/svg+xml"
	}
	return "application/octet-stream"
}
