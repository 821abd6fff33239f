package cli

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/seed90475182/restspace/runtime/oldconfig"
)

func (r *run) checkCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "check [FILE]",
		Short: "Check a configuration and print all its errors",

		SuggestFor: []string{"lint", "validate", "verify"},
		Long: `Checks a configuration as serve would, and prints all its errors. It opens and
makes nothing that the configuration names: plugins are started, to read their
configs, and ended. FILE may be -, for standard input.`,
		Example: `  restspace check
  restspace check next.json`,
		Args:              takes("[FILE]"),
		ValidArgsFunction: first(jsonFiles),
		RunE:              func(cmd *cobra.Command, args []string) error { return r.check(cmd.Context(), args) },
	}
}

// check checks the one file of files, or else the configuration.
func (r *run) check(ctx context.Context, files []string) (err error) {
	var name string
	var data []byte
	if len(files) == 0 {
		name, data, err = r.source(ctx)
	} else {
		name = filepath.Clean(files[0])
		data, err = r.readFile(name)
	}
	if err != nil {
		return err
	}
	conf, err := r.parseAsking(ctx, name, data)
	if err != nil && oldconfig.Is(data) {
		r.complain(err)
		r.note("%s is of an older form: see restspace help import", name)
		return errTold
	}
	if err != nil {
		return err
	}
	for _, warning := range conf.Warnings(time.Now()) {
		r.note("warning: %s", warning)
	}
	_, err = fmt.Fprintf(r.stdout, "%s: ok: %s\n", name, countOf(conf))
	return err
}
