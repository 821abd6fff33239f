package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/seed90475182/restspace/adaptors/plugin/languages"
)

// pluginNew is what the arguments of the command plugin new say.
type pluginNew struct{ name, language, dir string }

func (r *run) pluginNewCommand() *cobra.Command {
	n := pluginNew{language: languages.Names()[0]}
	cmd := &cobra.Command{
		Use:   "new NAME",
		Short: "Write the project of a new plugin",
		Long: `Writes a project that works as it is: a program that serves a store in memory,
for you to put another in its place, with a test and a README that says how it is
built and mounted. NAME is that of the program and, without --dir, of the
directory. Nothing that is there is written over.`,
		Example: `  restspace plugin new redis
  restspace plugin new cellar --lang ` + languages.Names()[len(languages.Names())-1] + ` --dir plugins/cellar`,
		Args: takes("NAME"),
		RunE: func(_ *cobra.Command, args []string) error {
			n.name = args[0]
			return r.pluginNew(n)
		},
	}
	f := cmd.Flags()
	f.StringVar(&n.language, "lang", n.language, "`language` of it: "+strings.Join(languages.Names(), ", "))
	f.StringVar(&n.dir, "dir", "", "`directory` to write it into")
	_ = cmd.RegisterFlagCompletionFunc("lang", cobra.FixedCompletions(languages.Names(), cobra.ShellCompDirectiveNoFileComp))
	_ = cmd.MarkFlagDirname("dir") // both are there
	return cmd
}

func (r *run) pluginNew(n pluginNew) error {
	if err := languages.CheckName(n.name); err != nil {
		return usageError{err}
	}
	project, err := languages.Project(n.language, n.name)
	if err != nil {
		return usageError{err}
	}
	if n.dir == "" {
		n.dir = n.name
	}
	for _, f := range project {
		path := filepath.Join(n.dir, filepath.FromSlash(f.Path))
		if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("there is something at %s: choose another name, or another directory with --dir", path)
		}
	}
	for _, f := range project {
		path := filepath.Join(n.dir, filepath.FromSlash(f.Path))
		if err := writeNew(path, f.Data, f.Mode); err != nil {
			return err
		}
		if _, err := fmt.Fprintln(r.stdout, path); err != nil {
			return err
		}
	}
	r.note("see %s for what to do next", filepath.Join(n.dir, "README.md"))
	return nil
}

// writeNew writes a file that is not there, and the directories above it.
func writeNew(path string, data []byte, mode fs.FileMode) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Close())
}
