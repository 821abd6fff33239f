package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/runtime"
	"github.com/seed90475182/restspace/runtime/config"
	"github.com/seed90475182/restspace/services/account"
	"github.com/seed90475182/restspace/urlpattern"
)

// users are the records of a configuration, as the server has them that serves
// it, or else one in this process.
type users struct {
	conf  *config.Config
	mount *config.Service
	bus   bus.Service
}

// withUsers opens the records of users for work. email, if there is one, is
// checked first.
func (r *run) withUsers(ctx context.Context, email string, work func(ctx context.Context, u *users, email string) error) (err error) {
	if email != "" {
		written := email
		if email, err = account.Email(written); err != nil {
			return usagef("%q is no email address: write one such as jo@example.com", written)
		}
	}
	name, data, conf, err := r.used(ctx)
	if err != nil {
		return err
	}
	u := &users{conf: conf}
	if u.mount, err = userMount(conf); err != nil {
		return err
	}
	if u.bus = running(conf); u.bus != nil {
		return work(ctx, u, email)
	}
	options := r.options(false)
	options.Once, options.Reads = true, true
	server := runtime.New(options)
	if err := server.Load(ctx, name, data); err != nil {
		return err
	}
	u.bus = server.Inside()
	return errors.Join(work(ctx, u, email), server.Close(ctx))
}

// unknown reports whether a configuration has records of users, and none of one. It
// is false as well where that can't be found out.
func (r *run) unknown(ctx context.Context, name string, data []byte, conf *config.Config, email string) bool {
	url, err := conf.Auth.RecordURL(email)
	if err != nil {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, sourceTime)
	defer cancel()
	u := &users{conf: conf, bus: running(conf)}
	if u.bus == nil {
		options := r.options(false)
		options.Once, options.DryRun, options.LogTo = true, true, io.Discard
		server := runtime.New(options)
		defer server.Close(ctx)
		if err := server.Load(ctx, name, data); err != nil {
			return false
		}
		u.bus = server.Inside()
	}
	reply, err := u.call(ctx, &bus.Message{Method: http.MethodGet, URL: url})
	if err != nil {
		return bus.Classify(err).Status == http.StatusNotFound
	}
	_ = reply.Close()
	return false
}

// userMount returns the service that keeps the records.
func userMount(conf *config.Config) (*config.Service, error) {
	url, err := conf.Auth.RecordURL("jo@example.com")
	if err != nil {
		return nil, err
	}
	var found *config.Service
	for _, s := range conf.Services {
		if url.Host == "" && len(url.Path) > len(s.Base) && slices.Equal(url.Path[:len(s.Base)], s.Base) && (found == nil || len(s.Base) > len(found.Base)) {
			found = s
		}
	}
	switch {
	case found == nil:
		return nil, fmt.Errorf("auth.userUrlPattern leads to %s, where this configuration mounts nothing", url)
	case !found.Kind.Users || !found.Kind.Documents:
		return nil, fmt.Errorf("auth.userUrlPattern leads to the service %q of the Kind %s, which keeps no user records: mount one of the Kind user there", found.Name, found.Kind.Name)
	}
	return found, nil
}

// write changes the record of a user. Under the condition If-None-Match there is
// none yet.
func (u *users) write(ctx context.Context, method, email string, members map[string]string, condition string) error {
	url, err := u.conf.Auth.RecordURL(email)
	if err != nil {
		return err
	}
	m := &bus.Message{Method: method, URL: url}
	if members != nil {
		m.Body = bus.NewBody(encode(members), "application/json")
	}
	if condition != "" {
		m.Header.Set(condition, "*")
	}
	reply, err := u.call(ctx, m)
	if err != nil {
		switch known := bus.Classify(err); {
		case known.Status == http.StatusNotFound:
			err = fmt.Errorf("there is no user %s: restspace user list shows all", email)
		case known.Status == http.StatusPreconditionFailed:
			err = fmt.Errorf("there is a user %s already: restspace user passwd and roles change them", email)
		case known.Status < http.StatusInternalServerError:
			err = errors.New(known.Detail)
		}
		return err
	}
	return reply.Close()
}

// exists returns an error unless there is a record of a user.
func (u *users) exists(ctx context.Context, email string) error {
	return u.write(ctx, http.MethodGet, email, nil, "")
}

// each calls use with each record, as everybody may see it.
func (u *users) each(ctx context.Context, use func(record []byte) error) error {
	const page = 1000
	for after := ""; ; {
		query := fmt.Sprintf("$list=items&$take=%d", page)
		if after != "" {
			query += "&$after=" + string(urlpattern.AppendSegment(nil, after))
		}
		reply, err := u.call(ctx, &bus.Message{Method: http.MethodGet, URL: urlpattern.URL{Path: u.mount.Base, Dir: true, Query: query}})
		if err != nil {
			return err
		}
		data, err := reply.Body.Bytes(1 << 30)
		more := reply.Header.Has("Link")
		if err = errors.Join(err, reply.Close()); err != nil {
			return err
		}
		if after, err = eachMember(data, use); err != nil || !more {
			return err
		}
	}
}

// eachMember calls use with each value of an object, and returns the last name.
func eachMember(object []byte, use func(value []byte) error) (last string, err error) {
	in := jsontext.NewDecoder(bytes.NewReader(object))
	if _, err := in.ReadToken(); err != nil {
		return "", err
	}
	for in.PeekKind() == '"' {
		name, err := in.ReadToken()
		if err != nil {
			return "", err
		}
		last = name.String()
		value, err := in.ReadValue()
		if err != nil {
			return "", err
		}
		if err := use(value); err != nil {
			return "", err
		}
	}
	return last, nil
}

func (u *users) call(ctx context.Context, m *bus.Message) (*bus.Message, error) {
	m.User, m.Depth = &bus.User{Email: operator}, 1
	reply, err := u.bus.Serve(ctx, m)
	if known := bus.Classify(err); err != nil && known.Status == http.StatusServiceUnavailable && known.Err != nil {
		err = known.Err // why the service could not start
	}
	return reply, err
}
