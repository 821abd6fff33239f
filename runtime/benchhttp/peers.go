package main

import (
	"bytes"
	"context"
	"debug/buildinfo"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// The sides of a comparison with peers: servers that others write.
const (
	nginxSide = bareSide
	caddySide = thirdSide
)

// peerNames are the names of the sides.
func peerNames() [sides]string { return [sides]string{"restspace", "nginx", "Caddy"} }

// A peerTask is what all of them do.
type peerTask struct {
	title string
	scenario
}

func peerTasks() []peerTask {
	get := func(name, path string) scenario {
		return scenario{name: name, method: "GET", path: path, connections: 64}
	}
	return []peerTask{
		{"a file of 1 KB", get("static-1k", "/static/"+smallDocument)},
		{"a file of 100 KB", get("static-100k", "/static/"+listFile)},
		{"proxy of 1 KB", get("proxy-1k", proxyPath+"/"+smallDocument)},
	}
}

// peers measures restspace beside nginx and Caddy, and writes a table and a plot.
func peers(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	b := new(bench)
	flags := flag.NewFlagSet("benchhttp peers", flag.ContinueOnError)
	flags.StringVar(&b.restspace, "restspace", "bin/restspace", "the `program` to measure")
	flags.IntVar(&b.rounds, "rounds", 5, "rounds of each task and server")
	flags.IntVar(&b.seconds, "seconds", 5, "seconds of a round")
	nginx := flags.String("nginx", "nginx", "the `program` of nginx")
	caddy := flags.String("caddy", "caddy", "the `program` of Caddy")
	to := flags.String("to", "examples/figures", "the `directory` for peers.md and peers.svg")
	readme := flags.String("readme", "", "a `file` that shows the table as well, between its two comments \"peers\"")
	if err := parse(flags, args, stderr); err != nil {
		return err
	}
	if b.rounds < 1 || b.seconds < 1 {
		return errors.New("-rounds and -seconds must be 1 or more")
	}
	limit := time.Duration(len(peerTasks())*int(sides)*(b.rounds+1)*(b.seconds+2)) * time.Second
	ctx, cancel := context.WithTimeout(ctx, time.Minute+limit)
	defer cancel()
	if err := b.prepare(ctx); err != nil {
		return err
	}
	defer b.data.remove()
	run, err := newPeerRun(ctx, b, *nginx, *caddy)
	if err != nil {
		return err
	}
	if err := run.measure(ctx, stdout); err != nil {
		return err
	}
	return run.write(*to, *readme)
}

// A peerRun is what came of all tasks, and where and when.
type peerRun struct {
	bench     *bench
	launchers [sides]func(ctx context.Context, upstream string) (*server, error)
	programs  string // their versions
	machine   string
	day       time.Time
	tasks     []peerTask
	results   []*comparison // of each task
}

func newPeerRun(ctx context.Context, b *bench, nginx, caddy string) (*peerRun, error) {
	r := &peerRun{bench: b, day: time.Now(), tasks: peerTasks()}
	r.launchers = [sides]func(context.Context, string) (*server, error){b.launchStatic, b.nginx(nginx), b.caddy(caddy)}
	built, err := builtFrom(b.restspace)
	if err != nil {
		return nil, err
	}
	r.programs = "restspace " + built
	for i, command := range [sides][]string{nginxSide: {nginx, "-v"}, caddySide: {caddy, "version"}} {
		if command == nil {
			continue
		}
		output, err := exec.CommandContext(ctx, command[0], command[1:]...).CombinedOutput()
		if err != nil {
			return nil, fmt.Errorf("%s: %w: %s", strings.Join(command, " "), err, bytes.TrimSpace(output))
		}
		r.programs += ", " + peerNames()[i] + " " + versionIn(string(output))
	}
	if r.machine, err = machine(); err != nil {
		return nil, err
	}
	return r, b.data.fillStatic()
}

// builtFrom says of which commit a program of Go was built, if it knows, and with
// which Go.
func builtFrom(program string) (string, error) {
	info, err := buildinfo.ReadFile(program)
	if err != nil {
		return "", err
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return fmt.Sprintf("at %.7s (%s)", s.Value, info.GoVersion), nil
		}
	}
	return "(" + info.GoVersion + ")", nil
}

// versionIn returns the version that a program prints: the first word that begins
// with a digit, or with the letter v before one.
func versionIn(output string) string {
	for word := range strings.FieldsFuncSeq(output, func(r rune) bool { return strings.ContainsRune(" \n/", r) }) {
		version := strings.TrimPrefix(word, "v")
		if version != "" && version[0] >= '0' && version[0] <= '9' {
			return version
		}
	}
	return strings.TrimSpace(output)
}

// measure does all tasks, and prints what came of each.
func (r *peerRun) measure(ctx context.Context, stdout io.Writer) error {
	fmt.Fprintf(stdout, "%s\n%s\n", r.programs, r.machine)
	for _, t := range r.tasks {
		c, err := r.task(ctx, t)
		if err != nil {
			return fmt.Errorf("%s: %w", t.name, err)
		}
		r.results = append(r.results, c)
		fmt.Fprintln(stdout)
		for m, values := range c {
			if len(values[restspaceSide]) > 0 {
				fmt.Fprintf(stdout, "%-17s %-18s%s\n", t.title, metric(m), strings.Join(cells(c, metric(m)), " "))
			}
		}
	}
	return nil
}

// task starts all servers and their upstream for one task.
func (r *peerRun) task(ctx context.Context, t peerTask) (*comparison, error) {
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	upstream, err := launch(ctx, clientCore, "upstream", address, r.bench.self, "upstream", "-listen", address)
	if err != nil {
		return nil, err
	}
	defer upstream.stop()
	if err := upstream.ready(ctx); err != nil {
		return nil, err
	}
	var servers []*server
	for _, launch := range r.launchers {
		s, err := launch(ctx, address)
		if err != nil {
			return nil, err
		}
		defer s.stop()
		if err := s.ready(ctx); err != nil {
			return nil, err
		}
		servers = append(servers, s)
		if err := r.bench.sameAnswer(ctx, t.scenario, pair{servers[restspaceSide], s}); err != nil {
			return nil, err
		}
	}
	return r.bench.turns(ctx, t.scenario, servers)
}

// write writes the table and the plot, and the table into a README.
func (r *peerRun) write(dir, readme string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	table := r.table()
	if err := os.WriteFile(filepath.Join(dir, "peers.md"), []byte(table+peerNotes), 0o644); err != nil {
		return err
	}
	plot, err := r.plot()
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "peers.svg"), plot, 0o644); err != nil {
		return err
	}
	if readme == "" {
		return nil
	}
	return showIn(readme, table)
}
