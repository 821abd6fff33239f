package main

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/adaptors/memstore"
	"github.com/seed90475182/restspace/adaptors/plugin"
	"github.com/seed90475182/restspace/adaptors/s3store/s3test"
	"github.com/seed90475182/restspace/runtime/tlstest"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"restspace":     main,
		"plugin-memory": func() { plugin.Serve(memstore.Kind()) },
		"plugin-faulty": func() { plugin.Serve(plugin.Store(openFaulty)) },
		"plugin-mailer": func() { plugin.Serve(adaptors.Kind{Of: adaptors.MailerInterface, Config: memstore.Kind().Config}) },
	})
}

// TestScripts runs testdata/*.txtar. Beside testscript's own commands they
// have await, bucket, build, certificate, fails, fault, hasher, http, interrupt,
// large, peak, program, reached, signal and vanishes, and the condition root.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(env *testscript.Env) error {
			env.Setenv("GORACE", "atexit_sleep_ms=0") // else each command takes a second under the race detector
			env.Values[theTest] = env.T()
			env.Values[theServer] = new(*s3test.Server)
			return nil
		},
		Condition: func(name string) (bool, error) {
			if name != "root" {
				return false, fmt.Errorf("there is no condition %s", name)
			}
			return os.Geteuid() == 0, nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"await":       await,
			"bucket":      bucket,
			"build":       build,
			"certificate": certificate,
			"fails":       fails,
			"fault":       fault,
			"hasher":      hasher,
			"http":        request,
			"interrupt":   interrupt,
			"large":       large,
			"peak":        peak,
			"program":     program,
			"reached":     reached,
			"signal":      signal,
			"vanishes":    vanishes,
		},
	})
}

// The keys of the test and of the S3 server in the values of a script.
const (
	theTest   = "test"
	theServer = "server"
)

// bucket starts an S3 server with a bucket, whose URL is then in BUCKET, and that
// of the server in ENDPOINT. Its objects are the files of the directory OBJECTS.
// The keys to it are in the environment.
func bucket(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: bucket")
	}
	t := ts.Value(theTest).(testing.TB)
	server := s3test.Start(t)
	*ts.Value(theServer).(**s3test.Server) = server
	name := server.Bucket(t)
	ts.Setenv("ENDPOINT", server.Endpoint)
	ts.Setenv("BUCKET", "s3://"+name)
	ts.Setenv("OBJECTS", server.Dir(name))
	ts.Setenv("AWS_ACCESS_KEY_ID", server.AccessKeyID)
	ts.Setenv("AWS_SECRET_ACCESS_KEY", server.SecretAccessKey)
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
	fields, body := args[2:], ""
	if n := len(args); n > 2 && !fieldForm.MatchString(args[n-1]) {
		fields, body = args[2:n-1], args[n-1]
	}
	r, err := http.NewRequest(args[0], address(ts)+args[1], strings.NewReader(body))
	ts.Check(err)
	addFields(r, fields)
	ts.Check(exchange(ts, r))
}

// addFields adds fields, Name:value each, to a request.
func addFields(r *http.Request, fields []string) {
	for _, field := range fields {
		name, value, _ := strings.Cut(field, ":")
		r.Header.Add(name, strings.TrimSpace(value))
	}
}

var fieldForm = regexp.MustCompile(`^[A-Za-z-]+:`)

// interrupt is "interrupt COUNT PATH [Name:value]... BODY": a POST during which the server gets
// that many SIGTERM, before it has the body. With "!" the server is to end
// before it answers.
func interrupt(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 3 {
		ts.Fatalf("usage: interrupt COUNT PATH [Name:value]... BODY")
	}
	fields, sent := args[2:len(args)-1], args[len(args)-1]
	count, err := strconv.Atoi(args[0])
	ts.Check(err)
	body := &lateBody{Reader: strings.NewReader(sent), wanted: make(chan struct{}), sent: make(chan struct{})}
	r, err := http.NewRequest("POST", address(ts)+args[1], body)
	ts.Check(err)
	addFields(r, fields)
	r.Header.Set("Expect", "100-continue") // so that the body is read when the service wants it
	done := make(chan error, 1)
	go func() { done <- exchange(ts, r) }()
	select {
	case <-body.wanted:
	case err := <-done:
		ts.Fatalf("the request ended without its body: %v", err)
	}
	for range count {
		signal(ts, false, []string{"TERM"})
		await(ts, false, []string{"err", "draining"})
	}
	if neg {
		waitFor(ts, "the end of the server", func() bool { return len(alive(ts)) == 0 })
	}
	close(body.sent)
	if err := <-done; (err != nil) != neg {
		ts.Fatalf("the request ended with %v", err)
	}
}

// lateBody tells when it is wanted, and comes when it is sent.
type lateBody struct {
	io.Reader
	once         sync.Once
	wanted, sent chan struct{}
}

func (b *lateBody) Read(p []byte) (int, error) {
	b.once.Do(func() { close(b.wanted) })
	<-b.sent
	return b.Reader.Read(p)
}

// exchange makes a request and prints its reply.
func exchange(ts *testscript.TestScript, r *http.Request) error {
	client := http.Client{Timeout: patience, Transport: &http.Transport{
		DisableKeepAlives: true, ExpectContinueTimeout: patience, TLSClientConfig: trust(ts), ForceAttemptHTTP2: true,
	}}
	reply, err := client.Do(r)
	if err != nil {
		return err
	}
	defer reply.Body.Close()
	body, err := io.ReadAll(reply.Body)
	if err != nil {
		return err
	}
	fmt.Fprintln(ts.Stdout(), "HTTP", reply.Status)
	fields := new(strings.Builder)
	_ = reply.Header.Write(fields)
	fmt.Fprintf(ts.Stdout(), "%s\n%s", strings.ReplaceAll(fields.String(), "\r", ""), body)
	return nil
}

// certificate is "certificate [FROM UNTIL]": it writes a new certificate for
// 127.0.0.1, and its key, to cert.pem and key.pem. The command http trusts it.
// It holds for a month, or for what lies between two durations from now.
func certificate(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) == 0 {
		args = []string{"-1h", "720h"}
	}
	if neg || len(args) != 2 {
		ts.Fatalf("usage: certificate [FROM UNTIL]")
	}
	from, err := time.ParseDuration(args[0])
	ts.Check(err)
	until, err := time.ParseDuration(args[1])
	ts.Check(err)
	cert, key, err := tlstest.MakeFor(time.Now().Add(from), time.Now().Add(until), "127.0.0.1", "localhost")
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs("cert.pem"), cert, 0o600))
	ts.Check(os.WriteFile(ts.MkAbs("key.pem"), key, 0o600))
}

// trust returns how a client knows the server, nil without a certificate.
func trust(ts *testscript.TestScript) *tls.Config {
	cert, err := os.ReadFile(ts.MkAbs("cert.pem"))
	if err != nil {
		return nil
	}
	return tlstest.Pair{Cert: cert}.Trust()
}

// reached is "reached NAME": it sets a variable to the address, host:port, of the
// server that wrote its address to the file out.
func reached(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: reached NAME")
	}
	_, at, _ := strings.Cut(address(ts), "://")
	ts.Setenv(args[0], at)
}

// address returns the last address in the file out, when there is one.
func address(ts *testscript.TestScript) string {
	await(ts, false, []string{"out", addressForm.String()})
	found := addressForm.FindAllString(ts.ReadFile("out"), -1)
	return strings.TrimSpace(found[len(found)-1])
}

var addressForm = regexp.MustCompile(`(?m)^https?://\S+\n`)

// signal is "signal NAME": a signal to the processes in the background.
func signal(ts *testscript.TestScript, neg bool, args []string) {
	names := map[string]syscall.Signal{"HUP": syscall.SIGHUP, "TERM": syscall.SIGTERM, "INT": syscall.SIGINT, "KILL": syscall.SIGKILL}
	if neg || len(args) != 1 || names[args[0]] == 0 {
		ts.Fatalf("usage: signal HUP|TERM|INT|KILL")
	}
	for _, p := range alive(ts) {
		ts.Check(p.Signal(names[args[0]]))
	}
}

// alive returns the processes in the background that have not ended.
func alive(ts *testscript.TestScript) []*os.Process {
	var list []*os.Process
	for _, cmd := range ts.BackgroundCmds() {
		if err := cmd.Process.Signal(syscall.Signal(0)); !errors.Is(err, os.ErrProcessDone) {
			list = append(list, cmd.Process)
		}
	}
	return list
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
