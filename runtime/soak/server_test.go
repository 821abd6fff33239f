package soak

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// patience is how long a test waits for what has to come.
const patience = 20 * time.Second

// module is where the programs are.
const module = "github.com/seed90475182/restspace/"

// configuration has two forms, which change a pipeline, and whether there is a
// store of its own. The other mounts go on.
func configuration(upstream string, other bool) string {
	turn, more := "a", ""
	if other {
		turn, more = "b", `,
    {"name": "now-and-then", "basePath": "/now-and-then", "service": "json", "readRoles": "all", "adaptor": "file", "adaptorConfig": {"root": "data/more"}}`
	}
	return fmt.Sprintf(`{
  "server": {"listen": "127.0.0.1:0", "adminListen": "127.0.0.1:0", "log": {"level": "error"}},
  "services": [
    {"name": "docs", "basePath": "/docs", "service": "json", "readRoles": "all", "writeRoles": "all", "adaptor": "file", "adaptorConfig": {"root": "data/docs"}},
    {"name": "kept", "basePath": "/kept", "service": "json", "readRoles": "all", "writeRoles": "all", "adaptor": "./plugin-memory"},
    {"name": "up", "basePath": "/up", "service": "proxy", "readRoles": "all", "url": "%s"},
    {"name": "turn", "basePath": "/turn", "service": "pipeline", "readRoles": "all", "pipeline": [{"turn": "'%s'"}]},
    {"name": "both", "basePath": "/both", "service": "pipeline", "readRoles": "all", "pipeline": [["GET /docs/$>0 :doc", "GET /up/$>0 :up"], "jsonObject"]}%s
  ]
}`, upstream, turn, more)
}

// pad makes an answer of the upstream a page.
var pad = strings.Repeat("0123456789abcdef", 64)

// newUpstream starts what the proxy has behind it. It answers with the path.
func newUpstream(t *testing.T) string {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"path":%q,"pad":%q}`, r.URL.Path, pad)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// server is a process that serves the configuration.
type server struct {
	dir, upstream string
	cmd           *exec.Cmd
	url, admin    string
}

// start builds and starts one. It ends with the test.
func start(t *testing.T) *server {
	t.Helper()
	s := &server{dir: t.TempDir(), upstream: newUpstream(t)}
	for name, from := range map[string]string{"restspace": "runtime/cmd/restspace", "plugin-memory": "examples/plugin-memory"} {
		out, err := exec.Command("go", "build", "-trimpath", "-o", s.path(name), module+from).CombinedOutput()
		require.NoError(t, err, string(out))
	}
	require.NoError(t, os.Mkdir(s.path("tmp"), 0o700))
	require.NoError(t, os.WriteFile(s.path("services.json"), []byte(configuration(s.upstream, false)), 0o600))
	out, err := os.Create(s.path("out"))
	require.NoError(t, err)
	defer out.Close()
	s.cmd = exec.Command(s.path("restspace"), "serve")
	s.cmd.Dir, s.cmd.Env = s.dir, append(os.Environ(), "TMPDIR="+s.path("tmp"))
	s.cmd.Stdout, s.cmd.Stderr = out, out
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	require.NoError(t, s.cmd.Start())
	t.Cleanup(func() {
		if s.cmd.ProcessState == nil {
			_ = s.cmd.Process.Kill()
			_ = s.cmd.Wait()
		}
	})
	addresses := regexp.MustCompile(`(?m)^(http://\S+) answers .*\n(http://\S+)\n`)
	require.Eventually(t, func() bool { return addresses.MatchString(s.said(t)) }, patience, 10*time.Millisecond, "the server does not start")
	found := addresses.FindStringSubmatch(s.said(t))
	s.admin, s.url = found[1], found[2]
	return s
}

func (s *server) path(name string) string { return filepath.Join(s.dir, name) }

func (s *server) said(t *testing.T) string {
	text, err := os.ReadFile(s.path("out"))
	require.NoError(t, err)
	return string(text)
}

// reload changes the configuration to one of its forms, and waits until that is
// served.
func (s *server) reload(t *testing.T, other bool) {
	t.Helper()
	require.NoError(t, os.WriteFile(s.path("next.json"), []byte(configuration(s.upstream, other)), 0o600))
	require.NoError(t, os.Rename(s.path("next.json"), s.path("services.json")))
	want := map[bool]string{false: `{"turn":"a"}`, true: `{"turn":"b"}`}[other]
	require.Eventually(t, func() bool { return read(t, s.url+"/turn") == want }, patience, 20*time.Millisecond, "the configuration has changed, and the server has not")
}

// kill ends the plugin's process.
func (s *server) kill(t *testing.T) {
	t.Helper()
	for _, pid := range s.plugins(t) {
		require.NoError(t, syscall.Kill(pid, syscall.SIGKILL))
	}
}

// plugins returns the processes of the server that are its plugin's: one, unless
// it is being started.
func (s *server) plugins(t *testing.T) (pids []int) {
	for _, pid := range s.children(t) {
		if program, _ := os.Readlink(fmt.Sprintf("/proc/%d/exe", pid)); program == s.path("plugin-memory") {
			pids = append(pids, pid)
		}
	}
	return pids
}

// children returns the processes that the server has started.
func (s *server) children(t *testing.T) (pids []int) {
	lists, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", s.cmd.Process.Pid))
	require.NoError(t, err)
	for _, list := range lists {
		text, _ := os.ReadFile(list) // a thread may have ended
		for _, word := range strings.Fields(string(text)) {
			pid, err := strconv.Atoi(word)
			require.NoError(t, err)
			pids = append(pids, pid)
		}
	}
	return pids
}

// metric returns one of the server's numbers.
func (s *server) metric(t *testing.T, name string) float64 {
	t.Helper()
	return metricOf(t, read(t, s.admin+"/metrics"), name)
}

// restarts returns how often the plugin was started again.
func (s *server) restarts(t *testing.T) float64 {
	return s.metric(t, `restspace_plugin_restarts_total{adaptor="./plugin-memory",service="kept",slot="adaptor"}`)
}

// metricOf returns a number of a text of the Prometheus format.
func metricOf(t *testing.T, text, name string) float64 {
	t.Helper()
	for line := range strings.Lines(text) {
		if value, ok := strings.CutPrefix(strings.TrimPrefix(line, "restspace_"), strings.TrimPrefix(name, "restspace_")+" "); ok {
			number, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
			require.NoError(t, err, line)
			return number
		}
	}
	require.Fail(t, "no metric "+name)
	return 0
}

// read returns what a URL answers.
func read(t *testing.T, url string) string {
	t.Helper()
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patience}
	reply, err := client.Get(url)
	require.NoError(t, err)
	defer reply.Body.Close()
	body, err := io.ReadAll(reply.Body)
	require.NoError(t, err)
	return string(body)
}

// end has the server end as an operator does, and looks at what it leaves.
func (s *server) end(t *testing.T) {
	t.Helper()
	require.NoError(t, s.cmd.Process.Signal(syscall.SIGTERM))
	assert.NoError(t, s.cmd.Wait())
	left, err := os.ReadDir(s.path("tmp"))
	require.NoError(t, err)
	assert.Empty(t, left, "temporary files that are left")
	assert.NotRegexp(t, `(?m)^(panic|fatal error)`, s.said(t))
}
