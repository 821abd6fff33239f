package cluster

import (
	"fmt"
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

	"github.com/seed90475182/restspace/adaptors/s3store/s3test"
)

// patience is how long a test waits for what has to come.
const patience = 20 * time.Second

// services is the configuration of all servers. next leads to the documents by
// way of another server. That the machine is busy is no error here: hence delay.
const services = `{
  "server": {
    "listen": {"$env": "ADDRESS"}, "drain": "5s",
    "hosts": [{"$env": "ADDRESS"}], "peers": [{"$env": "PEER"}, {"$env": "OTHER"}],
    "limits": {"timeout": "4s", "delay": "1m"}
  },
  "services": [
    {"name": "docs", "basePath": "/docs", "service": "json", "readRoles": "all", "writeRoles": "all",
      "adaptor": "s3", "adaptorConfig": {"bucket": "BUCKET", "prefix": "docs", "endpoint": {"$env": "STORAGE"}}},
    {"name": "mine", "basePath": "/mine", "service": "json", "readRoles": "{email}", "writeRoles": "{email}",
      "adaptor": "s3", "adaptorConfig": {"bucket": "BUCKET", "prefix": "mine", "endpoint": {"$env": "STORAGE"}}},
    {"name": "next", "basePath": "/next", "service": "remote", "readRoles": "all", "writeRoles": "all",
      "url": {"$env": "NEXT"}}MORE
  ]
}`

// A fleet is servers with one configuration and one storage.
type fleet struct {
	program string
	storage *s3test.Server
	bucket  string
	servers []*server
}

// size is how many servers there are.
const size = 3

// A server is one of a fleet, which runs or not.
type server struct {
	*fleet
	number    int
	address   string
	dir       string
	wire      *wire
	transport *http.Transport
	cmd       *exec.Cmd
	ended     chan struct{}
}

// newFleet starts servers on 127.0.0.1, 127.0.0.2 and so on.
func newFleet(t *testing.T) *fleet {
	t.Helper()
	f := &fleet{program: build(t), storage: s3test.Start(t)}
	f.bucket = f.storage.Bucket(t)
	for i := range size {
		f.servers = append(f.servers, &server{
			fleet: f, number: i, address: free(t, fmt.Sprintf("127.0.0.%d", i+1)), dir: t.TempDir(),
			wire:      newWire(t, strings.TrimPrefix(f.storage.Endpoint, "http://")),
			transport: &http.Transport{MaxIdleConnsPerHost: 64, DisableCompression: true},
		})
	}
	f.upload(t, "")
	f.servers[0].run(t, "token", "nobody@example.com") // which makes the keys
	key, err := os.ReadFile(filepath.Join(f.servers[0].dir, "data", "auth.key"))
	require.NoError(t, err)
	for _, s := range f.servers {
		require.NoError(t, os.MkdirAll(filepath.Join(s.dir, "data"), 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(s.dir, "data", "auth.key"), key, 0o600))
		s.start(t)
	}
	for _, s := range f.servers {
		s.await(t)
	}
	return f
}

// free returns an address that nobody listens at.
func free(t *testing.T, host string) string {
	t.Helper()
	l, err := net.Listen("tcp", host+":0")
	require.NoError(t, err)
	defer l.Close()
	return l.Addr().String()
}

// upload puts a configuration into the bucket, with more services.
func (f *fleet) upload(t *testing.T, more string) {
	t.Helper()
	dir := t.TempDir()
	text := strings.NewReplacer("BUCKET", f.bucket, "MORE", more).Replace(services)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "services.json"), []byte(text), 0o600))
	f.servers[0].run(t, "copy", "file://"+dir, "s3://"+f.bucket+"/conf?endpoint="+f.storage.Endpoint)
}

// environment returns what differs between the servers.
func (s *server) environment() []string {
	peer, other := s.servers[(s.number+1)%size], s.servers[(s.number+2)%size]
	return append(os.Environ(),
		"AWS_ACCESS_KEY_ID="+s.storage.AccessKeyID, "AWS_SECRET_ACCESS_KEY="+s.storage.SecretAccessKey,
		"ADDRESS="+s.address, "PEER="+peer.address, "OTHER="+other.address,
		"STORAGE=http://"+s.wire.address(), "NEXT=http://"+peer.address+"/docs")
}

// run runs a command in the place of the server, and returns what it prints.
func (s *server) run(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.Command(s.program, append(args, "--config", s.config())...)
	cmd.Dir, cmd.Env = s.dir, s.environment()
	said, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", said)
	return strings.TrimSpace(string(said))
}

func (s *server) config() string {
	return "s3://" + s.bucket + "/conf/services.json?endpoint=http://" + s.wire.address()
}

// start starts the process and does not wait for it.
func (s *server) start(t *testing.T) {
	t.Helper()
	log, err := os.OpenFile(filepath.Join(s.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	require.NoError(t, err)
	defer log.Close()
	cmd, ended := exec.Command(s.program, "serve", "--config", s.config()), make(chan struct{})
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = s.dir, s.environment(), log, log
	require.NoError(t, cmd.Start())
	go func() {
		_ = cmd.Wait() // how it ended is looked at where that matters
		close(ended)
	}()
	s.cmd, s.ended = cmd, ended
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-ended
		s.transport.CloseIdleConnections()
		assert.NotRegexp(t, `(?m)^(panic|fatal error)`, s.logged())
	})
}

func (s *server) logged() string {
	log, _ := os.ReadFile(filepath.Join(s.dir, "log"))
	return string(log)
}

// await waits until the server answers.
func (s *server) await(t *testing.T) {
	t.Helper()
	for deadline := time.Now().Add(patience); !s.answers("/healthz"); time.Sleep(20 * time.Millisecond) {
		require.True(t, time.Now().Before(deadline), "server %d does not serve:\n%s", s.number, s.logged())
	}
}

// answers reports whether the server answers a GET with 200.
func (s *server) answers(path string) bool {
	reply, err := (&http.Client{Transport: s.transport, Timeout: 5 * time.Second}).Get("http://" + s.address + path)
	if err != nil {
		return false
	}
	_ = reply.Body.Close()
	return reply.StatusCode == http.StatusOK
}

// kill ends the process without a word.
func (s *server) kill() {
	_ = s.cmd.Process.Kill() // it runs
	<-s.ended
}

// stop ends the process as its owner would.
func (s *server) stop(t *testing.T) {
	t.Helper()
	require.NoError(t, s.cmd.Process.Signal(syscall.SIGTERM))
	select {
	case <-s.ended:
		assert.Zero(t, s.cmd.ProcessState.ExitCode(), "exit code of server %d", s.number)
	case <-time.After(patience):
		require.Fail(t, "the server does not end", s.logged())
	}
}
