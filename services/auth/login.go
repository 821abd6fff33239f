package auth

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"net/http"
	"net/url"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/services"
	"github.com/seed90475182/restspace/services/account"
)

// errWrong is the same for an unknown user as for a wrong password.
var errWrong = &bus.Error{Status: http.StatusUnauthorized, Detail: "the email or the password is wrong",
	Header: bus.Header{{Name: "WWW-Authenticate", Value: `Bearer realm="restspace"`}}}

// login signs a user in. A form leads to another page whatever comes of it.
func (s *service) login(ctx context.Context, m *bus.Message, _ services.Args) (*bus.Message, error) {
	c, err := s.read(ctx, m)
	if err != nil {
		return nil, err
	}
	email, record, err := s.known(ctx, &c)
	s.audit(ctx, "login", email, "", err)
	if err != nil {
		if c.form {
			return formFailed(m, s.places.login, onwards(&c), err)
		}
		return nil, err
	}
	user := &bus.User{Email: record.Email, Roles: record.Roles, Fields: s.identity.Facts(record)}
	reply, err := s.signIn(ctx, m, user, record)
	if err == nil && c.form {
		cookie := reply.Header.Get("Set-Cookie")
		reply = s.formSucceeded(&c)
		if cookie != "" {
			reply.Header.Add("Set-Cookie", cookie)
		}
	}
	return reply, err
}

// known returns the email and the record of the user whose password c has.
func (s *service) known(ctx context.Context, c *credentials) (email string, _ *account.Record, err error) {
	if email, err = account.Email(c.Email); err != nil {
		return "", nil, err
	}
	if len(c.Password) > account.MaxPassword {
		return email, nil, bus.Errorf(http.StatusBadRequest, "the password has more than %d bytes", account.MaxPassword)
	}
	try, err := s.guard.Begin(ctx, email)
	if err != nil {
		return email, nil, err
	}
	record, err := s.identity.Record(ctx, email)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		try.TakeBack()
		return email, nil, err
	}
	ok, err := s.identity.Hasher().Admits(ctx, s.log, record, c.Password) // which takes as long for nobody
	switch {
	case err != nil:
		try.TakeBack()
		return email, nil, err
	case !ok:
		return email, nil, errWrong
	}
	try.Succeed()
	return email, record, nil
}

// onwards returns what a form says of where to go when it succeeds, so that it is
// not forgotten where it fails.
func onwards(c *credentials) url.Values {
	query := make(url.Values)
	if isOwnPath(c.redirect) {
		query.Set("redirect", c.redirect)
	}
	return query
}

func (s *service) formSucceeded(c *credentials) *bus.Message {
	if isOwnPath(c.redirect) {
		return seeOther(c.redirect, nil)
	}
	return seeOther(s.places.login, url.Values{"result": {"succeed"}})
}

// signIn answers with the user, and a cookie with a new token.
func (s *service) signIn(ctx context.Context, m *bus.Message, u *bus.User, record *account.Record) (*bus.Message, error) {
	since := record.Since()
	if own := m.User; u.Actor != "" && own.Session.Issued.After(since) { // what ends theirs ends this one
		since = own.Session.Issued
	}
	token, err := s.identity.Issue(u, since)
	if err != nil {
		return nil, err
	}
	shown := shownUser(u, record)
	shown["exp"] = token.Expires.UnixMilli()
	query, _ := url.ParseQuery(m.URL.Query)
	if query.Get("token") == "body" {
		shown["token"] = token.Value
	}
	reply, err := answer(shown)
	if err != nil {
		return nil, err
	}
	if cookie := s.identity.Cookie(ctx, token); cookie != "" {
		reply.Header.Add("Set-Cookie", cookie)
	}
	return reply, m.Close()
}

// shownUser returns what the user may know about themselves. record may be nil.
func shownUser(u *bus.User, record *account.Record) map[string]any {
	shown := make(map[string]any)
	for name, value := range u.Fields {
		shown[name] = value
	}
	if record != nil {
		for name, value := range maps.All(record.Members) {
			shown[name] = value
		}
	}
	shown["email"], shown["roles"] = u.Email, account.Roles(u.Roles)
	if u.Actor != "" {
		shown["actor"] = u.Actor
	}
	return shown
}

// answer returns a reply that is for nobody else.
func answer(value any) (*bus.Message, error) {
	data, err := json.Marshal(value, json.Deterministic(true))
	if err != nil {
		return nil, err
	}
	reply := bus.Reply(http.StatusOK, bus.NewBody(data, "application/json"))
	reply.Header.Add("Cache-Control", "no-store")
	return reply, nil
}

// leeway is how long after its end a token may still be believed.
const leeway = time.Minute

// logout ends the session that the token belongs to, and the cookie.
func (s *service) logout(ctx context.Context, m *bus.Message, _ services.Args) (*bus.Message, error) {
	if err := fromHere(ctx); err != nil {
		return nil, err
	}
	if u := m.User; u != nil && u.Session != nil {
		err := s.endSession(ctx, u)
		s.audit(ctx, "logout", u.Email, u.Actor, err)
		if err != nil {
			return nil, err
		}
	}
	reply := bus.Reply(http.StatusNoContent, nil)
	if isForm(m.Body) {
		reply = seeOther(s.places.login, url.Values{"result": {"out"}})
	}
	if cookie := s.identity.Cookie(ctx, services.Token{}); cookie != "" {
		reply.Header.Add("Set-Cookie", cookie)
	}
	reply.Header.Set("Cache-Control", "no-store")
	return reply, m.Close()
}

// endSession has all tokens of u's session end. One that was issued at this
// moment is the last of them.
func (s *service) endSession(ctx context.Context, u *bus.User) error {
	last, err := s.identity.Issue(u, time.Now())
	if err != nil {
		return err
	}
	err = s.identity.Change(ctx, u.Email, func(r *account.Record) error {
		r.State.EndSession(u.Session.ID, last.Expires.Add(leeway), time.Now())
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) { // so that no token of theirs holds
		return nil
	}
	return err
}

// user answers with who asks.
func (s *service) user(ctx context.Context, m *bus.Message, _ services.Args) (*bus.Message, error) {
	u := m.User
	if u == nil {
		return nil, bus.Errorf(http.StatusUnauthorized, "nobody is signed in")
	}
	var record *account.Record
	if u.Session != nil { // or else it is somebody whom another issuer knows
		var err error
		if record, err = s.identity.Record(ctx, u.Email); err != nil {
			return nil, err
		}
	}
	shown := shownUser(u, record)
	if u.Session != nil {
		shown["expiry"] = u.Session.Expires.UnixMilli()
	}
	reply, err := answer(shown)
	return reply, errors.Join(err, m.Close())
}

// audit notes what came of a call.
func (s *service) audit(ctx context.Context, event, user, by string, err error) {
	outcome := "ok"
	if err != nil {
		switch known := bus.Classify(err); {
		case errors.Is(err, errWrong):
			outcome = "wrong password or unknown user"
		case known.Status == http.StatusTooManyRequests:
			outcome = "throttled"
		case known.Status < 500:
			outcome = "refused"
		default:
			outcome = "error"
		}
	}
	account.Audit(ctx, s.log, account.Event{Name: event, User: user, By: by, Outcome: outcome})
}
