package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/seed90475182/restspace/runtime/config"
	"github.com/seed90475182/restspace/runtime/oldconfig"
)

func (r *run) importCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "import FILE",
		Short: "Print an older configuration as a services.json of this version",
		Long: `Reads a configuration in one of the two older forms, a list of services with
serviceName or a map by mount with source, and prints it as services.json is
written now. What could not be carried over goes to stderr, a line each, with
its place and what to do; so does what check would say of the result. FILE may
be -, for standard input.`,
		Example: `  restspace import old.json > services.json`,
		Args:    takes("FILE"),
		RunE:    func(_ *cobra.Command, args []string) error { return r.importOld(args[0]) },

		ValidArgsFunction: first(jsonFiles),
	}
}

func (r *run) importOld(file string) error {
	data, err := r.readFile(file)
	if err != nil {
		return err
	}
	result, err := oldconfig.Convert(file, data)
	if err != nil {
		return err
	}
	if _, err := r.stdout.Write(result.Text); err != nil {
		return err
	}
	for _, note := range result.Notes {
		fmt.Fprintln(r.stderr, note)
	}
	var wrong config.Errors
	if _, err := r.parse("services.json", result.Text); errors.As(err, &wrong) {
		fmt.Fprintln(r.stderr, "in what was written:")
		for line := range strings.Lines(err.Error()) {
			fmt.Fprintln(r.stderr, strings.TrimSuffix(line, "\n"))
		}
		return nil
	}
	return err
}
