package pipeline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/services/requestspec"
	"github.com/seed90475182/restspace/urlpattern"
)

func (s *step) run(ctx context.Context, r *run, entry string, m *message) (flow, bool) {
	if s.condition != nil {
		var unread error
		holds, err := s.condition.True(ctx, r.condition(m, &unread))
		if err = cmp.Or(err, unread); err != nil {
			return failed(m, r.explained(s.at, err)), true
		}
		if r.traced {
			noteCondition(ctx, holds)
		}
		if !holds {
			return pass(m), false
		}
	}
	if s.request == nil {
		if err := s.rename(r, m, r.request.URL); err != nil {
			return failed(m, err), true
		}
		m.forgive()
		return pass(m), true
	}
	urls, err := s.expand(r, m)
	if err == nil && (s.reads.list || len(urls) != 1) {
		return s.fanOut(ctx, r, entry, m, urls), true
	}
	if err != nil {
		s.failed(m, &failure{err: err})
		return pass(m), true
	}
	s.call(ctx, r, m, urls[0])
	return pass(m), true
}

// expand makes the URLs of the calls.
func (s *step) expand(r *run, m *message) ([]urlpattern.URL, error) {
	values := urlpattern.Values{URL: &r.request.URL, Name: m.name, Limit: r.fanOut}
	if s.reads.body {
		data, err := m.data(r)
		if err != nil {
			return nil, r.explained(s.at, err)
		}
		values.Body = data
	}
	if s.reads.variables {
		values.Var = func(name string) []byte { return r.variable(m, name) }
	}
	urls, err := s.request.URL.Expand(&values)
	if expansion, ok := errors.AsType[*urlpattern.ExpandError](err); ok {
		err = r.explained(s.at, &bus.Error{Status: http.StatusBadRequest, Detail: expansion.Error(), Err: errors.New(expansion.Detail())})
	}
	return urls, err
}

// fanOut makes a call for each URL, with the same body.
func (s *step) fanOut(ctx context.Context, r *run, entry string, m *message, urls []urlpattern.URL) flow {
	err := r.part(len(urls))
	if err == nil {
		err = r.keep(m)
	}
	if err != nil {
		s.failed(m, &failure{err: r.explained(s.at, err)})
		return pass(m)
	}
	defer m.close()
	content := s.keeps() || s.sends(s.method(r))
	return flow{vars: m.vars, many: each(ctx, r, upTo(len(urls)), func(ctx context.Context, i int) flow {
		one := m.without()
		if content {
			one = m.branch()
		}
		one.number(entry, strconv.Itoa(i))
		if r.traced {
			one.node = partNode(r.node(ctx), i, one.name)
			ctx = one.node.With(ctx)
		}
		s.call(ctx, r, one, urls[i])
		return pass(one)
	})}
}

// number names one message of a fan-out.
func (m *message) number(entry, part string) {
	prefix := entry
	if m.numbered {
		prefix = m.name
	}
	m.name, m.numbered = part, true
	if prefix != "" {
		m.name = prefix + "." + part
	}
}

// call makes one call, and has the message become its reply.
func (s *step) call(ctx context.Context, r *run, m *message, url urlpattern.URL) {
	method := s.method(r)
	body, err := s.payload(r, m, method)
	if err != nil {
		s.failed(m, &failure{err: err})
		return
	}
	reply, err := s.served(ctx, r, m.request(r, method, url, body))
	f := failureOf(reply, err)
	if err != nil {
		f.err = r.relayed(s.at, err)
	}
	switch {
	case s.variable != "":
		s.store(r, m, f, reply)
	case f != nil:
		s.failed(m, f)
	default:
		if m.body != body {
			_ = m.body.Close()
		}
		m.take(reply)
		if reply.Name != "" && reply.Name != m.name { // as of lib/set-name
			m.name, m.numbered = reply.Name, false
		}
		if !s.names {
			return
		}
		if err := s.rename(r, m, placed(ctx, url)); err != nil {
			m.fail(&failure{err: err})
		}
	}
}

// served has a call answered when there is a place for it.
func (s *step) served(ctx context.Context, r *run, call *bus.Message) (*bus.Message, error) {
	if err := r.enter(ctx); err != nil {
		return nil, errors.Join(err, call.Close())
	}
	defer r.leave()
	url := call.URL
	reply, err := s.callee(r, url).Serve(ctx, call)
	if err == nil && url.Host != "" && reply.Status/100 == 3 {
		absolute(&reply.Header, url)
	}
	return reply, err
}

// absolute has a redirect of another server lead where it did there (RFC 9110
// section 10.2.2).
func absolute(h *bus.Header, from urlpattern.URL) {
	base, err := url.Parse(from.String())
	if err != nil || !h.Has("Location") {
		return
	}
	if to, err := base.Parse(h.Get("Location")); err == nil {
		h.Set("Location", to.String())
	}
}

// callee returns what makes the call. A URL that came out of data leads no
// further than the user of the request could go, and to listed hosts.
func (s *step) callee(r *run, url urlpattern.URL) bus.Service {
	switch {
	case !s.request.URL.FromData():
		return r.bus
	case url.Host == "" || slices.Contains(r.hosts, url.Host):
		return r.env.AsCaller
	}
	return bus.ServiceFunc(func(_ context.Context, m *bus.Message) (*bus.Message, error) {
		return nil, errors.Join(m.Close(), bus.Errorf(http.StatusForbidden, "the URL leads to another server, which is not among the hosts of the pipeline"))
	})
}

// method returns the method of the call.
func (s *step) method(r *run) string {
	if s.request.Method == requestspec.CallersMethod {
		return r.request.Method
	}
	return s.request.Method
}

// sends reports whether a call of a method has a body.
func (s *step) sends(method string) bool {
	return s.request.Whole || s.request.Part != nil ||
		method != http.MethodGet && method != http.MethodHead && method != http.MethodDelete
}

// keeps reports whether the body may be needed after the call.
func (s *step) keeps() bool { return s.tries || s.variable != "" }

// payload returns what a call sends: the body or a part of it. One that is
// needed after the call stays.
func (s *step) payload(r *run, m *message, method string) (*bus.Body, error) {
	switch {
	case s.request.Part != nil:
		data, err := m.data(r)
		if err != nil {
			return nil, r.explained(s.at, err)
		}
		part, ok := s.request.Part.Raw(data)
		if !ok {
			return nil, r.explained(s.at, bus.Errorf(http.StatusBadRequest, "the body has no %s", s.request.Part))
		}
		return bus.NewBody(part, mediaTypeJSON), nil
	case !s.sends(method):
		return nil, nil
	case s.keeps():
		if err := r.keep(m); err != nil {
			return nil, r.explained(s.at, err)
		}
		return copied(m.body), nil
	}
	return m.body, nil
}

// failed ends the message, or where the step tried, notes what for.
func (s *step) failed(m *message, f *failure) {
	switch {
	case s.variable != "":
		m.set(s.variable, f.facts())
		_ = f.reply.Close()
		m.forgive()
	case s.tries:
		m.forgive()
		m.set("error", f.facts())
		f.before = m.status
		m.caught, m.status = f, f.status()
	default:
		m.fail(f)
	}
}

// store puts a reply into a variable. The message stays what it is.
func (s *step) store(r *run, m *message, f *failure, reply *bus.Message) {
	if f != nil {
		s.failed(m, f)
		return
	}
	stored := message{body: reply.Body}
	counted := reply.Body.Stream() != nil // as it is read
	value, err := stored.data(r)
	if err == nil && !counted {
		err = r.hold(int64(len(value)))
	}
	_ = reply.Close()
	if err != nil {
		m.fail(&failure{err: r.explained(s.at, err)})
		return
	}
	m.set(s.variable, value)
	m.forgive()
}

// placed returns a URL of this server with the base path of its mount.
func placed(ctx context.Context, url urlpattern.URL) urlpattern.URL {
	if root := bus.RootOf(ctx); root != nil && root.Table != nil && url.Host == "" {
		if mount := root.Table.Find(url.Path, url.Dir); mount != nil {
			url.Base = len(mount.Base)
		}
	}
	return url
}

// rename gives the message the name of the step, if it has one. url is that of
// the reply.
func (s *step) rename(r *run, m *message, url urlpattern.URL) error {
	if !s.names {
		return nil
	}
	if s.merges {
		m.merges = true
		return nil
	}
	name := s.name
	if s.pattern != nil {
		var err error
		if name, err = s.expandName(r, m, url); err != nil {
			return err
		}
	}
	if s.appends && m.name != "" {
		name = m.name + "." + name
	}
	m.name, m.numbered, m.merges = name, false, false
	return nil
}

func (s *step) expandName(r *run, m *message, url urlpattern.URL) (string, error) {
	reads := readsOf(s.pattern)
	values := urlpattern.Values{URL: &url, Name: m.name}
	if reads.body {
		data, err := m.data(r)
		if err != nil {
			return "", r.explained(s.at, err)
		}
		values.Body = data
	}
	if reads.variables {
		values.Var = func(name string) []byte { return r.variable(m, name) }
	}
	texts, err := s.pattern.Text(&values, true)
	if expansion, ok := errors.AsType[*urlpattern.ExpandError](err); ok {
		err = &bus.Error{Status: http.StatusBadRequest, Detail: fmt.Sprintf("the name :%s: %s", s.pattern, expansion.Reason), Err: errors.New(expansion.Detail())}
	}
	if err == nil && len(texts) != 1 {
		err = bus.Errorf(http.StatusBadRequest, "the name :%s is made of a list of %d values: choose one of them, such as the first with [0]", s.pattern, len(texts))
	}
	if err != nil {
		return "", r.explained(s.at, err)
	}
	return texts[0], nil
}
