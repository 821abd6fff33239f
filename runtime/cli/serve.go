package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/seed90475182/restspace/runtime"
	"github.com/seed90475182/restspace/runtime/config"
)

func (r *run) serveCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "serve",
		Short: "Serve the configuration",
		Long: `Serves the configuration until SIGINT or SIGTERM. Then it takes no more
requests, answers those that it has, and ends; a second signal ends it at once.
SIGHUP reads the file again: where that has errors, what is served stays as it
is.

The mounts and the address go to standard output, the log to standard error.`,
		Example: `  restspace serve
  restspace serve --config next.json`,
		Args: takes(),
		RunE: func(cmd *cobra.Command, _ []string) error { return r.serve(cmd.Context()) },
	}
}

func (r *run) serve(ctx context.Context) error {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // so that the second signal ends the program, also while it loads
	again := make(chan os.Signal, 1)
	signal.Notify(again, syscall.SIGHUP)
	defer signal.Stop(again)

	server := runtime.New(r.options(true))
	conf, err := r.load(ctx, server)
	if err != nil {
		return err
	}
	if err := r.announce(conf, server); err != nil {
		return errors.Join(err, server.Close(ctx))
	}
	for {
		select {
		case <-again:
			r.reload(ctx, server)
		case <-ctx.Done():
			stop() // may not have been called yet
			r.note("draining: a second signal ends at once")
			return server.Close(context.WithoutCancel(ctx))
		}
	}
}

// load has server serve the configuration as it stands in the file.
func (r *run) load(ctx context.Context, server *runtime.Runtime) (*config.Config, error) {
	name, data, err := r.source()
	if err != nil {
		return nil, err
	}
	conf, err := r.parse(name, data)
	if err != nil {
		return nil, err
	}
	return conf, server.Load(ctx, name, data)
}

// announce prints what is served, and where.
func (r *run) announce(conf *config.Config, server *runtime.Runtime) error {
	if err := r.printMounts(conf, false); err != nil {
		return err
	}
	_, err := fmt.Fprintf(r.stdout, "http://%s\n", server.Addr())
	return err
}

func (r *run) reload(ctx context.Context, server *runtime.Runtime) {
	before := server.Addr()
	conf, err := r.load(ctx, server)
	if err != nil {
		r.complain(err)
		r.note("what is served stays as it was")
		return
	}
	r.note("loaded %s: %s", r.config, countOf(conf))
	if now := server.Addr(); now != before {
		r.note("now at http://%s", now)
	}
}

// note tells who runs the server what it does.
func (r *run) note(format string, args ...any) {
	fmt.Fprintf(r.stderr, "restspace: "+format+"\n", args...)
}
