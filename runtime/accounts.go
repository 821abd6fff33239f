package runtime

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"net/http"
	"time"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/runtime/config"
	"github.com/seed90475182/restspace/runtime/identity"
	"github.com/seed90475182/restspace/services"
	"github.com/seed90475182/restspace/services/account"
)

// accounts is the services.Identity of a runtime: the tokens of its current
// configuration, and the records of users where that says they are.
type accounts struct{ runtime *Runtime }

// Issue is part of services.Identity.
func (a *accounts) Issue(u *bus.User, at time.Time) (services.Token, error) {
	g := a.runtime.pin()
	if g == nil {
		return services.Token{}, errNotLoaded
	}
	defer g.unpin()
	return g.issue(u, at)
}

// issue returns a token of u's session, or of a new one, as of a time.
func (g *generation) issue(u *bus.User, at time.Time) (services.Token, error) {
	bearer := *u
	if bearer.Session == nil {
		bearer.Session = identity.NewSession()
	}
	life := g.conf.Auth.TokenLife.Duration()
	token, err := g.issuer.SignAt(&bearer, at, life)
	return services.Token{Value: token, Expires: at.Add(life)}, err
}

// Cookie is part of services.Identity.
func (a *accounts) Cookie(ctx context.Context, t services.Token) string {
	conf := a.runtime.Config()
	if conf == nil {
		return ""
	}
	root := bus.RootOf(ctx)
	return cookieOf(conf.Auth.Cookie.Name, root != nil && root.Secure, t)
}

// Facts is part of services.Identity.
func (a *accounts) Facts(r *account.Record) map[string]string {
	conf := a.runtime.Config()
	if conf == nil {
		return nil
	}
	return r.Facts(conf.Auth.UserProps)
}

// Hasher is part of services.Identity.
func (a *accounts) Hasher() *account.Hasher { return a.runtime.hasher }

// Forget is part of services.Identity.
func (a *accounts) Forget(email string) {
	if g := a.runtime.pin(); g != nil {
		defer g.unpin()
		g.verifier.Forget(email)
	}
}

// Record is part of services.Identity.
func (a *accounts) Record(ctx context.Context, email string) (*account.Record, error) {
	_, _, record, err := a.read(ctx, email)
	return record, err
}

// tries is how often a change of a record is begun.
const tries = 5

// Change is part of services.Identity.
func (a *accounts) Change(ctx context.Context, email string, change func(*account.Record) error) error {
	defer a.Forget(email)
	for try := 1; ; try++ {
		data, etag, record, err := a.read(ctx, email)
		if err != nil {
			return err
		}
		if err := change(record); err != nil {
			return err
		}
		next, err := account.Write(data, record)
		if err != nil {
			return err
		}
		err = a.write(ctx, email, next, etag)
		if bus.Classify(err).Status != http.StatusPreconditionFailed || try == tries {
			return err
		}
	}
}

// read returns the record of a user, parsed and as it is.
func (a *accounts) read(ctx context.Context, email string) (data []byte, etag string, _ *account.Record, err error) {
	began := time.Now()
	reply, err := a.call(ctx, email, &bus.Message{Method: http.MethodGet})
	switch {
	case err != nil && bus.Classify(err).Status == http.StatusNotFound:
		return nil, "", nil, errors.Join(fs.ErrNotExist, err)
	case err != nil:
		return nil, "", nil, err
	}
	defer reply.Close()
	switch {
	case reply.Status == http.StatusNotFound:
		return nil, "", nil, fs.ErrNotExist
	case reply.Status != http.StatusOK || reply.Body == nil:
		return nil, "", nil, bus.Errorf(http.StatusBadGateway, "the records of users answer %d", reply.Status)
	}
	if data, err = reply.Body.Bytes(maxRecord); err != nil {
		return nil, "", nil, err
	}
	record, err := account.Parse(data)
	if err == nil && record.Email != email {
		err = errors.New("the user record is somebody else's")
	}
	if err != nil { // what is no record is none
		slog.New(a.runtime.log).Warn("auth.userUrlPattern leads to what is no record of the user: they can't sign in until there is one", "user", email, "error", err)
		return nil, "", nil, errors.Join(fs.ErrNotExist, err)
	}
	record.Read = began
	return data, reply.Header.Get("ETag"), record, nil
}

// maxRecord is how many bytes a user record has at most.
const maxRecord = 1 << 20

// write puts a record in the place of the one with an ETag.
func (a *accounts) write(ctx context.Context, email string, data []byte, etag string) error {
	m := &bus.Message{Method: http.MethodPut, Body: bus.NewBody(data, "application/json")}
	if etag != "" {
		m.Header.Set("If-Match", etag)
	}
	reply, err := a.call(ctx, email, m)
	if err != nil {
		return err
	}
	defer reply.Close()
	if reply.Status/100 != 2 {
		return bus.Errorf(http.StatusBadGateway, "the records of users answer %d to a PUT", reply.Status)
	}
	return nil
}

// call makes a call to the record of a user, as the server itself.
func (a *accounts) call(ctx context.Context, email string, m *bus.Message) (*bus.Message, error) {
	conf := a.runtime.Config()
	if conf == nil {
		return nil, errNotLoaded
	}
	var err error
	if m.URL, err = conf.Auth.RecordURL(email); err != nil {
		return nil, err
	}
	m.User, m.Depth = &bus.User{Email: email, System: true}, 1
	return inside{runtime: a.runtime}.Serve(ctx, m)
}

// records returns what reads user records for a Verifier; nil where there are
// none.
func (r *Runtime) records(conf *config.Config) identity.Records {
	if conf.Auth.UserURLPattern == nil {
		return nil
	}
	return (&accounts{r}).Record
}
