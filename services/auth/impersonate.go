package auth

import (
	"context"
	"errors"
	"io/fs"
	"net/http"
	"slices"
	"strings"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/services"
	"github.com/seed90475182/restspace/services/account"
)

// impersonate signs somebody in as another user, with the roles of that one.
func (s *service) impersonate(ctx context.Context, m *bus.Message, args services.Args) (*bus.Message, error) {
	return s.actAs(ctx, m, args[0], func(r *account.Record) ([]string, error) { return r.Roles, nil })
}

// impersonateWith does so with fewer roles.
func (s *service) impersonateWith(ctx context.Context, m *bus.Message, args services.Args) (*bus.Message, error) {
	c, err := s.read(ctx, m)
	if err != nil {
		return nil, err
	}
	return s.actAs(ctx, m, args[0], func(r *account.Record) ([]string, error) {
		roles := strings.Fields(c.Roles)
		if other, ok := without(roles, r.Roles); ok {
			return nil, bus.Errorf(http.StatusForbidden, "%s has no role %.100q: name roles of theirs", r.Email, other)
		}
		return roles, nil
	})
}

// actAs signs the user of m in as another one.
func (s *service) actAs(ctx context.Context, m *bus.Message, text string, rolesOf func(*account.Record) ([]string, error)) (*bus.Message, error) {
	if err := s.mayImpersonate(ctx, m.User); err != nil {
		return nil, err
	}
	email, err := account.Email(text)
	if err != nil {
		return nil, err
	}
	reply, err := s.actAsUser(ctx, m, email, rolesOf)
	s.audit(ctx, "impersonate", email, m.User.Email, err)
	return reply, err
}

func (s *service) mayImpersonate(ctx context.Context, u *bus.User) error {
	if err := fromHere(ctx); err != nil {
		return err
	}
	switch allowed := strings.Fields(s.config.ImpersonateRoles); {
	case u == nil:
		return bus.Errorf(http.StatusUnauthorized, "nobody is signed in")
	case u.Actor != "":
		return bus.Errorf(http.StatusForbidden, "%s acts as %s already: sign in anew first", u.Actor, u.Email)
	case !slices.ContainsFunc(u.Roles, func(role string) bool { return slices.Contains(allowed, role) }):
		return bus.Errorf(http.StatusForbidden, "only users with a role of impersonateRoles may act as others")
	case u.Session == nil: // whose email is what another issuer says
		return bus.Errorf(http.StatusForbidden, "only users who signed in here may act as others")
	}
	return nil
}

// actAsUser is actAs for somebody who may, if the other one has no role that
// they have not. Whichever roles are asked for, it is all of them that count:
// facts of the other one, and rules with {email}, count as well.
func (s *service) actAsUser(ctx context.Context, m *bus.Message, email string, rolesOf func(*account.Record) ([]string, error)) (*bus.Message, error) {
	record, err := s.identity.Record(ctx, email)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, bus.Errorf(http.StatusNotFound, "there is no user %s", email)
	}
	if err != nil {
		return nil, err
	}
	if other, ok := without(record.Roles, m.User.Roles); ok {
		return nil, bus.Errorf(http.StatusForbidden, "%s has the role %.100q, and you have not", email, other)
	}
	roles, err := rolesOf(record)
	if err != nil {
		return nil, err
	}
	return s.signIn(ctx, m, &bus.User{Email: email, Roles: roles, Fields: s.identity.Facts(record), Actor: m.User.Email}, record)
}

// without returns the first of some roles that is none of others.
func without(some, others []string) (role string, ok bool) {
	i := slices.IndexFunc(some, func(role string) bool { return !slices.Contains(others, role) })
	if i < 0 {
		return "", false
	}
	return some[i], true
}
