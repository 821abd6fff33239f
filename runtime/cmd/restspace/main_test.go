package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"restspace": main})
}

// TestScripts runs testdata/*.txtar. Beside testscript's own commands they
// have fails, http, signal and await.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"http":   request,
			"signal": signal,
			"await":  await,
			"fails":  fails,
		},
	})
}

// fails is "fails CODE PROGRAM [ARG]...": it runs a program that is to end with
// that exit code.
func fails(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: fails CODE PROGRAM [ARG]...")
	}
	err := ts.Exec(args[1], args[2:]...)
	var exit *exec.ExitError
	if !errors.As(err, &exit) || fmt.Sprint(exit.ExitCode()) != args[0] {
		ts.Fatalf("ended with %v, not with exit code %s", err, args[0])
	}
}

// patience is how long a script waits for a server.
const patience = 10 * time.Second

// request is "http METHOD PATH [Name:value]... [body]": a request to the
// server that wrote its address to the file out. It prints status, fields and
// body of the reply.
func request(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: http METHOD PATH [Name:value]... [body]")
	}
	rest := args[2:]
	fields := slices.IndexFunc(rest, func(arg string) bool { return !fieldForm.MatchString(arg) })
	if fields < 0 {
		fields = len(rest)
	}
	r, err := http.NewRequest(args[0], address(ts)+args[1], strings.NewReader(strings.Join(rest[fields:], " ")))
	ts.Check(err)
	for _, field := range rest[:fields] {
		name, value, _ := strings.Cut(field, ":")
		r.Header.Add(name, strings.TrimSpace(value))
	}
	reply, err := http.DefaultClient.Do(r)
	ts.Check(err)
	defer reply.Body.Close()
	body, err := io.ReadAll(reply.Body)
	ts.Check(err)
	fmt.Fprintln(ts.Stdout(), "HTTP", reply.Status)
	ts.Check(reply.Header.Write(ts.Stdout()))
	fmt.Fprintf(ts.Stdout(), "\n%s", body)
}

var fieldForm = regexp.MustCompile(`^[A-Za-z-]+:`)

// address returns the last address in the file out, when there is one.
func address(ts *testscript.TestScript) string {
	var url string
	waitFor(ts, "an address in out", func() bool {
		data, err := os.ReadFile(ts.MkAbs("out"))
		lines := regexp.MustCompile(`(?m)^http://\S+$`).FindAllString(string(data), -1)
		if err == nil && len(lines) > 0 {
			url = lines[len(lines)-1]
		}
		return url != ""
	})
	return url
}

// signal is "signal NAME": a signal to the processes in the background.
func signal(ts *testscript.TestScript, neg bool, args []string) {
	names := map[string]syscall.Signal{"HUP": syscall.SIGHUP, "TERM": syscall.SIGTERM, "INT": syscall.SIGINT}
	if neg || len(args) != 1 || names[args[0]] == 0 {
		ts.Fatalf("usage: signal HUP|TERM|INT")
	}
	for _, cmd := range ts.BackgroundCmds() {
		if err := cmd.Process.Signal(names[args[0]]); !errors.Is(err, os.ErrProcessDone) {
			ts.Check(err)
		}
	}
}

// await is "await FILE REGEXP": it waits until the file has what matches.
func await(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: await FILE REGEXP")
	}
	wanted, err := regexp.Compile(args[1])
	ts.Check(err)
	waitFor(ts, args[1]+" in "+args[0], func() bool {
		data, _ := os.ReadFile(ts.MkAbs(args[0]))
		return wanted.Match(data)
	})
}

func waitFor(ts *testscript.TestScript, what string, done func() bool) {
	for end := time.Now().Add(patience); !done(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			ts.Fatalf("waited %v for %s", patience, what)
		}
	}
}
