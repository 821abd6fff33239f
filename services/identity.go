package services

import (
	"context"
	"time"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/services/account"
)

// Identity is how a service signs users in and out, and keeps what they are
// known by. Only a Kind that says Users gets it. Safe for concurrent use.
type Identity interface {
	// Issue returns a token that says that its bearer is u, as was known at a
	// time: changes of records since then end it, so that it is that of
	// account.Record.Since, and not now. It belongs to the session of u, or begins
	// one where u has none. Of the Fields of u it carries those that
	// auth.userProps names.
	Issue(u *bus.User, at time.Time) (Token, error)

	// Cookie returns the value of a field Set-Cookie for the client of the
	// request that ctx belongs to: one that carries t, or where t is the zero
	// Token, one that ends the cookie. "" where the configuration has no cookies.
	Cookie(ctx context.Context, t Token) string

	// Record reads the record of a user from where auth.userUrlPattern says, as
	// the server itself: with its password and its state. The error is
	// fs.ErrNotExist where there is none.
	Record(ctx context.Context, email string) (*account.Record, error)

	// Change reads a record, has change alter the Password, Roles or State of a
	// copy, and writes what is altered back, provided that nobody else did
	// meanwhile; if so, it begins again, a few times. An error of change ends it
	// and is returned. Tokens that do not hold any more end in this process at
	// once.
	Change(ctx context.Context, email string, change func(r *account.Record) error) error

	// Forget has the record of a user read again before their next token counts.
	Forget(email string)

	// Facts returns those members of a record that auth.userProps names: the
	// Fields of its user.
	Facts(r *account.Record) map[string]string

	// Hasher is the one of the server.
	Hasher() *account.Hasher
}

// Token is a signed token.
type Token struct {
	Value   string
	Expires time.Time
}
