package cli

import (
	"context"
	"net/http"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/spf13/cobra"

	"github.com/seed90475182/restspace/runtime/access"
	"github.com/seed90475182/restspace/services/account"
)

func (r *run) userCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "user COMMAND",
		Short: "Make, list, change and delete users",
		Long: `Commands for the records of users, in the service that auth.userUrlPattern leads
to. They need no server, and that is how the first administrator is made. Where one
serves the configuration on this machine, it makes the changes: they ask it through
a socket beside auth.keyFile, which only who may read the keys can connect to.`,
		Example: `  restspace user add jo@example.com --role U --role A
  restspace user list`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			return usagef("unknown command %q%s", "user "+args[0], didYouMean(cmd.SuggestionsFor(args[0])))
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },

		SuggestionsMinimumDistance: nearDistance,
	}
	cmd.AddCommand(r.userAddCommand(), r.userListCommand(), r.userPasswdCommand(), r.userRolesCommand(), r.userDeleteCommand())
	for _, c := range cmd.Commands() {
		completeNoFiles(c)
	}
	return cmd
}

func (r *run) userAddCommand() *cobra.Command {
	roles := []string{"U"}
	var p asking
	cmd := &cobra.Command{
		Use:     "add EMAIL",
		Short:   "Make a user",
		Long:    "Makes a user with a password and roles." + aboutPasswords,
		Example: `  restspace user add jo@example.com --role U --role A`,
		Args:    takes("EMAIL"),
		RunE: func(cmd *cobra.Command, args []string) error {
			roles := strings.Join(roles, " ")
			if err := checkRoles(strings.Fields(roles)); err != nil {
				return err
			}
			return r.withUsers(cmd.Context(), args[0], func(ctx context.Context, u *users, email string) error {
				password, err := r.password(p)
				if err != nil {
					return err
				}
				record := map[string]string{"email": email, "password": password, "roles": roles}
				if err := u.write(ctx, http.MethodPut, email, record, "If-None-Match"); err != nil {
					return err
				}
				return r.told(p, password, "made %s", email)
			})
		},
	}
	cmd.Flags().StringArrayVar(&roles, "role", roles, "`roles` of the user, separated by spaces; may be given more than once")
	p.flags(cmd)
	completeNoFiles(cmd, "role")
	return cmd
}

func (r *run) userPasswdCommand() *cobra.Command {
	var p asking
	cmd := &cobra.Command{
		Use:     "passwd EMAIL",
		Short:   "Give a user another password",
		Long:    "Gives a user another password, and signs them out everywhere." + aboutPasswords,
		Example: `  restspace user passwd jo@example.com --generate`,
		Args:    takes("EMAIL"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return r.withUsers(cmd.Context(), args[0], func(ctx context.Context, u *users, email string) error {
				if err := u.exists(ctx, email); err != nil { // before a password is asked for
					return err
				}
				password, err := r.password(p)
				if err != nil {
					return err
				}
				if err := u.write(ctx, http.MethodPatch, email, map[string]string{"password": password}, ""); err != nil {
					return err
				}
				return r.told(p, password, "%s has another password", email)
			})
		},
	}
	p.flags(cmd)
	return cmd
}

func (r *run) userRolesCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "roles EMAIL ROLES",
		Short:   "Give a user other roles",
		Long:    `Gives a user other roles in the place of those they have, and signs them out everywhere.`,
		Example: `  restspace user roles jo@example.com "U E"`,
		Args:    takes("EMAIL", "ROLES"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := checkRoles(strings.Fields(args[1])); err != nil {
				return err
			}
			return r.withUsers(cmd.Context(), args[0], func(ctx context.Context, u *users, email string) error {
				return u.write(ctx, http.MethodPatch, email, map[string]string{"roles": args[1]}, "")
			})
		},
	}
}

func (r *run) userDeleteCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "delete EMAIL",
		Short:   "Delete a user",
		Long:    `Deletes the record of a user: their tokens hold no more.`,
		Example: `  restspace user delete jo@example.com`,
		Args:    takes("EMAIL"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return r.withUsers(cmd.Context(), args[0], func(ctx context.Context, u *users, email string) error {
				return u.write(ctx, http.MethodDelete, email, nil, "")
			})
		},
	}
}

func (r *run) userListCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "list",
		Short:   "List the users and their roles",
		Long:    `Lists the users, their roles, and whether they have a password.`,
		Example: `  restspace user list`,
		Args:    takes(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return r.withUsers(cmd.Context(), "", func(ctx context.Context, u *users, _ string) error {
				rows := [][]string{{"EMAIL", "ROLES", "PASSWORD"}}
				err := u.each(ctx, func(data []byte) error {
					record, err := account.Parse(data)
					if err != nil { // it is null: somebody else put something there
						return nil
					}
					password := "no"
					if record.Password == account.Hidden {
						password = "yes"
					}
					rows = append(rows, []string{printable(record.Email), printable(strings.Join(record.Roles, " ")), password})
					return nil
				})
				if err != nil {
					return err
				}
				return printTable(r.stdout, rows)
			})
		},
	}
}

// checkRoles returns an error unless all are roles.
func checkRoles(roles []string) error {
	for _, role := range roles {
		if spec, err := access.Parse(role); err != nil || !spec.IsRole() {
			return usagef("%q is no role: write a name such as U or E", role)
		}
	}
	return nil
}

// encode returns JSON of what can't fail.
func encode(v any) []byte {
	data, _ := json.Marshal(v, json.Deterministic(true))
	return data
}
