package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/seed90475182/restspace/runtime/transfer"
)

const (
	defaultWorkers = 16   // keep a disk or a bucket busy: most of their time is waiting
	maxWorkers     = 1024 // use 128 MiB of memory, beside what the stores do
)

// copying is what the arguments of the command copy say.
type copying struct {
	from, to                 string
	workers                  int
	noVerify, delete, dryRun bool
}

func (r *run) copyCommand() *cobra.Command {
	c := copying{workers: defaultWorkers}
	cmd := &cobra.Command{
		Use:   "copy FROM TO",
		Short: "Copy all documents of a store to another one",

		SuggestFor: []string{"cp", "move", "mv", "sync", "migrate", "backup"},
		Long: `Copies all documents of one store to another one. FROM and TO are each a service
of a configuration, services.json#NAME, whose adaptor is opened as the server
opens it, or the URL of an adaptor, such as file:///srv/notes or
s3://bucket/prefix?region=eu-central-1. A directory that a running server has
can't be opened: end that server first.

What is written is read back and its hash (SHA-256) compared. A document that is
in TO already with the same size and content is left as it is. So a copy that was
interrupted goes on where it was when it is run again: SIGINT and SIGTERM let the
documents under way end whole, and a second signal ends it at once.

--delete removes what FROM has not, after all else, and only where nothing
failed and FROM is not empty. --dry-run prints what would be done to each document.

The names and contents of documents are copied as they are, not their times: what
comes into a service json is held neither to JSON nor to its schema. A directory
FROM gets the files of a running server, .lock and .tmp. The exit code is
1 where anything failed: each failure is told, and the rest goes on.`,
		Example: `  restspace copy services.json#notes file:///backup/notes
  restspace copy file:///srv/notes next.json#notes --delete --dry-run
  restspace copy file:///srv/notes 's3://notes?endpoint=https://s3.example.com'`,
		Args:              takes("FROM", "TO"),
		ValidArgsFunction: r.completePlaces,
		RunE: func(cmd *cobra.Command, args []string) error {
			c.from, c.to = args[0], args[1]
			if c.workers < 1 || c.workers > maxWorkers {
				return usagef("--workers %d: write a number from 1 to %d", c.workers, maxWorkers)
			}
			return r.copy(cmd.Context(), c)
		},
	}
	f := cmd.Flags()
	f.IntVar(&c.workers, "workers", c.workers, "`number` of documents that are copied at a time")
	f.BoolVar(&c.noVerify, "no-verify", false, "don't read back what was written")
	f.BoolVar(&c.delete, "delete", false, "remove what FROM has not")
	f.BoolVar(&c.dryRun, "dry-run", false, "only print what would be done")
	completeNoFiles(cmd, "workers")
	return cmd
}

func (r *run) copy(ctx context.Context, c copying) (err error) {
	from, err := r.placeOf("FROM", c.from)
	if err != nil {
		return err
	}
	to, err := r.placeOf("TO", c.to)
	if err != nil {
		return err
	}
	if from.overlaps(to) {
		return usagef("FROM and TO overlap: write two places of which none is in the other")
	}
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // so that the second signal ends the program

	source, err := from.open(ctx, true)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, source.close()) }()
	target, err := to.open(ctx, c.dryRun)
	if c.dryRun && isMissing(err) {
		target, err = nowhere(), nil // it would be made
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, target.close()) }()
	work := &transfer.Copy{
		From: source.keep, To: target.keep,
		Workers: c.workers, NoVerify: c.noVerify, Delete: c.delete, DryRun: c.dryRun,
	}
	return r.carryOut(ctx, work)
}

// verb returns what a dry run says of an action.
func verb(a transfer.Action) string {
	if a == transfer.Removed {
		return "remove"
	}
	return "copy"
}

// carryOut runs a copy and tells what it does.
func (r *run) carryOut(ctx context.Context, work *transfer.Copy) error {
	var printing error
	p := r.follow(ctx, work)
	work.Told = func(s transfer.Step) {
		switch {
		case s.Action == transfer.Failed:
			p.interject(func() { r.complain(s.Err) })
		case work.DryRun && s.Action != transfer.Equal && printing == nil:
			p.interject(func() { _, printing = fmt.Fprintf(r.stdout, "would %s %s\n", verb(s.Action), s.Key) })
		}
	}
	err := work.Run(ctx)
	p.end()
	if ctx.Err() != nil {
		err = errors.New("interrupted: run it again to go on where it was")
	}
	done := work.Counts()
	if printing == nil {
		_, printing = fmt.Fprintln(r.stdout, summary(done, work.DryRun))
	}
	if err = errors.Join(err, printing); err == nil && done.Failed > 0 {
		return errTold
	}
	return err
}
