package cli

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/seed90475182/restspace/runtime/config"
	"github.com/seed90475182/restspace/runtime/configfile"
)

func (r *run) fmtCommand() *cobra.Command {
	var check bool
	cmd := &cobra.Command{
		Use:   "fmt [FILE]...",
		Short: "Format services.json and keep its comments",
		Long: `Formats files of JSON with comments and trailing commas, and prints the names of
those that it has changed. Comments and line breaks stay; an object with a line
break inside has its braces on lines of their own. Without a name it formats the
configuration; - is standard input, which goes to standard output.`,
		Example: `  restspace fmt
  restspace fmt --check services.json examples/*/services.json
  restspace fmt - < old.json > new.json`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 && slices.Contains(args, "-") {
				return usagef("- stands for standard input, and goes with no other file")
			}
			return nil
		},
		ValidArgsFunction: jsonFiles,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				if r.isShared() {
					return usagef("%s is no file: get it, format that, and put it there again", shown(r.config))
				}
				name, _, err := r.source(cmd.Context())
				if err != nil {
					return err
				}
				args = []string{name}
			}
			return r.format(cmd.Context(), args, check)
		},
	}
	cmd.Flags().BoolVar(&check, "check", false, "change nothing: print the names of files that are not formatted, and fail if there is one")
	return cmd
}

// format formats files. One that can't be does not keep it from the others.
func (r *run) format(ctx context.Context, names []string, check bool) error {
	var failed error
	for _, name := range names {
		changed, err := r.formatFile(ctx, filepath.Clean(name), check)
		if err == nil && changed {
			_, err = fmt.Fprintln(r.stdout, filepath.Clean(name))
		}
		if err != nil {
			r.complain(err)
		}
		if err != nil || changed && check {
			failed = errTold
		}
	}
	return failed
}

// formatFile formats one file and reports whether that changed something.
// Standard input is printed instead, and so it never did.
func (r *run) formatFile(ctx context.Context, name string, check bool) (changed bool, err error) {
	data, err := r.readFile(name)
	if err != nil {
		return false, err
	}
	formatted, err := config.Format(name, data)
	switch {
	case err != nil:
		return false, err
	case name == "-" && !check:
		_, err = r.stdout.Write(formatted)
		return false, err
	case bytes.Equal(data, formatted):
		return false, nil
	case check:
		return true, nil
	}
	return true, configfile.New(name).Replace(ctx, data, formatted)
}
