package host

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin/runner"
)

// execution runs a program in a process group of its own, with pipes for its
// three standard files: it has ended when its process has, whatever children
// it leaves behind, which end with it. It is the runner.Runner of go-plugin.
type execution struct {
	settings *settings
	output   *output        // what it prints, on its way to the log
	line     *line          // the first line of its standard output
	stdout   *io.PipeReader // that line, and then nothing until it ends
	stderr   *io.PipeReader // nothing until it ends

	cmd   *exec.Cmd
	stdin *os.File      // our end: closing it tells the program to end
	ended chan struct{} // closed when the process has; nil before it has started
	err   error         // how it ended, once ended is closed
}

func newExecution(s *settings, log *slog.Logger) *execution {
	return &execution{settings: s, output: newOutput(log), line: &line{}}
}

// runner takes the command that go-plugin has prepared: its environment is the
// protocol's.
func (e *execution) runner(_ hclog.Logger, cmd *exec.Cmd, _ string) (runner.Runner, error) {
	for name, value := range e.settings.Env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	e.cmd = exec.Command(e.settings.Path)
	e.cmd.Env = cmd.Env
	e.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return e, nil
}

// Start is part of runner.Runner.
func (e *execution) Start(context.Context) error {
	var theirs, ours [3]*os.File
	defer func() {
		for _, f := range theirs {
			f.Close() // a nil *os.File says that it is invalid
		}
	}()
	for i := range theirs {
		read, write, err := os.Pipe()
		if err != nil {
			closeAll(ours[:])
			return err
		}
		if theirs[i], ours[i] = write, read; i == 0 {
			theirs[i], ours[i] = read, write
		}
	}
	e.cmd.Stdin, e.cmd.Stdout, e.cmd.Stderr = theirs[0], theirs[1], theirs[2]
	if err := e.cmd.Start(); err != nil {
		closeAll(ours[:])
		return err
	}
	e.stdin, e.ended = ours[0], make(chan struct{})
	e.follow(ours[1], ours[2])
	return nil
}

func closeAll(files []*os.File) {
	for _, f := range files {
		f.Close()
	}
}

// lastWords is for how long the pipes of a process that has ended are read.
const lastWords = 200 * time.Millisecond

// follow copies what the program prints to where it belongs, and waits for its
// end.
func (e *execution) follow(stdout, stderr *os.File) {
	var toStdout, toStderr *io.PipeWriter
	e.stdout, toStdout = io.Pipe()
	e.stderr, toStderr = io.Pipe()
	e.line.to, e.line.rest = toStdout, e.output
	forget := guard(e.cmd.Process.Pid)
	var copying sync.WaitGroup
	copying.Go(func() { _, _ = io.Copy(e.line, stdout) })
	copying.Go(func() { _, _ = io.Copy(e.output, stderr) })
	go func() {
		e.err = e.cmd.Wait()
		_ = syscall.Kill(-e.cmd.Process.Pid, syscall.SIGKILL) // its children
		forget()
		deadline := time.Now().Add(lastWords)
		_, _ = stdout.SetReadDeadline(deadline), stderr.SetReadDeadline(deadline)
		copying.Wait()
		closeAll([]*os.File{stdout, stderr, e.stdin})
		toStdout.Close()
		toStderr.Close()
		close(e.ended)
	}()
}

// end has the program end, by force after grace.
func (e *execution) end(grace time.Duration) {
	if e.ended == nil {
		return
	}
	e.stdin.Close()
	select {
	case <-e.ended:
		return
	case <-time.After(grace):
	}
	_ = e.Kill(context.Background())
	<-e.ended
}

// Kill is part of runner.Runner.
func (e *execution) Kill(context.Context) error {
	if e.ended == nil {
		return nil
	}
	select {
	case <-e.ended:
		return nil // its number may be another one's by now
	default:
		return syscall.Kill(-e.cmd.Process.Pid, syscall.SIGKILL)
	}
}

// Wait is part of runner.Runner.
func (e *execution) Wait(context.Context) error {
	<-e.ended
	return e.err
}

// explain says why a program did not come to where it can be called.
func (e *execution) explain(err error) error {
	text, said := e.line.text(), e.output.said()
	switch {
	case e.ended == nil: // it was not even started
		return err
	case e.over() && text == "":
		err = fmt.Errorf("it ended (%v) before it said where it listens", e.err)
	case text == "":
		err = fmt.Errorf("it did not say within %s where it listens", startTimeout)
	case bytes.Count([]byte(text), []byte("|")) < 3:
		err = fmt.Errorf("its first line is %.200q, and not where it listens: standard output belongs to the protocol, print to standard error", text)
	}
	if said != "" {
		err = fmt.Errorf("%w; it printed: %s", err, said)
	}
	return err
}

// over reports whether it has ended, or does in a moment.
func (e *execution) over() bool {
	select {
	case <-e.ended:
		return true
	case <-time.After(2 * lastWords):
		return false
	}
}

func (e *execution) pid() int { return e.cmd.Process.Pid }

// ID is part of runner.Runner: "" until there is a process.
func (e *execution) ID() string {
	if e.ended == nil {
		return ""
	}
	return strconv.Itoa(e.pid())
}

// The rest of runner.Runner.

func (e *execution) Stdout() io.ReadCloser           { return e.stdout }
func (e *execution) Stderr() io.ReadCloser           { return e.stderr }
func (e *execution) Name() string                    { return e.settings.Path }
func (e *execution) Diagnose(context.Context) string { return "" }

func (e *execution) PluginToHost(network, address string) (string, string, error) {
	if network != "unix" {
		return "", "", errors.New("it listens at an address of the network: it has to listen at a Unix socket")
	}
	return network, address, nil
}

func (e *execution) HostToPlugin(network, address string) (string, string, error) {
	return network, address, nil
}
