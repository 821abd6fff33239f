package cli

import (
	"fmt"

	"github.com/spf13/cobra"
)

func (r *run) checkCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "check [FILE]",
		Short: "Check a configuration and print all its errors",

		SuggestFor: []string{"lint", "validate", "verify"},
		Long: `Checks a configuration as serve would, and prints all its errors. It opens and
makes nothing that the configuration names.`,
		Example: `  restspace check
  restspace check next.json`,
		Args:              takes("[FILE]"),
		ValidArgsFunction: first(jsonFiles),
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				r.config = args[0]
			}
			return r.check()
		},
	}
}

func (r *run) check() error {
	name, data, err := r.source()
	if err != nil {
		return err
	}
	conf, err := r.parse(name, data)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(r.stdout, "%s: ok: %s\n", name, countOf(conf))
	return err
}
