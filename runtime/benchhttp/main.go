// Benchhttp measures a built restspace over HTTP against bare servers: what a
// Go programmer would write by hand for one task on net/http, httprouter and
// os.Root, without access rules, limits, conditions or logs. The bare proxy is
// httputil.ReverseProxy with a connection for each request in flight and a pool
// of buffers.
//
//	go run ./runtime/benchhttp -restspace bin/restspace [-only NAME,...] [-rounds N] [-seconds N]
//
// It needs Linux with two cores, wrk, taskset and df.
//
// With the command peers it measures restspace beside nginx and Caddy instead, in
// the same way, and writes a table and a plot:
//
//	go run ./runtime/benchhttp peers -restspace bin/restspace [-nginx program] [-caddy program] [-to directory] [-readme file]
//
// # How it measures
//
// The server under test has one core (GOMAXPROCS=1), wrk has the other, with
// one thread. The two servers take turns: restspace, bare, restspace, bare,
// each for some seconds, so that what disturbs the machine meets both. Each
// scenario has new processes. Before it starts, one request shows that both
// give the same answer (status, media type, ETag, size); an error or a status
// that is not good ends the program with exit code 1.
//
// What the proxies pass requests on to, and a pipeline calls, is a third
// process, which answers out of memory, on the core of wrk. In the scenario of
// WebSockets this program takes the place of wrk: each connection sends a
// message of 1 KiB when the last one has come back, and a request is one message
// there and back.
//
// The scenario token stands beside the same requests without their token, and
// those of pipelines beside a plain GET of the same bytes, which the same process
// answers. That of a pipeline that calls the upstream stands
// beside a handler of the bare server, which does the same with the client of
// the standard library and a connection for each request in flight.
//
// Those of login storms stand beside the same requests while nobody signs in: 1,000
// a second, however long the answers take, by this program itself, and 200 logins
// a second with wrong passwords, from ever new networks or from one. There both
// processes have both cores. A ratio of 0.50 below p99 is twice as long in the
// storm. Beside other work the figures say what that does, and no more.
//
// Those of overloads ask for three times what the server can do, in requests that
// wait for the upstream and in requests that need the core, on up to 1,024
// connections. What they get stands beside the most that it can do, and how long
// that takes beside one client alone: a ratio of 0.50 below p99 is twice as long.
//
// # How to read the figures
//
// Each scenario has three lines: the medians of restspace, the medians of the
// bare server, and the median of the ratios round by round. A ratio of 1.00 is
// par, and more is better for restspace, for each figure: 0.93 below req/s is
// 93 % of the bare server's throughput, 0.93 below CPU/req means that the bare
// server spends 93 % of restspace's CPU time on a request. Trust ratios rather
// than single figures, and CPU time rather than throughput where other work
// runs on the machine; p99 moves most. Peak RSS is the most memory that a
// process had at any time of the scenario.
//
// Waking the core of the clients is work of the server, and on a virtual machine
// some microseconds of it. They sleep the more often the slower the server is, so
// that throughput and CPU time are further apart than the work of the two is. On
// a machine that has other work to do as well they hardly sleep.
//
// CPU time is that of the server under test alone. Large replies through a
// proxy, and WebSockets, keep the core of the clients and the upstream busier
// than that of the proxy: there it is the only figure that tells the two apart.
//
// The put scenarios tell about the disk as much as about the servers. An ext4
// without a journal takes the longer to make a file the more files were removed
// from it in the last minutes, whoever removed them.
//
// The last lines hold the figures against the targets. A missed target does not
// change the exit code: the verdict is the reader's, who knows the machine.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	command := measure
	if len(args) > 0 {
		others := map[string]func(context.Context, []string, io.Writer, io.Writer) error{
			"bare": serveBare, "peers": peers, "upstream": serveUpstream, "sockets": runSockets,
		}
		if other, ok := others[args[0]]; ok {
			command, args = other, args[1:]
		}
	}
	err := command(ctx, args, stdout, stderr)
	switch {
	case err == nil || errors.Is(err, flag.ErrHelp):
		return 0
	case errors.As(err, new(usageError)):
		return 2
	}
	fmt.Fprintln(stderr, "benchhttp:", err)
	return 1
}

// usageError is what the flag package has told the user already.
type usageError struct{ error }

// parse parses args, which are flags only.
func parse(flags *flag.FlagSet, args []string, stderr io.Writer) error {
	flags.SetOutput(stderr)
	err := flags.Parse(args)
	if err == nil && flags.NArg() > 0 {
		err = fmt.Errorf("unexpected argument %q", flags.Arg(0))
		fmt.Fprintln(stderr, err)
	}
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		return usageError{err}
	}
	return err
}

// A bench holds what all scenarios share.
type bench struct {
	restspace string // the program under test
	self      string // this program
	data      *data
	token     string
	rounds    int
	seconds   int // of a round
}

// measure runs the scenarios and prints what they showed.
func measure(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	var b bench
	flags := flag.NewFlagSet("benchhttp", flag.ContinueOnError)
	flags.StringVar(&b.restspace, "restspace", "bin/restspace", "the `program` to measure")
	flags.IntVar(&b.rounds, "rounds", 5, "rounds of each scenario and server")
	flags.IntVar(&b.seconds, "seconds", 3, "seconds of a round")
	only := flags.String("only", "", "run these `scenarios` only, separated by commas: "+strings.Join(names(), ", "))
	if err := parse(flags, args, stderr); err != nil {
		return err
	}
	chosen, err := choose(*only)
	if err != nil {
		return err
	}
	if b.rounds < 1 || b.seconds < 1 {
		return errors.New("-rounds and -seconds must be 1 or more")
	}
	ctx, cancel := context.WithTimeout(ctx, b.bound(chosen))
	defer cancel()
	if err := b.prepare(ctx); err != nil {
		return err
	}
	defer b.data.remove()
	return b.all(ctx, chosen, stdout)
}

// bound returns how long all may take, generously.
func (b *bench) bound(chosen []scenario) time.Duration {
	rounds := time.Duration(2*b.rounds*(b.seconds+1)+20) * time.Second
	return 2*time.Minute + time.Duration(len(chosen))*rounds
}

// prepare finds the programs and makes the data.
func (b *bench) prepare(ctx context.Context) (err error) {
	if b.self, err = os.Executable(); err != nil {
		return err
	}
	if b.restspace, err = filepath.Abs(b.restspace); err != nil {
		return err
	}
	if _, err = os.Stat(b.restspace); err != nil {
		return fmt.Errorf("%w: run `make build` first", err)
	}
	if b.data, err = newData(ctx); err != nil {
		return err
	}
	if b.token, err = b.sign(ctx); err != nil {
		b.data.remove()
	}
	return err
}

// all runs the scenarios one after the other.
func (b *bench) all(ctx context.Context, chosen []scenario, stdout io.Writer) error {
	r := report{to: stdout}
	if err := r.machine(b); err != nil {
		return err
	}
	for _, s := range chosen {
		c, err := s.run(ctx, b, s)
		if err != nil {
			return fmt.Errorf("scenario %s: %w", s.name, err)
		}
		r.comparison(s, c)
	}
	r.verdicts()
	return nil
}
