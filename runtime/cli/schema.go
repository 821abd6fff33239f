package cli

import (
	"github.com/spf13/cobra"

	"github.com/seed90475182/restspace/runtime/config"
)

func (r *run) schemaCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "Print a JSON Schema of services.json, for editors",
		Long: `Prints a JSON Schema (2020-12) of services.json, with the services and adaptors
of this program. An editor that reads it offers the keys, says what they mean
and marks what is wrong. Write its name into the file:

  { "$schema": "./services.schema.json", "services": [] }`,
		Example: `  restspace schema > services.schema.json`,
		Args:    takes(),
		RunE: func(*cobra.Command, []string) error {
			_, err := r.stdout.Write(config.Schema(config.Kinds{Services: r.Services, Adaptors: r.Adaptors}))
			return err
		},
	}
}
