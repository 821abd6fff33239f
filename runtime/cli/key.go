package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/spf13/cobra"

	"github.com/seed90475182/restspace/runtime/config"
	"github.com/seed90475182/restspace/runtime/identity"
)

func (r *run) keyCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "key COMMAND",
		Short: "List the keys that sign tokens, or make a new one",

		Long: `Commands for the keys that sign the tokens of this installation: those in
auth.keyFile. Others read their public halves at /.well-known/jwks.json.`,
		Example: `  restspace key list
  restspace key rotate`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			return usagef("unknown command %q%s", "key "+args[0], didYouMean(cmd.SuggestionsFor(args[0])))
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },

		SuggestionsMinimumDistance: nearDistance,
	}
	cmd.AddCommand(r.keyListCommand(), r.keyRotateCommand())
	for _, c := range cmd.Commands() {
		completeNoFiles(c)
	}
	return cmd
}

func (r *run) keyListCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the keys that sign tokens",
		Long: `Lists the keys in auth.keyFile, the newest first: which signs, from when on a new one
does, and until when tokens of the other hold.`,
		Example: `  restspace key list`,
		Args:    takes(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, _, conf, err := r.used(cmd.Context())
			if err != nil {
				return err
			}
			keys, err := identity.List(conf.Auth.KeyFile, keyTimes(conf))
			if err != nil {
				return keysError(conf.Auth.KeyFile, err)
			}
			return r.printKeys(keys)
		},
	}
}

func (r *run) keyRotateCommand() *cobra.Command {
	var force bool
	cmd := &cobra.Command{
		Use:   "rotate",
		Short: "Sign tokens with a new key from now on",
		Long: `Makes a new key, with which tokens are signed from now on. The one before stays,
so that its tokens hold to their end and nobody is signed out; the one before
that is dropped. A server that runs finds the new key within some seconds.

Where server.peers names other servers, the new key signs when it is ten minutes
old, and that before until then: copy the file to all of them in that time. Make
the key on one server alone.

Where tokens of the key that is to be dropped may still hold, nothing is done:
wait auth.tokenLife between two rotations, or say --force where a key has become
known to others, and rotate twice. Tokens of "restspace token" that hold longer
than auth.tokenLife end with the second rotation as well.`,
		Example: `  restspace key rotate
  restspace key rotate --force`,
		Args: takes(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, _, conf, err := r.used(cmd.Context())
			if err != nil {
				return err
			}
			keys, err := identity.Rotate(conf.Auth.KeyFile, keyTimes(conf), force)
			if err != nil {
				return keysError(conf.Auth.KeyFile, err)
			}
			if err := r.printKeys(keys); err != nil {
				return err
			}
			if len(conf.Server.Peers) > 0 {
				r.note("copy %s to the other servers now: from %s on they need it, to believe what this one signs",
					conf.Auth.KeyFile, keys[0].From.Local().Format(time.DateTime))
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&force, "force", false, "drop a key of which tokens may still hold")
	return cmd
}

// keyTimes returns what the keys of a configuration go by.
func keyTimes(conf *config.Config) identity.Times {
	return identity.Times{Life: conf.Auth.TokenLife.Duration(), Wait: identity.Wait(conf.Server.Peers)}
}

// keysError says what makes keys where there are none.
func keysError(file string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("auth.keyFile %s: there are no keys yet: restspace serve and restspace token make the first one", file)
	}
	return err
}

func (r *run) printKeys(keys []identity.KeyInfo) error {
	rows := [][]string{{"KEY", "MADE", "STATE"}}
	for _, k := range keys {
		state := "signs"
		switch {
		case k.Signs:
		case time.Now().Before(k.From):
			state = "signs from " + k.From.Local().Format(time.DateTime)
		case time.Now().Before(k.Until):
			state = "believed until " + k.Until.Local().Format(time.DateTime)
		default:
			state = "of no use any more"
		}
		rows = append(rows, []string{k.ID, k.Made.Local().Format(time.DateTime), state})
	}
	return printTable(r.stdout, rows)
}
