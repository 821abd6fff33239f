package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/runtime/access"
	"github.com/seed90475182/restspace/runtime/identity"
	"github.com/seed90475182/restspace/services/account"
)

func (r *run) tokenCommand() *cobra.Command {
	var roles string
	life := time.Hour
	cmd := &cobra.Command{
		Use:   "token EMAIL",
		Short: "Print a token for a user, signed with the installation's key",
		Long: `Prints a token for a user. It is signed with the key in auth.keyFile, which is
made when it is missing, and read from where the server reads it: run both in the
same directory. Keep the token as secret as a password. It is believed for a
minute longer than --exp says, since clocks differ. Where auth.userUrlPattern
says where user records are, the user needs one: a warning says where there is none.`,
		Example: `  restspace token jo@example.com --roles "U E" --exp 30m
  curl -H "Authorization: Bearer $(restspace token jo@example.com --roles U)" http://127.0.0.1:3100/contacts`,
		Args: takes("EMAIL"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if life < time.Second {
				return usagef("--exp %v: write a time of a second or more, such as 30m or 12h", life)
			}
			email, err := account.Email(args[0])
			if err != nil {
				return usagef("%q is no email address: write one such as jo@example.com", args[0])
			}
			for _, role := range strings.Fields(roles) {
				if spec, err := access.Parse(role); err != nil || !spec.IsRole() {
					return usagef("--roles: %q is no role: write names such as U and E, with a space between two", role)
				}
			}
			return r.token(cmd.Context(), &bus.User{Email: email, Roles: strings.Fields(roles)}, life)
		},
	}
	cmd.Flags().StringVar(&roles, "roles", "", "`roles` of the user, separated by spaces")
	cmd.Flags().DurationVar(&life, "exp", life, "`time` until the token expires")
	completeNoFiles(cmd, "roles", "exp")
	return cmd
}

func (r *run) token(ctx context.Context, u *bus.User, life time.Duration) error {
	name, data, conf, err := r.used(ctx)
	if err != nil {
		return err
	}
	keys, err := identity.LoadKeys(conf.Auth.KeyFile)
	if errors.Is(err, fs.ErrNotExist) {
		if keys, err = identity.MakeKeys(conf.Auth.KeyFile); err == nil {
			r.note("made new keys: %s: a server with other keys does not believe the token", conf.Auth.KeyFile)
		}
	}
	if err != nil {
		return err
	}
	issuer := identity.Issuer{Keys: keys, Name: conf.Auth.Issuer, Audience: conf.Auth.Audience, Wait: identity.Wait(conf.Server.Peers)}
	token, err := issuer.Sign(u, life)
	if err != nil {
		return err
	}
	if _, err = fmt.Fprintln(r.stdout, token); err == nil && r.unknown(ctx, name, data, conf, u.Email) {
		r.note("warning: there is no record of %s, so that servers do not believe the token: restspace user add makes one", u.Email)
	}
	return err
}
