package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"syscall"

	"github.com/KimMachineGun/automemlimit/memlimit"
	"github.com/spf13/cobra"

	"github.com/seed90475182/restspace/runtime"
	"github.com/seed90475182/restspace/runtime/configfile"
)

func (r *run) serveCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "serve",
		Short: "Serve the configuration",

		SuggestFor: []string{"run", "start", "up"},
		Long: `Serves the configuration until SIGINT or SIGTERM. Then it takes no more
requests, answers those that it has, and ends; a second signal ends it at once.
When the file changes it is read again, and at SIGHUP: where it has errors, what
is served stays as it is.

Passwords are hashed in a second process of this program, which comes and goes
with them and ends with the server.

The mounts and the address go to standard output, the log to standard error.

Where the system allows so much memory only, as in a container, the garbage
collector keeps the server below nine tenths of what hashing passwords leaves of
it. GOMEMLIMIT in the environment says otherwise.`,
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

	tell := limitMemory(besidePasswords(memlimit.FromCgroup))
	file := configfile.New(r.config)
	options := r.options(true)
	options.Source, options.LogFormat, options.Hashing = file, r.logFormat(), r.hashing()
	s := &serving{run: r, file: file, server: runtime.New(options)}
	if err := s.start(ctx); err != nil {
		return errors.Join(err, s.server.Close(ctx))
	}
	tell(s.server.Log())
	changes, done := s.watch()
	defer done()
	defer s.letIn()()
	for {
		select {
		case <-changes:
			s.reload(ctx, false)
		case <-again:
			s.reload(ctx, true)
		case <-ctx.Done():
			stop() // may not have been called yet
			r.note("draining: a second signal ends at once")
			return s.server.Close(context.WithoutCancel(ctx))
		}
	}
}

// logFormat returns the form of the log where the configuration does not say it: a
// terminal has a reader.
func (r *run) logFormat() string {
	if isTerminal(r.stderr) {
		return "text"
	}
	return "json"
}

// serving is a server and what was told of it.
type serving struct {
	*run
	server  *runtime.Runtime
	file    *configfile.File
	watcher *configfile.Watcher // nil if changes are not watched
	url     string              // that was told
	refused string              // the last error that was told, with the version of the file
}

// start serves the file, and prints what is served, and where.
func (s *serving) start(ctx context.Context) error {
	if _, _, err := s.load(ctx, true); err != nil {
		return err
	}
	if err := s.printMounts(s.server.Config(), false); err != nil {
		return err
	}
	s.url = s.server.URL()
	if at := s.server.AdminAddr(); at != "" {
		fmt.Fprintf(s.stdout, "http://%s answers /healthz, /readyz and /metrics\n", at)
	}
	if from := s.server.RedirectAddr(); from != "" {
		fmt.Fprintf(s.stdout, "http://%s redirects to\n", from)
	}
	_, err := fmt.Fprintln(s.stdout, s.url)
	return err
}

// letIn has restspace user reach the records of users while the server has their
// stores, if there are any. What it returns ends that.
func (s *serving) letIn() (end func()) {
	if s.server.Config().Auth.UserURLPattern == nil {
		return func() {}
	}
	end, err := openDoor(s.server)
	if err != nil {
		s.note("restspace user can't reach this server: %v", err)
		return func() {}
	}
	return end
}

// load has the server serve the configuration as it stands in the file. asked
// has it open failed stores anew, even if the file is the same.
func (s *serving) load(ctx context.Context, asked bool) (version string, changed bool, err error) {
	reload := s.server.Refresh
	if asked {
		reload = s.server.Reload
	}
	version, changed, err = reload(ctx)
	if version == "" && errors.Is(err, fs.ErrNotExist) {
		err = absent(s.file.Name())
	}
	return version, changed, err
}

// watch returns what tells of changes of the file, and what ends that.
func (s *serving) watch() (changes <-chan struct{}, done func()) {
	watcher, err := configfile.NewWatcher()
	if err != nil {
		s.unwatched(err)
		return nil, func() {}
	}
	s.watcher = watcher
	s.follow()
	return watcher.Changes(), func() { _ = watcher.Close() }
}

// follow watches the file, and those that it is made of.
func (s *serving) follow() {
	if s.watcher == nil {
		return
	}
	if err := s.watcher.Watch(append([]string{s.file.Name()}, s.server.Files()...)...); err != nil {
		s.unwatched(err)
	}
}

func (s *serving) unwatched(err error) {
	s.note("changes of files may go unnoticed (%v): send SIGHUP after one", err)
}

// reload serves the file as it stands now, and tells what has changed: all of
// it if it was asked for.
func (s *serving) reload(ctx context.Context, asked bool) {
	version, changed, err := s.load(ctx, asked)
	defer s.follow()
	if err != nil {
		text := version + err.Error()
		if asked || text != s.refused {
			s.complain(err)
			s.note("what is served stays as it was")
		}
		s.refused = text
		return
	}
	switch {
	case changed || asked:
		s.note("loaded %s: %s", s.file.Name(), countOf(s.server.Config()))
	case s.refused != "":
		s.note("%s is again what is served", s.file.Name())
	}
	s.refused = ""
	if now := s.server.URL(); now != s.url {
		s.url = now
		s.note("now at %s", now)
	}
}

// note tells who runs the server what it does.
func (r *run) note(format string, args ...any) {
	fmt.Fprintf(r.stderr, "restspace: "+format+"\n", args...)
}
