package user

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/services/account"
)

// roleOfAll is the role of who makes a record for themselves.
const roleOfAll = "U"

// currentPassword is the member of a write that shows who changes a password. It
// is not stored.
const currentPassword = "currentPassword"

// A caller is who makes a request, and what that may write.
type caller struct {
	*service
	user    *bus.User
	manages bool // may write all records

	password, hash string // the last that was hashed: a write may begin again
}

// A writing is a record that somebody wants to be stored.
type writing struct {
	email   string
	old     *account.Record // nil: there is none, or what is there is no record
	replace bool            // something is there
	sent    *account.Record
	members map[string]jsontext.Value // that were sent
	record  []byte                    // what was sent, without currentPassword
}

// admit is the Admit of a documents.Guard.
func (c *caller) admit(ctx context.Context, key adaptors.Key, before, after []byte) ([]byte, error) {
	email := emailOf(key)
	if after == nil {
		return nil, c.owns(email, true)
	}
	w := &writing{email: email, replace: before != nil}
	if old, err := account.Parse(before); err == nil && old.Email == email {
		w.old = old
	}
	if err := w.read(after); err != nil {
		return nil, err
	}
	if !c.manages {
		if err := c.admitsUser(w); err != nil {
			return nil, err
		}
	}
	return c.compose(ctx, w)
}

// owns returns an error unless the caller may write the record of a user.
func (c *caller) owns(email string, replace bool) error {
	switch {
	case c.manages, c.user != nil && c.user.Email == email, c.user == nil && !replace:
		return nil
	case c.user == nil:
		return &bus.Error{Status: http.StatusUnauthorized, Detail: "only who signed in may change a record: sign in",
			Header: bus.Header{{Name: "WWW-Authenticate", Value: "Bearer"}}}
	}
	return bus.Errorf(http.StatusForbidden, "you may write your own record, %s, but no other: manageRoles say who may", c.user.Email)
}

// read takes apart what was sent.
func (w *writing) read(after []byte) (err error) {
	if err := json.Unmarshal(after, &w.members); err != nil || w.members == nil {
		return bus.Errorf(http.StatusBadRequest, "a user record is an object: send one such as %s", `{"email": "ann@example.com", "roles": "U"}`)
	}
	if _, ok := w.members["auth"]; ok {
		return bus.Errorf(http.StatusForbidden, `"auth" is what the server itself keeps in a record: leave it out`)
	}
	if err := w.checkNames(); err != nil {
		return err
	}
	for _, name := range [...]string{"email", "password", currentPassword} {
		if value, ok := w.members[name]; ok && value.Kind() != '"' {
			return bus.Errorf(http.StatusBadRequest, "%q is no text: write one, or leave it out", name)
		}
	}
	if w.record, err = account.Without(after, currentPassword); err != nil {
		return err
	}
	return w.parse()
}

// parse reads the record for the user whose name it has.
func (w *writing) parse() (err error) {
	w.sent, err = account.Parse(w.record)
	switch {
	case err != nil && w.members["email"] == nil:
		return bus.Errorf(http.StatusBadRequest, `the record has no "email": write %q, as in its name`, w.email)
	case err != nil && !isRoles(w.members["roles"]):
		return bus.Errorf(http.StatusBadRequest, `"roles" are no roles: write a text such as "U E", or a list of texts`)
	case err != nil || w.sent.Email != w.email:
		return bus.Errorf(http.StatusBadRequest, `the "email" of the record is another one than its name: write %q`, w.email)
	}
	w.sent.Roles = strings.Fields(strings.Join(w.sent.Roles, " "))
	for _, role := range w.sent.Roles {
		if !account.IsRole(role) {
			return bus.Errorf(http.StatusBadRequest, `%.100q in "roles" is no role: write names such as U or E`, role)
		}
	}
	return nil
}

// checkNames refuses what a reader that does not look at case takes for a member
// of its own.
func (w *writing) checkNames() error {
	for name := range w.members {
		for _, own := range [...]string{"email", "roles", "password", "auth", currentPassword} {
			if name != own && strings.EqualFold(name, own) {
				return bus.Errorf(http.StatusBadRequest, "%q is not %q: write it so, or choose another name", name, own)
			}
		}
	}
	return nil
}

func isRoles(value jsontext.Value) bool {
	var roles account.Roles
	return value == nil || json.Unmarshal(value, &roles) == nil
}

// admitsUser returns what of a write is not for somebody who does not manage
// users.
func (c *caller) admitsUser(w *writing) error {
	if err := c.owns(w.email, w.replace); err != nil {
		return err
	}
	old := &account.Record{Roles: account.Roles{roleOfAll}}
	if w.old != nil {
		old = w.old
	}
	if _, ok := w.members["roles"]; ok && !sameRoles(old.Roles, w.sent.Roles) {
		if !w.replace {
			return bus.Errorf(http.StatusForbidden, "who makes a record for themselves has the role %s and no other: leave roles out", roleOfAll)
		}
		return bus.Errorf(http.StatusForbidden, "only who manages users changes roles: leave them as they are, or out")
	}
	before, after := c.identity.Facts(old), c.identity.Facts(w.sent)
	for _, name := range slices.Sorted(maps.Keys(maps.Collect(bothOf(before, after)))) {
		if before[name] != after[name] {
			return bus.Errorf(http.StatusForbidden, "only who manages users changes %q, which rules may go by: leave it as it is", name)
		}
	}
	return nil
}

// bothOf yields the pairs of two maps.
func bothOf(a, b map[string]string) func(yield func(string, string) bool) {
	return func(yield func(string, string) bool) {
		for _, m := range [...]map[string]string{a, b} {
			for name, value := range m {
				if !yield(name, value) {
					return
				}
			}
		}
	}
}

func sameRoles(a, b account.Roles) bool {
	a, b = slices.Clone(a), slices.Clone(b)
	slices.Sort(a)
	slices.Sort(b)
	return slices.Equal(slices.Compact(a), slices.Compact(b))
}

// compose returns what is stored for a write. Roles and a password that were not
// sent stay as they are.
func (c *caller) compose(ctx context.Context, w *writing) ([]byte, error) {
	next := *w.sent
	if w.old != nil {
		next.State = w.old.State
	}
	if _, ok := w.members["roles"]; !ok {
		next.Roles = account.Roles{roleOfAll}
		if w.old != nil {
			next.Roles = w.old.Roles
		}
	}
	changed, err := c.setPassword(ctx, w, &next)
	if err != nil {
		return nil, err
	}
	if changed || w.old == nil || !sameRoles(w.old.Roles, next.Roles) || !maps.Equal(c.identity.Facts(w.old), c.identity.Facts(&next)) {
		next.State.EndAll(time.Now())
	}
	return account.Write(w.record, &next)
}

// setPassword sets the hash that next has, and reports whether it is a new one.
func (c *caller) setPassword(ctx context.Context, w *writing, next *account.Record) (changed bool, err error) {
	next.Password = ""
	if w.old != nil {
		next.Password = w.old.Password
	}
	password := w.sent.Password
	_, given := w.members["password"]
	switch {
	case !given, password == account.Hidden && w.replace:
		return false, nil
	case password == "" && c.manages:
		next.Password = ""
		return w.old != nil && w.old.Password != "", nil
	case password == account.Hidden:
		return false, bus.Errorf(http.StatusBadRequest, "%s stands for a password that is there, and there is none: write one, or leave it out", account.Hidden)
	}
	if err := c.policy.Admits(password, w.about()...); err != nil {
		return false, &bus.Error{Status: http.StatusBadRequest, Detail: err.Error()}
	}
	if err := c.proves(ctx, w); err != nil {
		return false, err
	}
	if c.hash == "" || c.password != password {
		if c.hash, err = c.identity.Hasher().Hash(ctx, password); err != nil {
			return false, err
		}
		c.password = password
	}
	next.Password = c.hash
	return true, nil
}

// about returns what a password must not consist of.
func (w *writing) about() []string {
	list := []string{w.email}
	for name := range w.sent.Members {
		if text := w.sent.Member(name); text != "" {
			list = append(list, text)
		}
	}
	return list
}

// proves returns an error unless the caller may set a password: who changes
// their own has to know the one they have.
func (c *caller) proves(ctx context.Context, w *writing) error {
	switch {
	case c.manages:
		return nil
	case c.user != nil && c.user.Actor != "": // or they could sign in as who nobody acts as
		return bus.Errorf(http.StatusForbidden, "you act as %s: only they themselves change their password", w.email)
	case w.old == nil, w.old.Password == "":
		return nil
	}
	var current string
	if value, ok := w.members[currentPassword]; !ok {
		return bus.Errorf(http.StatusBadRequest, "to change your password send the one that you have too, as %q", currentPassword)
	} else if err := json.Unmarshal(value, &current); err != nil {
		return err
	}
	try, err := c.guard.Begin(ctx, w.email)
	if err != nil {
		c.audit(ctx, "password", w.email, "throttled")
		return err
	}
	ok, err := c.identity.Hasher().Admits(ctx, c.log, w.old, current)
	switch {
	case err != nil:
		try.TakeBack()
	case ok:
		try.Succeed()
	default:
		c.audit(ctx, "password", w.email, "wrong password")
		err = bus.Errorf(http.StatusForbidden, "%q is not the password that you have", currentPassword)
	}
	return err
}

// done is the Done of a documents.Guard.
func (c *caller) done(ctx context.Context, key adaptors.Key, before, stored []byte) {
	email := emailOf(key)
	c.identity.Forget(email)
	old, oldErr := account.Parse(before)
	next, nextErr := account.Parse(stored)
	switch {
	case stored == nil:
		c.audit(ctx, "user deleted", email, "ok")
	case errors.Join(oldErr, nextErr) != nil:
		c.audit(ctx, "user created", email, "ok")
	default:
		if old.Password != next.Password {
			c.audit(ctx, "password", email, "ok")
		}
		if !sameRoles(old.Roles, next.Roles) {
			c.audit(ctx, "roles", email, "ok")
		}
	}
}

// audit notes what the caller did to an account.
func (c *caller) audit(ctx context.Context, event, email, outcome string) {
	by := ""
	if c.user != nil {
		if by = c.user.Actor; by == "" {
			by = c.user.Email
		}
	}
	if by == email {
		by = ""
	}
	account.Audit(ctx, c.log, account.Event{Name: event, User: email, By: by, Outcome: outcome})
}
