package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/seed90475182/restspace/runtime/configfile"
	"github.com/seed90475182/restspace/runtime/script"
)

// playing is what the arguments of the command test say.
type playing struct {
	files           []string
	update, verbose bool
	limit           time.Duration
	config          bool // --config is given
}

func (r *run) testCommand() *cobra.Command {
	t := playing{limit: time.Minute}
	cmd := &cobra.Command{
		Use:   "test FILE...",
		Short: "Test a configuration by scripts of requests and replies",

		SuggestFor: []string{"play", "script", "spec"},
		Long: `Plays scripts: each has requests, and the replies that are expected of a
configuration, which is served for it alone, on a free port of 127.0.0.1, in a
directory of its own that is removed in the end. That configuration is in the
script, or the services.json beside it, or what --config names. Stores of that
which are elsewhere are left alone, mails are not sent, and no other servers called.

A script ends with the first request that is not answered as expected; "-" are
lines that were expected, "+" those that came. The exit code is 1 then.

--update writes into the scripts what came, wherever a reply is another one: its
status, the fields that are listed, and the body if there is one. All else stays
as it is. Such a script is played twice, more than a second apart: what is another
each time, such as a date, an ETag or a random name, becomes a {{name}}.

` + script.Doc(),
		Example: `  restspace test test.txtar
  restspace test tests/*.txtar -v
  restspace test test.txtar --update`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usagef("FILE is missing")
			}
			return nil
		},
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return []string{"txtar"}, cobra.ShellCompDirectiveFilterFileExt
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			t.files, t.config = args, cmd.Flags().Changed("config")
			return r.test(cmd.Context(), t)
		},
	}
	f := cmd.Flags()
	f.BoolVar(&t.update, "update", false, "write into the scripts what came")
	f.BoolVarP(&t.verbose, "verbose", "v", false, "print a line for each request, and the log of the servers")
	f.DurationVar(&t.limit, "timeout", t.limit, "`time` that a script may take")
	completeNoFiles(cmd, "timeout")
	return cmd
}

func (r *run) test(ctx context.Context, t playing) error {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // so that the second signal ends the program
	report := &playReport{run: r, verbose: t.verbose, log: new(playLog)}
	for _, name := range t.files {
		if err := r.testFile(ctx, t, filepath.Clean(name), report); err != nil {
			return err
		}
		if ctx.Err() != nil {
			return errors.New("interrupted")
		}
	}
	return report.end()
}

// testFile plays a script. What is wrong with it is for the report; the error
// ends all of them.
func (r *run) testFile(ctx context.Context, t playing, name string, report *playReport) error {
	report.begin(name)
	defer report.close()
	played, err := r.readScript(ctx, t, name)
	if err != nil {
		report.broken(err)
		return nil
	}
	var update *script.Update
	if t.update {
		update = script.NewUpdate(played.Script)
		if err := r.playFirst(ctx, t, played, update); err != nil {
			return err
		}
		played.options.Accept = explained(update.Next)
	}
	if err := r.playIn(ctx, t, played, report); err != nil || update == nil {
		return err
	}
	if edits := update.Edits(); len(edits) > 0 {
		if err := configfile.New(name).Replace(ctx, played.data, played.Edited(edits)); err != nil {
			report.broken(err)
		}
	}
	return nil
}

// secondPlay is how long after the first play of an update the second one begins,
// so that the times in it are others, which may be of whole seconds.
const secondPlay = 1100 * time.Millisecond

// playFirst plays a script for the first time of an update, of which nobody is told.
func (r *run) playFirst(ctx context.Context, t playing, p *playable, u *script.Update) error {
	silent := *r
	silent.stdout, silent.stderr = io.Discard, io.Discard
	report := &playReport{run: &silent, log: new(playLog)}
	p.options.Accept = u.First
	if err := r.playIn(ctx, t, p, report); err != nil || !u.Differs() {
		return err
	}
	select {
	case <-ctx.Done():
	case <-time.After(secondPlay):
	}
	return nil
}

// explained accepts as accept does, with the difference after its errors.
func explained(accept func(*script.Difference) error) func(*script.Difference) error {
	return func(d *script.Difference) error {
		if err := accept(d); err != nil {
			return fmt.Errorf("%w\n%w", err, d)
		}
		return nil
	}
}

// playable is a script with the configuration that it is about.
type playable struct {
	*script.Script
	data    []byte
	options script.Options
}

func (r *run) readScript(ctx context.Context, t playing, name string) (*playable, error) {
	data, err := r.readFile(name)
	if err != nil {
		return nil, err
	}
	read, err := script.Parse(name, data)
	if err != nil {
		return nil, err
	}
	dir, err := filepath.Abs(filepath.Dir(name))
	if err != nil {
		return nil, err
	}
	p := &playable{Script: read, data: data, options: script.Options{Runtime: r.options(true), Dir: dir}}
	switch {
	case t.config:
		p.options.ConfigName, p.options.Config, err = r.source(ctx)
		read.Config = nil
	case read.Config == nil:
		p.options.ConfigName = filepath.Join(filepath.Dir(name), "services.json")
		if p.options.Config, err = os.ReadFile(p.options.ConfigName); errors.Is(err, os.ErrNotExist) {
			err = fmt.Errorf("%s: it has no services.json, and there is none beside it: name one with --config", name)
		}
	}
	return p, err
}

// playIn plays a script in a working directory of its own. The error is about
// that.
func (r *run) playIn(ctx context.Context, t playing, p *playable, report *playReport) (err error) {
	before, err := os.Getwd()
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "restspace-test-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.Chdir(before), os.RemoveAll(dir)) }()
	if err := os.Chdir(dir); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, t.limit, fmt.Errorf("the script takes more than %v: see --timeout", t.limit))
	defer cancel()
	p.play(ctx, report)
	return nil
}

// play plays a script in the working directory.
func (p *playable) play(ctx context.Context, report *playReport) {
	p.options.Runtime.LogTo = report.log
	edited := 0
	options := p.options
	if accept := p.options.Accept; accept != nil {
		options.Accept = func(d *script.Difference) error {
			err := accept(d)
			if err == nil {
				edited++
			}
			return err
		}
	}
	session, err := script.Start(ctx, p.Script, options)
	if err != nil {
		report.broken(because(ctx, err))
		return
	}
	for i := range p.Steps {
		step, before := &p.Steps[i], edited
		report.log.forget()
		if err = session.Play(ctx, step); err != nil {
			err = because(ctx, err)
			_ = session.Close() // so that all is in the log
			report.wrong(p.Script, i, session.InMemory(), err)
			return
		}
		report.passed(p.Script, i, edited > before)
	}
	if err := session.Close(); err != nil {
		report.broken(err)
	}
}

// because returns why ctx ended in the place of the errors that came of it.
func because(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}
