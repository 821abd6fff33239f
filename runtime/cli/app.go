// Package cli is the command line of the program: one file for each command.
//
// A command gets all that it needs from [App.Run], so that it can be run in a
// test or inside another program; only files and signals come from the
// operating system. What a command was asked for goes to stdout; errors and
// the log go to stderr.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/runtime/config"
	"github.com/seed90475182/restspace/services"
)

// An App is the program for a choice of services and adaptors.
type App struct {
	Services services.Registry
	Adaptors adaptors.Registry
	Version  string // what the command version prints
	Program  string // the file of the program, which serve runs again to hash passwords; "": it hashes them itself
}

// The exit codes of a command.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

// Run carries out the command that args name, without the name of the program,
// and returns its exit code: 0 when it is done, 1 when it failed, 2 when args
// are not what the command takes. env holds KEY=value as os.Environ gives it.
// When ctx ends, a command that serves drains and is done. Such a command
// writes to stderr from more than one goroutine.
func (a App) Run(ctx context.Context, args, env []string, stdin io.Reader, stdout, stderr io.Writer) int {
	r := &run{App: a, env: environment(env), stdin: stdin, stdout: stdout, stderr: stderr}
	root := r.rootCommand()
	root.SetArgs(args)
	cmd, err := root.ExecuteContextC(ctx)
	var usage usageError
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &usage):
		r.complain(err)
		about := "its flags and an example"
		if cmd == root {
			about = "the commands"
		}
		fmt.Fprintf(stderr, "usage: %s\nRun '%s --help' for %s.\n", cmd.UseLine(), cmd.CommandPath(), about)
		return exitUsage
	case !errors.Is(err, errTold):
		r.complain(err)
	}
	return exitFailed
}

// run is one run of the program.
type run struct {
	App
	env            map[string]string
	stdin          io.Reader
	stdout, stderr io.Writer
	config         string // flag --config
	midLine        bool   // stdout ends within a line
}

func (r *run) rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "restspace COMMAND [flags]",
		Short: "Serve a configuration of nanoservices over HTTP",
		Long: `restspace serves what services.json mounts: services at base paths, with the
roles that may read and write there.`,
		Example: `  restspace check
  restspace serve
  restspace help services`,
		Args:                  r.knownCommand,
		RunE:                  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		Version:               r.versionLine(), // so that there is --version
		SilenceErrors:         true,
		SilenceUsage:          true,
		DisableFlagsInUseLine: true,
		CompletionOptions:     cobra.CompletionOptions{DisableDefaultCmd: true},

		SuggestionsMinimumDistance: nearDistance,
	}
	root.SetIn(r.stdin)
	root.SetOut(r.stdout)
	root.SetErr(r.stderr)
	root.SetFlagErrorFunc(flagError)
	root.SetUsageTemplate(usageTemplate)
	root.SetVersionTemplate("{{.Version}}\n")
	root.PersistentFlags().StringVar(&r.config, "config", "services.json", "`file` of the configuration, or the URL of an object such as s3://bucket/services.json")
	_ = root.MarkPersistentFlagFilename("config", "json") // it is there
	root.SetHelpCommand(r.helpCommand())
	root.AddCommand(
		r.serveCommand(), r.checkCommand(), r.doctorCommand(), r.routesCommand(), r.callCommand(), r.testCommand(), r.copyCommand(),
		r.patternCommand(), r.tokenCommand(), r.keyCommand(), r.userCommand(), r.fmtCommand(), r.schemaCommand(), r.openapiCommand(), r.importCommand(), r.pluginCommand(),
		r.completionCommand(), r.versionCommand(), r.hashPasswordsCommand(),
	)
	for _, cmd := range root.Commands() {
		completeNoFiles(cmd)
	}
	return root
}

// knownCommand is the error for the name of a command that does not exist:
// only then has the root arguments.
func (r *run) knownCommand(root *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return usagef("unknown command %q%s", args[0], didYouMean(root.SuggestionsFor(args[0])))
}

// complain prints err to stderr, each of its lines by itself. The errors of a
// configuration begin with their place in its file.
func (r *run) complain(err error) {
	p, prefix := r.paintFor(r.stderr), "restspace: "
	var places config.Errors
	if errors.As(err, &places) {
		prefix = ""
	}
	for line := range strings.Lines(err.Error()) {
		fmt.Fprintln(r.stderr, p.red(prefix+printable(strings.TrimSuffix(line, "\n"))))
	}
}

// errTold is the error of a command that failed and has said why.
var errTold = errors.New("failed")

// usageError says what is wrong with the arguments of a command.
type usageError struct{ error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// flagError makes what pflag says of a flag a usageError that names the flag
// that may have been meant.
func flagError(cmd *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) {
		return usageError{err}
	}
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	near := nearest(unknown.GetSpecifiedName(), names)
	for i := range near {
		near[i] = "--" + near[i]
	}
	return usagef("%w%s", err, didYouMean(near))
}

// takes checks that a command is given one argument for each of the names; the
// ones in brackets may be left out.
func takes(names ...string) cobra.PositionalArgs {
	needed := 0
	for _, name := range names {
		if !strings.HasPrefix(name, "[") {
			needed++
		}
	}
	return func(_ *cobra.Command, args []string) error {
		switch {
		case len(args) < needed:
			return usagef("%s is missing", names[len(args)])
		case len(args) > len(names):
			return usagef("%q is an argument too many", args[len(names)])
		}
		return nil
	}
}

// environment makes a map of a list of KEY=value.
func environment(list []string) map[string]string {
	env := make(map[string]string, len(list))
	for _, pair := range list {
		key, value, _ := strings.Cut(pair, "=")
		env[key] = value
	}
	return env
}

// lookup returns a variable of the environment, and whether it is set.
func (r *run) lookup(key string) (string, bool) {
	value, ok := r.env[key]
	return value, ok
}
