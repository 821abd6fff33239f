// Package s3test runs a real S3 server for tests: versitygw, which keeps the
// objects of a bucket as files of a directory.
//
// make testdeps builds it once, from the module in ../testserver, into the
// cache directory of the user. Where it is not, tests are skipped.
package s3test

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// version is that of the module in ../testserver.
const version = "v1.8.0"

// startTime is how long a server may take until it answers.
const startTime = 20 * time.Second

// A Server is a process that speaks S3. It ends with the test that started it.
type Server struct {
	Endpoint        string
	Direct          string // the server's own URL, for measurements: past Intercept
	AccessKeyID     string
	SecretAccessKey string

	front   *front
	root    string // has the buckets as directories
	buckets atomic.Int32
}

// Program returns where the server's program is once it is built.
func Program() (string, error) {
	cache := os.Getenv("XDG_CACHE_HOME")
	if cache == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", err
		}
		cache = filepath.Join(home, ".cache")
	}
	return filepath.Join(cache, "restspace", "versitygw-"+version), nil
}

// Start starts a server, and skips the test where none was built.
func Start(t testing.TB) *Server {
	program, err := Program()
	require.NoError(t, err)
	if _, err := os.Stat(program); err != nil {
		t.Skipf("NOT TESTED AGAINST A REAL S3 SERVER: %v: make testdeps builds it", err)
	}
	s := &Server{AccessKeyID: "test", SecretAccessKey: "secret-of-test", root: t.TempDir()}
	address := freeAddress(t)
	server := exec.Command(program, "--port", address, "--access", s.AccessKeyID, "--secret", s.SecretAccessKey, "--quiet", "--health", "/health", "posix", s.root)
	server.Dir = t.TempDir()
	var output strings.Builder
	server.Stdout, server.Stderr = &output, &output
	server.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	require.NoError(t, server.Start())
	ended := make(chan struct{})
	go func() { _ = server.Wait(); close(ended) }()
	t.Cleanup(func() {
		_ = server.Process.Kill()
		<-ended
		if t.Failed() {
			t.Logf("the S3 server says: %s", output.String())
		}
	})
	s.Direct = "http://" + address
	await(t, s.Direct+"/health", ended)
	s.front, s.Endpoint = newFront(t, address, s.root)
	return s
}

// freeAddress returns one that nobody listens at.
func freeAddress(t testing.TB) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	return l.Addr().String()
}

// await waits until the server answers.
func await(t testing.TB, url string, ended <-chan struct{}) {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: time.Second}
	for deadline := time.Now().Add(startTime); ; {
		reply, err := client.Get(url)
		if err == nil {
			_ = reply.Body.Close()
			return
		}
		select {
		case <-ended:
			require.FailNow(t, "the S3 server ended at once")
		case <-time.After(20 * time.Millisecond):
		}
		require.True(t, time.Now().Before(deadline), "the S3 server does not answer: %v", err)
	}
}

// Intercept has f see all requests from now on; nil lets them pass.
func (s *Server) Intercept(f Interceptor) {
	if f == nil {
		s.front.intercept.Store(nil)
		return
	}
	s.front.intercept.Store(&f)
}

// Bucket makes a bucket, and returns its name.
func (s *Server) Bucket(t testing.TB) string {
	name := fmt.Sprintf("bucket-%d", s.buckets.Add(1))
	require.NoError(t, os.Mkdir(s.Dir(name), 0o700))
	return name
}

// Dir returns the directory that has the objects of a bucket as files.
func (s *Server) Dir(bucket string) string { return filepath.Join(s.root, bucket) }

// WriteFile writes an object past the server, which then knows nothing else of
// it.
func (s *Server) WriteFile(t testing.TB, bucket, name, content string) {
	require.NoError(t, os.WriteFile(filepath.Join(s.Dir(bucket), name), []byte(content), 0o600))
}

// RemoveBucket removes a bucket with all that is in it.
func (s *Server) RemoveBucket(t testing.TB, name string) {
	require.NoError(t, os.RemoveAll(s.Dir(name)))
}

// Unfinished returns how many uploads to a bucket were neither completed nor
// aborted.
func (s *Server) Unfinished(t testing.TB, bucket string) int {
	found, err := filepath.Glob(filepath.Join(s.Dir(bucket), ".sgwtmp", "multipart", "*", "*"))
	require.NoError(t, err)
	return len(found)
}
