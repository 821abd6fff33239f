package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/spf13/cobra"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/runtime/config"
	"github.com/seed90475182/restspace/runtime/configstore"
	"github.com/seed90475182/restspace/runtime/doctor"
)

func (r *run) doctorCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Look for what is wrong around a server, and tell the cure",

		SuggestFor: []string{"diagnose", "health", "status"},
		Long: `Looks at the configuration and at the machine that is to serve it: permissions,
ports, the certificate, limits of the system, disks, clocks, and what the servers of
buckets can do. Each line is ok, a warning, or a problem with what to do about it.
With a problem the exit code is 1.

It may run beside the server, as the server's user. It takes no lock. It starts
plugins, to read their configs, and ends them. To a bucket it writes small objects
of names that no document has, and removes them; where it may not, it only reads.
It calls nobody whom the configuration does not name.`,
		Example: `  restspace doctor
  restspace doctor --json --config next.json`,
		Args: takes(),
		RunE: func(cmd *cobra.Command, _ []string) error { return r.doctor(cmd.Context(), asJSON) },
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print a list in JSON")
	return cmd
}

func (r *run) doctor(ctx context.Context, asJSON bool) error {
	all := []adaptors.Finding{} // a list in JSON
	tell := func(f adaptors.Finding) {
		if all = append(all, f); !asJSON {
			r.printFinding(f)
		}
	}
	conf, findings := r.examineConfig(ctx)
	for _, f := range findings {
		tell(f)
	}
	for _, f := range r.examineShared(ctx) {
		tell(f)
	}
	patient := &doctor.Patient{File: r.config, Config: conf, Same: r.isSame}
	for f := range patient.Examine(ctx) {
		tell(f)
	}
	count := make(map[adaptors.Grade]int)
	for _, f := range all {
		count[f.Grade]++
	}
	var err error
	if asJSON {
		if err = json.MarshalWrite(r.stdout, all, jsontext.WithIndent("  ")); err == nil {
			_, err = fmt.Fprintln(r.stdout)
		}
	} else {
		_, err = fmt.Fprintf(r.stdout, "%d ok, warnings: %d, problems: %d\n", count[adaptors.Good], count[adaptors.Warning], count[adaptors.Problem])
	}
	if err == nil && count[adaptors.Problem] > 0 {
		return errTold
	}
	return err
}

// examineConfig checks the configuration; it is nil where that has errors.
func (r *run) examineConfig(ctx context.Context) (*config.Config, []adaptors.Finding) {
	found := func(grade adaptors.Grade, text string) adaptors.Finding {
		return adaptors.Finding{Check: "configuration", Grade: grade, Text: text}
	}
	name, data, err := r.sourceInTime(ctx)
	var conf *config.Config
	if err == nil {
		conf, err = r.parseAsking(ctx, name, data)
	}
	var places config.Errors
	switch {
	case errors.As(err, &places):
		findings := make([]adaptors.Finding, len(places))
		for i, one := range places {
			findings[i] = found(adaptors.Problem, one.Error())
		}
		return nil, findings
	case errors.Is(err, os.ErrPermission):
		f := found(adaptors.Problem, err.Error())
		f.Cure = "have the user of the server read it"
		return nil, []adaptors.Finding{f}
	case errors.Is(err, errSilent):
		f := found(adaptors.Problem, fmt.Sprintf("%s: %v", shown(r.config), err))
		f.Cure = "check that the server of the bucket runs, its endpoint, and the network and firewalls on the way to it"
		return nil, []adaptors.Finding{f}
	case err != nil:
		return nil, []adaptors.Finding{found(adaptors.Problem, err.Error())}
	}
	return conf, []adaptors.Finding{found(adaptors.Good, name+" can be served: "+countOf(conf))}
}

// sourceTime is how long a configuration may take to be read.
const sourceTime = 10 * time.Second

// errSilent is why a configuration can't be read whose server does not answer.
var errSilent = fmt.Errorf("it can't be read: nothing answers within %s", sourceTime)

// sourceInTime is source for one that somebody waits for.
func (r *run) sourceInTime(ctx context.Context) (name string, data []byte, err error) {
	ctx, cancel := context.WithTimeout(ctx, sourceTime)
	defer cancel()
	name, data, err = r.source(ctx)
	if err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		err = errSilent
	}
	return name, data, err
}

// examineShared looks at the store of a configuration that several servers have.
func (r *run) examineShared(ctx context.Context) []adaptors.Finding {
	if !r.isShared() {
		return nil
	}
	p, _, err := r.sharedPlace()
	if err != nil || p.kind.Examine == nil {
		return nil // an error was told already
	}
	ctx, cancel := context.WithTimeout(ctx, doctor.Longest)
	defer cancel()
	found := p.kind.Examine(ctx, p.config, adaptors.Env{Name: p.title, Log: slog.New(slog.DiscardHandler)})
	s, done, err := r.openShared(ctx)
	if err != nil {
		return found // which tells why
	}
	defer done()
	found = append(found, unshareable(s.Name(), s.Conditions(ctx))...)
	return append(found, rolledOut(ctx, s)...)
}

// rolledOut tells whether a server has refused the configuration.
func rolledOut(ctx context.Context, s *configstore.Shared) []adaptors.Finding {
	f := adaptors.Finding{Check: "rollout", Grade: adaptors.Good, Text: s.Name() + ": no server has refused it"}
	failure, err := s.Failure(ctx)
	var outage *configstore.StoreError
	switch {
	case errors.As(err, &outage): // also where the record is none, which nobody else tells
		f.Grade, f.Text = adaptors.Problem, err.Error()
	case err != nil:
		return nil
	case failure != "":
		f.Grade, f.Text = adaptors.Problem, s.Name()+": "+strings.ReplaceAll(failure, "\n", "; ")
		f.Cure = "mend that, and put it there again, the same content too; or put there what all can serve, such as the last good content (restspace help config tells how to get it)"
	}
	return []adaptors.Finding{f}
}

// unshareable tells why the servers can't note who takes a configuration over.
func unshareable(name string, err error) []adaptors.Finding {
	f := adaptors.Finding{Check: "store", Grade: adaptors.Problem}
	switch status := bus.Classify(err).Status; {
	case err == nil, status == http.StatusServiceUnavailable, status == http.StatusGatewayTimeout: // which was told
		return nil
	case status == http.StatusNotImplemented:
		f.Text = name + ": " + err.Error()
	default:
		f.Text = name + ": no server can note beside it who takes it over: " + err.Error()
		f.Cure = "give the credentials of the servers the right to write there"
	}
	return []adaptors.Finding{f}
}

// isSame reports whether another URL names the configuration, too.
func (r *run) isSame(url string) bool {
	other := *r
	other.config = url
	p, key, err := other.sharedPlace()
	ours := r.own()
	return err == nil && len(ours) > 0 && slices.EqualFunc(ours, p.claims(key), adaptors.Claim.Overlaps)
}

// printFinding prints a finding as a line.
func (r *run) printFinding(f adaptors.Finding) {
	p := r.paintFor(r.stdout)
	set := map[adaptors.Grade]func(string) string{adaptors.Good: p.green, adaptors.Warning: p.bold, adaptors.Problem: p.red}[f.Grade]
	line := fmt.Sprintf("%s %s: %s", set(fmt.Sprintf("%-7s", f.Grade)), f.Check, printable(f.Text))
	if f.Cure != "" {
		line += ": " + printable(f.Cure)
	}
	fmt.Fprintln(r.stdout, line)
}
