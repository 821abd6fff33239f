package cli

import (
	"bufio"
	"errors"
	"io"
	"os"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/spf13/cobra"

	"github.com/seed90475182/restspace/runtime/openapi"
)

func (r *run) openapiCommand() *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:   "openapi",
		Short: "Describe what the configuration mounts, as OpenAPI 3.1",

		SuggestFor: []string{"describe", "docs", "swagger"},
		Long: `Prints a document of OpenAPI 3.1 in JSON with all that a client may ask a server
of this configuration for, and the roles that it takes. It opens and makes nothing
that the configuration names. What is internal is not in it.

A running server has the same at /.well-known/restspace/openapi.json: for nobody
what takes no role, and for who shows a token what that user may ask for.`,
		Example: `  restspace openapi
  restspace openapi --config shop.json --output shop.openapi.json`,
		Args: takes(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			conf, err := r.configuration(cmd.Context())
			if err != nil {
				return err
			}
			d := openapi.New(conf)
			write := func(to io.Writer) error {
				return d.OpenAPI(to, openapi.View{All: true, Roles: true}, jsontext.WithIndent("  "))
			}
			if output == "" {
				return write(r.stdout)
			}
			return writeFile(output, write)
		},
	}
	cmd.Flags().StringVar(&output, "output", "", "`file` to write instead of printing")
	_ = cmd.MarkFlagFilename("output", "json") // it is there
	return cmd
}

// writeFile makes or replaces a file.
func writeFile(name string, write func(io.Writer) error) error {
	file, err := os.Create(name)
	if err != nil {
		return err
	}
	buffer := bufio.NewWriter(file)
	return errors.Join(write(buffer), buffer.Flush(), file.Close())
}
