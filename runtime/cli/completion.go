package cli

import (
	"context"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/seed90475182/restspace/runtime/config"
)

// shells returns what writes the completions of each shell.
func shells(root *cobra.Command) map[string]func(io.Writer) error {
	return map[string]func(io.Writer) error{
		"bash":       func(w io.Writer) error { return root.GenBashCompletionV2(w, true) },
		"zsh":        root.GenZshCompletion,
		"fish":       func(w io.Writer) error { return root.GenFishCompletion(w, true) },
		"powershell": root.GenPowerShellCompletionWithDesc,
	}
}

func (r *run) completionCommand() *cobra.Command {
	names := []string{"bash", "zsh", "fish", "powershell"}
	return &cobra.Command{
		Use:   "completion SHELL",
		Short: "Print what completes commands in a shell",
		Long: `Prints a script for bash, zsh, fish or powershell, which has the key Tab complete
commands, flags, services, adaptors and the paths of mounts.

Once for each user:

  bash         mkdir -p ~/.local/share/bash-completion/completions
               restspace completion bash > ~/.local/share/bash-completion/completions/restspace
  zsh          restspace completion zsh > "${fpath[1]}/_restspace"
               (needs "autoload -U compinit; compinit" in ~/.zshrc)
  fish         restspace completion fish > ~/.config/fish/completions/restspace.fish
  powershell   restspace completion powershell >> $PROFILE

The script for bash needs the package bash-completion, whichever way it is read.`,
		Example:           `  source <(restspace completion bash)`,
		Args:              takes("SHELL"),
		ValidArgsFunction: first(cobra.FixedCompletions(names, cobra.ShellCompDirectiveNoFileComp)),
		RunE: func(cmd *cobra.Command, args []string) error {
			generate, ok := shells(cmd.Root())[args[0]]
			if !ok {
				return usagef("there are no completions for %q: it is one of %s", args[0], strings.Join(names, ", "))
			}
			return generate(r.stdout)
		},
	}
}

// first completes the first argument of a command with f, and no other.
func first(f cobra.CompletionFunc) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return f(cmd, args, begun)
	}
}

// jsonFiles completes the names of files that may be a configuration.
func jsonFiles(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return []string{"json"}, cobra.ShellCompDirectiveFilterFileExt
}

// completeNoFiles has a command not complete names of files where it says
// nothing: not for its arguments, nor for those of its flags.
func completeNoFiles(cmd *cobra.Command, flags ...string) {
	if cmd.ValidArgsFunction == nil {
		cmd.ValidArgsFunction = cobra.NoFileCompletions
	}
	for _, name := range flags {
		if err := cmd.RegisterFlagCompletionFunc(name, cobra.NoFileCompletions); err != nil {
			panic(err) // there is no such flag
		}
	}
}

// helpTopics completes what there is help on.
func (r *run) helpTopics(cmd *cobra.Command, args []string, _ string) (list []string, _ cobra.ShellCompDirective) {
	switch {
	case len(args) == 0:
		for _, c := range cmd.Root().Commands() {
			if c.IsAvailableCommand() {
				list = append(list, cobra.CompletionWithDesc(c.Name(), c.Short))
			}
		}
		list = append(list, topics()...)
	case len(args) == 1 && slices.Contains([]string{"service", "adaptor"}, args[0]):
		for _, k := range kinds(r.App, args[0]+"s") {
			list = append(list, cobra.CompletionWithDesc(k.name, config.Summary(k.doc)))
		}
	}
	return list, cobra.ShellCompDirectiveNoFileComp
}

// requests completes a method and a path of the configuration.
func (r *run) requests(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	switch len(args) {
	case 0:
		return []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}, cobra.ShellCompDirectiveNoFileComp
	case 1:
		return r.paths(cmd.Context()), cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
	}
	return nil, cobra.ShellCompDirectiveNoFileComp
}

// paths returns the paths of the mounts, none if the configuration has errors.
func (r *run) paths(ctx context.Context) (paths []string) {
	conf, err := r.configuration(ctx)
	if err != nil {
		return nil
	}
	for _, m := range mountsOf(conf) {
		paths = append(paths, cobra.CompletionWithDesc(strings.TrimSuffix(m.Path, "."), m.Service))
	}
	return paths
}
