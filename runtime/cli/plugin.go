package cli

import (
	"io"

	"github.com/spf13/cobra"

	"github.com/seed90475182/restspace/adaptors/plugin"
)

func (r *run) pluginCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "plugin COMMAND",
		Short: "Write a new plugin, or test one",

		Long: `Commands for those who write plugins: programs that serve an adaptor, in any
language. A service mounts one by its path: "adaptor": "./plugins/redis".
"restspace help plugins" tells all about them.`,
		Example: `  restspace plugin new redis
  restspace plugin test ./redis`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			return usagef("unknown command %q%s", "plugin "+args[0], didYouMean(cmd.SuggestionsFor(args[0])))
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },

		SuggestionsMinimumDistance: nearDistance,
	}
	cmd.AddCommand(r.pluginNewCommand(), r.pluginTestCommand(), r.pluginProtoCommand())
	for _, c := range cmd.Commands() {
		completeNoFiles(c)
	}
	return cmd
}

func (r *run) pluginProtoCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "proto",
		Short: "Print the protocol of plugins, for other languages",
		Long: `Prints the protocol between a server and a plugin in the language of Protocol
Buffers: what protoc makes code of. "restspace help plugins" tells the rest.`,
		Example: `  restspace plugin proto > adaptor.proto`,
		Args:    takes(),
		RunE: func(*cobra.Command, []string) error {
			_, err := io.WriteString(r.stdout, plugin.Protocol())
			return err
		},
	}
}
