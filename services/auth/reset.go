package auth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"io/fs"
	"net/http"
	"net/url"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/services"
	"github.com/seed90475182/restspace/services/account"
	"github.com/seed90475182/restspace/urlpattern"
)

const (
	resetLife  = 30 * time.Minute // that a one-time token holds
	resetPause = 5 * time.Minute  // until another one takes its place: who asks for many keeps nobody from using theirs
)

// mailing bounds the mails that are made in the background.
const (
	mailsWaiting = 64
	mailTime     = time.Minute
)

// resetPassword has a one-time token sent to the address in the body. A form
// leads to another page.
func (s *service) resetPassword(ctx context.Context, m *bus.Message, _ services.Args) (*bus.Message, error) {
	c, err := s.read(ctx, m)
	if err != nil {
		return nil, err
	}
	err = s.askForReset(ctx, c.Email)
	switch {
	case err == nil && c.form:
		return seeOther(s.places.reset, url.Values{"result": {"sent"}}), m.Close()
	case err == nil:
		return bus.Reply(http.StatusAccepted, nil), m.Close()
	case c.form && s.config.emailSend != nil: // or there is no page for it
		return formFailed(m, s.places.reset, url.Values{"reason": {"email"}}, err)
	}
	return nil, err
}

// resetPasswordOf has a one-time token sent to an address. The answer is the same
// whether a user has it, and comes before that is looked up.
func (s *service) resetPasswordOf(ctx context.Context, m *bus.Message, args services.Args) (*bus.Message, error) {
	if err := fromHere(ctx); err != nil {
		return nil, err
	}
	if err := s.askForReset(ctx, args[0]); err != nil {
		return nil, err
	}
	return bus.Reply(http.StatusAccepted, nil), m.Close()
}

// askForReset puts an address into the queue.
func (s *service) askForReset(ctx context.Context, text string) error {
	if s.config.emailSend == nil {
		return bus.Errorf(http.StatusNotFound, `this service sends no mails: set "emailSendUrlPattern" and "resetUrl" in its configuration`)
	}
	email, err := account.Email(text)
	if err != nil {
		return err
	}
	if _, err := s.guard.Begin(ctx, "reset "+email); err != nil {
		s.audit(ctx, "reset-asked", email, "", err)
		return err
	}
	select {
	case s.resets <- email:
		s.audit(ctx, "reset-asked", email, "", nil)
	default:
		s.log.Warn("too many mails wait to be sent: one is left out", "user", email)
	}
	return nil
}

// sendResets sends what is in the queue, until ctx ends.
func (s *service) sendResets(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case email := <-s.resets:
			s.sendReset(context.WithoutCancel(ctx), email)
		}
	}
}

// sendReset sends a new one-time token to a user, if there is one with the
// address.
func (s *service) sendReset(ctx context.Context, email string) {
	ctx, cancel := context.WithTimeout(ctx, mailTime)
	defer cancel()
	secret := make([]byte, 32)
	_, _ = rand.Read(secret) // never fails
	token := base64.RawURLEncoding.EncodeToString(secret)
	var record account.Record
	err := s.identity.Change(ctx, email, func(r *account.Record) error {
		now := time.Now()
		if last := r.State.Reset; last != nil && last.Until.Time().After(now.Add(resetLife-resetPause)) {
			return errTooSoon
		}
		r.State.Reset = &account.OneTime{Hash: hashOf(token), Until: account.At(now.Add(resetLife))}
		record = *r
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	if err == nil {
		if err = s.mailReset(ctx, &record, token); err != nil {
			err = errors.Join(err, s.withdraw(ctx, email, token))
		}
	}
	s.audit(ctx, "reset-sent", email, "", err)
	if err != nil && !errors.Is(err, errTooSoon) {
		s.log.Error("the mail for a new password can't be sent", "user", email, "error", err)
	}
}

// errTooSoon says that a user has a token that is new.
var errTooSoon = bus.Errorf(http.StatusTooManyRequests, "a one-time token was sent a moment ago")

// withdraw takes a one-time token back that could not be sent, so that another
// one is when it is asked for.
func (s *service) withdraw(ctx context.Context, email, token string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), mailTime)
	defer cancel()
	return s.identity.Change(ctx, email, func(r *account.Record) error {
		if r.State.Reset != nil && r.State.Reset.Hash == hashOf(token) {
			r.State.Reset = nil
		}
		return nil
	})
}

// mailReset calls what sends the mail.
func (s *service) mailReset(ctx context.Context, r *account.Record, token string) error {
	data := make(map[string]any)
	for name, value := range r.Members {
		data[name] = value
	}
	link := s.config.ResetURL + "?" + url.Values{"email": {r.Email}, "token": {token}}.Encode()
	data["email"], data["token"], data["url"] = r.Email, token, link
	body, err := json.Marshal(data, json.Deterministic(true))
	if err != nil {
		return err
	}
	urls, err := s.config.emailSend.Expand(&urlpattern.Values{URL: new(urlpattern.URL), Body: body})
	if err != nil {
		return err
	}
	if len(urls) != 1 {
		return errors.New("emailSendUrlPattern makes no URL of the user record")
	}
	reply, err := s.bus.Serve(ctx, &bus.Message{Method: http.MethodPost, URL: urls[0], Body: bus.NewBody(body, "application/json"), Depth: 1})
	if err != nil {
		return err
	}
	if reply.Status/100 != 2 {
		err = bus.Errorf(http.StatusBadGateway, "what sends the mail answers %d", reply.Status)
	}
	return errors.Join(err, reply.Close())
}

// hashOf returns what is kept of a one-time token: it has too many bits to be
// guessed from a fast hash.
func hashOf(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// errToken is the same for an unknown user as for a wrong token.
var errToken = &bus.Error{Status: http.StatusForbidden, Detail: "the token does not hold (any more): ask for another mail"}

// errPassword is why a new password is not taken, whatever is wrong with it.
var errPassword = errors.New("the password is not taken")

// errAgain is of a form with two fields for the password.
var errAgain = &bus.Error{Status: http.StatusBadRequest, Detail: "the two passwords differ"}

// updatePassword sets a new password for who has a one-time token. A form leads
// to the page to sign in, or back to its own.
func (s *service) updatePassword(ctx context.Context, m *bus.Message, args services.Args) (*bus.Message, error) {
	c, err := s.read(ctx, m)
	if err != nil {
		return nil, err
	}
	if len(args) > 0 {
		c.Email = args[0]
	}
	err = s.newPassword(ctx, &c)
	switch {
	case err == nil && c.form:
		return seeOther(s.places.login, url.Values{"result": {"changed"}}), m.Close()
	case err == nil:
		return bus.Reply(http.StatusNoContent, nil), m.Close()
	case c.form && s.config.emailSend != nil: // or there is no page for it
		link := url.Values{"email": {c.Email}, "token": {c.Token}, "reason": {reasonOf(err)}}
		return formFailed(m, s.places.password, link, err)
	}
	return nil, err
}

// reasonOf says in a word why a new password was not set.
func reasonOf(err error) string {
	switch {
	case errors.Is(err, errAgain):
		return "again"
	case errors.Is(err, errPassword):
		return "password"
	}
	return "token"
}

// newPassword gives the user of c the password of c if its token holds.
func (s *service) newPassword(ctx context.Context, c *credentials) error {
	email, err := account.Email(c.Email)
	if err != nil {
		return err
	}
	if c.form && c.again != c.Password {
		return errAgain
	}
	try, err := s.guard.Begin(ctx, "token "+email)
	if err == nil {
		err = s.useToken(ctx, email, c)
		if err == nil {
			try.Succeed()
		} else if !errors.Is(err, errToken) {
			try.TakeBack()
		}
	}
	s.audit(ctx, "password", email, "", err)
	return err
}

// useToken looks at the token before it makes a hash, and again when it writes
// it: of two who use it at a time one comes too late.
func (s *service) useToken(ctx context.Context, email string, c *credentials) error {
	record, err := s.identity.Record(ctx, email)
	if errors.Is(err, fs.ErrNotExist) {
		return errToken
	}
	if err != nil {
		return err
	}
	if !holds(record, c.Token) {
		return errToken
	}
	if err := s.config.Admits(c.Password, email); err != nil {
		return &bus.Error{Status: http.StatusBadRequest, Detail: err.Error(), Err: errPassword}
	}
	hash, err := s.identity.Hasher().Hash(ctx, c.Password)
	if err != nil {
		return err
	}
	return s.identity.Change(ctx, email, func(r *account.Record) error {
		if !holds(r, c.Token) {
			return errToken
		}
		r.Password, r.State.Reset = hash, nil
		r.State.EndAll(time.Now())
		return nil
	})
}

// holds reports whether a token lets somebody set the password of a record.
func holds(r *account.Record, token string) bool {
	once := r.State.Reset
	return once != nil && once.Until.Time().After(time.Now()) && subtle.ConstantTimeCompare([]byte(once.Hash), []byte(hashOf(token))) == 1
}
