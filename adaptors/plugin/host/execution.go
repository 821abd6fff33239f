package host

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin/runner"
)

// execution runs a program once, in a process group of its own, with pipes for
// its three standard files. It has ended when its process has: children that it
// leaves behind end with it. It is the runner.Runner of go-plugin, which starts
// and kills it as this package does.
type execution struct {
	settings *settings
	output   *output // what it prints, on its way to the log
	line     *line   // the first line of its standard output
	dir      string  // of its socket
	cmd      *exec.Cmd
	ended    chan struct{} // closed when it has

	mu     sync.Mutex     // guards what follows
	group  *group         // nil before it has started, and when it has ended
	stdin  io.WriteCloser // closing it tells the program to end
	killed bool           // by Kill: it does not start any more
}

func newExecution(s *settings, log *slog.Logger) *execution {
	out := newOutput(log)
	return &execution{settings: s, output: out, line: newLine(out), ended: make(chan struct{})}
}

// runner takes the command that go-plugin has prepared: its environment is the
// protocol's.
func (e *execution) runner(_ hclog.Logger, cmd *exec.Cmd, dir string) (runner.Runner, error) {
	e.dir = dir
	e.cmd = exec.Command(e.settings.Path)
	e.cmd.Env = cmd.Env
	for name, value := range e.settings.Env {
		e.cmd.Env = append(e.cmd.Env, name+"="+value)
	}
	return e, nil
}

// lastWords is for how long the pipes of a process that has ended are read,
// where a child still holds them.
const lastWords = 200 * time.Millisecond

// Start is part of runner.Runner.
func (e *execution) Start(context.Context) (err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.killed {
		return context.Canceled
	}
	e.cmd.Stdout, e.cmd.Stderr, e.cmd.WaitDelay = e.line, e.output, lastWords
	stdin, err := e.cmd.StdinPipe()
	if err != nil {
		return err
	}
	g, err := newGroup(e.settings.Path, e.dir)
	if err != nil {
		stdin.Close()
		return fmt.Errorf("its process group can't be made: %w", err)
	}
	g.admit(e.cmd)
	if err := e.cmd.Start(); err != nil {
		stdin.Close()
		g.end()
		return err
	}
	g.admitted(e.cmd.Process)
	e.group, e.stdin = g, stdin
	go e.follow(g)
	return nil
}

// follow waits for the end.
func (e *execution) follow(g *group) {
	_ = e.cmd.Wait() // the state of the process says how it ended
	e.mu.Lock()
	e.group = nil
	g.end()
	e.mu.Unlock()
	e.line.close()
	close(e.ended)
}

// Kill is part of runner.Runner: it ends the program by force, or keeps it from
// starting.
func (e *execution) Kill(context.Context) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.killed = true
	if e.group != nil {
		e.group.kill()
	}
	return nil
}

// end has the program end, by force after grace, and removes what it leaves.
func (e *execution) end(grace time.Duration) {
	if e.started() {
		e.stdin.Close()
		select {
		case <-e.ended:
		case <-time.After(grace):
			_ = e.Kill(context.Background())
			<-e.ended
		}
	}
	if e.dir != "" {
		_ = os.RemoveAll(e.dir)
	}
}

// started reports whether there is a process, or was.
func (e *execution) started() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.stdin != nil
}

// hasEnded reports whether it has.
func (e *execution) hasEnded() bool {
	select {
	case <-e.ended:
		return true
	default:
		return false
	}
}

// state says how it ended, once it has.
func (e *execution) state() string { return e.cmd.ProcessState.String() }

// ID is part of runner.Runner: "" until there is a process.
func (e *execution) ID() string {
	if !e.started() {
		return ""
	}
	return strconv.Itoa(e.pid())
}

func (e *execution) pid() int { return e.cmd.Process.Pid }

// The rest of runner.Runner. What the program prints to standard error has its
// own way.

func (e *execution) Wait(context.Context) error      { <-e.ended; return nil }
func (e *execution) Stdout() io.ReadCloser           { return e.line.reader }
func (e *execution) Stderr() io.ReadCloser           { return io.NopCloser(strings.NewReader("")) }
func (e *execution) Name() string                    { return e.settings.Path }
func (e *execution) Diagnose(context.Context) string { return "" }

func (e *execution) PluginToHost(network, address string) (string, string, error) {
	return network, address, checkLine(e.line.text())
}

func (e *execution) HostToPlugin(network, address string) (string, string, error) {
	return network, address, nil
}
