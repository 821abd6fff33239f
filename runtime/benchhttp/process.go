package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// The cores of the server under test, and of its clients and its upstream.
const (
	serverCore = "0"
	clientCore = "1"
)

// readyPath is answered by each server once it serves.
const readyPath = "/lib/bypass"

// A server is a process under test.
type server struct {
	name    string
	address string
	pid     int
	began   time.Time // just before it was executed
	cancel  context.CancelFunc
	exited  chan struct{} // closed when the process has ended
	err     error         // how it ended
	stderr  bytes.Buffer  // both to be read after exited only
}

// launch starts a server that will listen on address, on a core or on several
// with commas between them. The caller stops it.
func launch(ctx context.Context, cores, name, address string, command ...string) (*server, error) {
	ctx, cancel := context.WithCancel(ctx)
	s := &server{name: name, address: address, cancel: cancel, exited: make(chan struct{})}
	cmd := exec.CommandContext(ctx, "taskset", slices.Concat([]string{"-c", cores}, command)...)
	cmd.Env = append(os.Environ(), "GOMAXPROCS="+strconv.Itoa(1+strings.Count(cores, ",")))
	cmd.Stderr = &s.stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 5 * time.Second
	s.began = time.Now()
	if err := cmd.Start(); err != nil {
		cancel()
		return nil, err
	}
	s.pid = cmd.Process.Pid // taskset becomes the server
	go func() {
		s.err = cmd.Wait()
		close(s.exited)
	}()
	return s, nil
}

// stop ends the process and waits for its end.
func (s *server) stop() {
	s.cancel()
	<-s.exited
}

// ready waits for the first good answer of a server.
func (s *server) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.address+readyPath, nil)
	if err != nil {
		return err
	}
	transport := &http.Transport{DisableKeepAlives: true}
	for {
		response, err := transport.RoundTrip(request)
		if err == nil {
			err = fmt.Errorf("status %d", response.StatusCode)
			_ = response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-s.exited:
			return fmt.Errorf("%s ended (%w): %s", s.name, s.err, bytes.TrimSpace(s.stderr.Bytes()))
		case <-ctx.Done():
			return fmt.Errorf("%s does not answer %s: %w", s.name, readyPath, err)
		case <-time.After(100 * time.Microsecond):
		}
	}
}

// freeAddress returns an address of this machine that nobody listens on.
func freeAddress() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return listener.Addr().String(), listener.Close()
}

// clockTick is the unit of times in /proc: USER_HZ is 100 on all machines that
// Go supports (proc_pid_stat(5)).
const clockTick = time.Second / 100

// cpu returns the time that a process has spent on a core, its children
// excepted.
func (s *server) cpu() (time.Duration, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.pid))
	if err != nil {
		return 0, err
	}
	return parseStat(string(stat))
}

// parseStat adds utime and stime, fields 14 and 15, of a /proc/PID/stat.
func parseStat(stat string) (time.Duration, error) {
	rest := stat[strings.LastIndexByte(stat, ')')+1:] // field 2, the name, may hold anything
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0, fmt.Errorf("/proc/PID/stat is %q", stat)
	}
	user, err := strconv.ParseInt(fields[11], 10, 64)
	if err != nil {
		return 0, err
	}
	system, err := strconv.ParseInt(fields[12], 10, 64)
	return time.Duration(user+system) * clockTick, err
}

// Lines of a /proc/PID/status.
const (
	peakMemory = "VmHWM"
	idleMemory = "VmRSS"
)

// memory returns a line of what a process uses, in megabytes.
func (s *server) memory(line string) (float64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.pid))
	if err != nil {
		return 0, err
	}
	return parseStatus(string(status), line)
}

// parseStatus reads a line such as "VmHWM:    12345 kB".
func parseStatus(status, line string) (float64, error) {
	_, rest, found := strings.Cut("\n"+status, "\n"+line+":")
	value, _, _ := strings.Cut(rest, " kB")
	kibibytes, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
	if !found || err != nil {
		return 0, fmt.Errorf("/proc/PID/status has no %s", line)
	}
	return kibibytes * 1024 / 1e6, nil
}
