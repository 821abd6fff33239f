package cli

import (
	"os/exec"

	"github.com/spf13/cobra"

	"github.com/seed90475182/restspace/runtime/hashing"
)

// hashPasswords is the name of the command that serve runs.
const hashPasswords = "hash-passwords"

func (r *run) hashPasswordsCommand() *cobra.Command {
	return &cobra.Command{
		Use:    hashPasswords,
		Short:  "Hash passwords for a server",
		Hidden: true,
		Long:   `Is run by serve, to hash passwords in a process of its own.`,
		Args:   takes(),
		RunE: func(*cobra.Command, []string) error {
			hashing.StepBack()
			return hashing.Serve(r.stdin, r.stdout)
		},
	}
}

// hashing returns how serve runs that command, nil if it can't.
func (r *run) hashing() func() *exec.Cmd {
	if r.Program == "" {
		return nil
	}
	return func() *exec.Cmd {
		cmd := exec.Command(r.Program, hashPasswords)
		cmd.Args[0] = "restspace" // for who looks at processes
		return cmd
	}
}
