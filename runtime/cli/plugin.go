package cli

import (
	"github.com/spf13/cobra"
)

func (r *run) pluginCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "plugin COMMAND",
		Short: "Write a new plugin, or test one",

		Long: `Commands for those who write plugins: programs that serve an adaptor, in any
language. A service mounts one by its path: "adaptor": "./plugins/redis".`,
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
	cmd.AddCommand(r.pluginNewCommand(), r.pluginTestCommand())
	for _, c := range cmd.Commands() {
		completeNoFiles(c)
	}
	return cmd
}
