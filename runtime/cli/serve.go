package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"strings"
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

Where --config is the URL of an object in a bucket, several servers share it, and
take a change over one after the other: see restspace help config.

The mounts and the address go to standard output, the log to standard error.

Where the system allows so much memory only, as in a container, the garbage
collector keeps the server below nine tenths of what hashing passwords leaves of
it. GOMEMLIMIT in the environment says otherwise. It lets some megabytes of garbage
come together before it works; GOGC in the environment says how much.`,
		Example: `  restspace serve
  restspace serve --config next.json
  restspace serve --config 's3://bucket/services.json?endpoint=https://s3.example.com'`,
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

	defer paceGarbage()()
	tell := limitMemory(besidePasswords(memlimit.FromCgroup))
	source, done, err := r.origin(ctx)
	if err != nil {
		return err
	}
	defer done()
	options := r.options(true)
	options.Source, options.LogFormat, options.Hashing = source, r.logFormat(), r.hashing()
	s := &serving{run: r, source: source, server: runtime.New(options)}
	if err := s.start(ctx); err != nil {
		return errors.Join(err, s.server.Close(ctx))
	}
	tell(s.server.Log())
	changes, unwatch := s.watch()
	defer unwatch()
	defer s.letIn()()
	s.keepUp(ctx, changes, again)
	stop() // may not have been called yet
	r.note("draining: a second signal ends at once")
	return s.server.Close(context.WithoutCancel(ctx))
}

// keepUp has the server serve what the configuration is by then, until ctx ends.
func (s *serving) keepUp(ctx context.Context, changes <-chan struct{}, again <-chan os.Signal) {
	for {
		select {
		case <-changes:
			s.reload(ctx, false)
		case <-again:
			s.reload(ctx, true)
			s.roll(ctx)
		case <-s.due():
			s.roll(ctx)
		case <-s.changed():
			s.roll(ctx)
		case <-ctx.Done():
			return
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
	source  runtime.Source
	watcher *configfile.Watcher // nil if changes are not watched
	url     string              // that was told
	loaded  news                // of what was read again
	rolled  news                // of what is rolled out
}

// news is what was told about a configuration.
type news struct {
	refused string // the last error, with the version of the content
}

// start serves the configuration, and prints what is served, and where.
func (s *serving) start(ctx context.Context) error {
	if err := s.begin(ctx); err != nil {
		return err
	}
	if err := s.printMounts(s.server.Config(), false); err != nil {
		return err
	}
	s.url = s.server.URL()
	s.introduce()
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

// begin has the server serve its first configuration.
func (s *serving) begin(ctx context.Context) error {
	if shared := s.shared(); shared != nil {
		return shared.Start(ctx, s.apply)
	}
	_, _, err := s.load(ctx, true)
	return err
}

// load has the server serve the configuration as it stands in the file, or where
// it is rolled out the current one, with the files that it is made of. asked has
// it open failed stores anew, even if all is the same.
func (s *serving) load(ctx context.Context, asked bool) (version string, changed bool, err error) {
	if s.shared() != nil {
		changed, err = s.server.Again(ctx, asked)
		return "", changed, err
	}
	reload := s.server.Refresh
	if asked {
		reload = s.server.Reload
	}
	version, changed, err = reload(ctx)
	if version == "" && errors.Is(err, fs.ErrNotExist) {
		err = absent(s.source.Name())
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

// follow watches the file of the configuration, and those that it is made of.
func (s *serving) follow() {
	if s.watcher == nil {
		return
	}
	files := s.server.Files()
	if s.shared() == nil {
		files = append(files, s.source.Name())
	}
	if err := s.watcher.Watch(files...); err != nil {
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
	if err == nil {
		s.loaded.good(s, changed || asked)
	} else {
		s.loaded.bad(s, version+err.Error(), err, asked)
	}
	s.follow()
}

// bad tells why what is served stays, unless that was told already, as text
// says. fresh is whether it was not.
func (n *news) bad(s *serving, text string, err error, asked bool) (fresh bool) {
	fresh = asked || text != n.refused
	if fresh {
		s.complain(err)
		s.note("what is served stays as it was")
	}
	n.refused = text
	return fresh
}

// good tells what is served, where that is new.
func (n *news) good(s *serving, changed bool) {
	switch {
	case changed:
		s.note("loaded %s: %s", s.source.Name(), countOf(s.server.Config()))
	case n.refused != "":
		s.note("%s is again what is served", s.source.Name())
	}
	n.refused = ""
	if now := s.server.URL(); now != s.url {
		s.url = now
		s.note("now at %s", now)
	}
}

// note tells who runs the server what it does.
func (r *run) note(format string, args ...any) {
	fmt.Fprintf(r.stderr, "restspace: "+format+"\n", args...)
}

// noteLines is note for a text of some lines, which may come from elsewhere.
func (r *run) noteLines(text string) {
	for line := range strings.Lines(text) {
		r.note("%s", printable(strings.TrimSuffix(line, "\n")))
	}
}
