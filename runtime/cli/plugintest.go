package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/tidwall/gjson"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/adaptors/adaptortest"
)

// clauseTimeout is how long one clause may take.
const clauseTimeout = 30 * time.Second

// pluginTest is what the arguments of the command plugin test say.
type pluginTest struct {
	path, config string
	env          []string
	json         bool
}

func (r *run) pluginTestCommand() *cobra.Command {
	var t pluginTest
	cmd := &cobra.Command{
		Use:   "test PATH",
		Short: "Put the store of a plugin to the contract of stores",
		Long: `Starts the program at PATH as a server does, and tests each clause of the
contract that every store keeps: over the protocol, whatever it is written in.
PATH may be the directory of a program that has its name. Mailers and engines have
no such contract.

A failed clause is told with what was seen. The exit code is 1 where one failed.
What the program prints goes to standard error.

Each clause works in a directory of its own, whose name begins with "rstest-",
and removes it. The clauses about the root are tested there too, where the store
is empty; what was in it before is left alone. A clause that takes more than 30s
has failed.

--json prints an object a line: {"clause", "kept", "seen", "ms"} for each clause,
then {"kept", "of", "ms"}.`,
		Example: `  restspace plugin test ./redis
  restspace plugin test ./redis --config '{"address": "127.0.0.1:6379"}'
  restspace plugin test ./redis --config @test.json --json`,
		Args: takes("PATH"),
		ValidArgsFunction: first(func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return nil, cobra.ShellCompDirectiveDefault // names of files
		}),
		RunE: func(cmd *cobra.Command, args []string) error {
			t.path = args[0]
			return r.pluginTest(cmd.Context(), t)
		},
	}
	f := cmd.Flags()
	f.StringVar(&t.config, "config", "", "what stands in adaptorConfig: an `object` in JSON, or @FILE")
	f.StringArrayVar(&t.env, "env", nil, "`NAME=VALUE` for the environment of the program, which is empty otherwise")
	f.BoolVar(&t.json, "json", false, "print JSON")
	completeNoFiles(cmd, "env")
	return cmd
}

func (r *run) pluginTest(ctx context.Context, t pluginTest) (err error) {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // so that the second signal ends the program
	defer func() {
		if err != nil && ctx.Err() != nil {
			err = errors.New("interrupted")
		}
	}()
	store, err := r.openPlugin(ctx, t)
	if err != nil {
		return err
	}
	if closer, ok := store.(io.Closer); ok {
		defer func() { err = errors.Join(err, closer.Close()) }()
	}
	trial, err := adaptortest.NewTrial(ctx, store, clauseTimeout)
	if err != nil {
		return err
	}
	if !trial.Empty() {
		r.note("the store is not empty: its root is left alone, and the clauses are tested in directories of it")
	}
	report := &trialReport{run: r, json: t.json, begun: time.Now()}
	for v, err := range trial.Verdicts(ctx) {
		if err == nil {
			err = report.add(&v)
		}
		if err != nil {
			return err
		}
	}
	return report.end()
}

// openPlugin starts a plugin and opens its store. The caller closes that.
func (r *run) openPlugin(ctx context.Context, t pluginTest) (adaptors.Store, error) {
	plugin := adaptors.Plugin{Path: programAt(t.path), Env: environment(t.env)}
	for _, pair := range t.env {
		if !strings.Contains(pair, "=") {
			return nil, usagef("--env %s: write NAME=VALUE", pair)
		}
	}
	raw, err := r.pluginConfig(t.config)
	if err != nil {
		return nil, err
	}
	kind, err := r.Adaptors.Plugin(plugin, adaptors.StoreInterface)
	if err != nil {
		return nil, err
	}
	config := kind.Config()
	*config.(*adaptors.RawConfig) = raw
	made, err := kind.New(ctx, config, adaptors.Env{Name: "test", Log: r.plainLog()})
	if errors.Is(err, errors.ErrUnsupported) {
		return nil, fmt.Errorf("%w: there is a contract to test of stores alone, and none of mailers and engines", err)
	}
	if err != nil {
		return nil, inConfig(err)
	}
	return made.(adaptors.Store), nil
}

// programAt returns the path of the program that an argument names, as plugins
// are named: with a slash, and without a "..". In a directory it is the one with
// the name of that.
func programAt(path string) string {
	whole, err := filepath.Abs(path)
	if err != nil {
		return path
	}
	if info, err := os.Stat(whole); err == nil && info.IsDir() {
		path, whole = filepath.Join(path, filepath.Base(whole)), filepath.Join(whole, filepath.Base(whole))
	}
	if !filepath.IsLocal(path) {
		return whole
	}
	return "." + string(filepath.Separator) + filepath.Clean(path)
}

// pluginConfig reads the flag --config.
func (r *run) pluginConfig(text string) (raw []byte, err error) {
	raw = []byte(text)
	if file, ok := strings.CutPrefix(text, "@"); ok {
		if raw, err = r.readFile(file); err != nil {
			return nil, err
		}
	}
	if len(raw) > 0 && !(gjson.ValidBytes(raw) && gjson.ParseBytes(raw).IsObject()) {
		return nil, usagef("--config is no object in JSON: write it as in '{\"address\": \"127.0.0.1:6379\"}', or @ and the name of its file")
	}
	return raw, nil
}

// inConfig says where in the config the errors of a plugin belong, in the place
// of an error that has such in it.
func inConfig(err error) error {
	if faults := pointed(err); len(faults) > 0 {
		return errors.Join(faults...)
	}
	return err
}

func pointed(err error) (faults []error) {
	if at, ok := err.(interface{ Pointer() string }); ok {
		return []error{fmt.Errorf("config%s: %w", at.Pointer(), err)}
	}
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		return pointed(e.Unwrap())
	case interface{ Unwrap() []error }:
		for _, one := range e.Unwrap() {
			faults = append(faults, pointed(one)...)
		}
	}
	return faults
}

// plainLog is for what a plugin prints: text on standard error.
func (r *run) plainLog() *slog.Logger {
	return slog.New(slog.NewTextHandler(r.stderr, &slog.HandlerOptions{
		ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
			if len(groups) == 0 && (a.Key == slog.TimeKey || a.Key == "plugin") {
				return slog.Attr{}
			}
			return a
		},
	}))
}
