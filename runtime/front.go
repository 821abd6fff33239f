package runtime

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"runtime/debug"
	"slices"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/runtime/coding"
	"github.com/seed90475182/restspace/runtime/config"
	"github.com/seed90475182/restspace/services"
)

// Serve answers a request from outside as its client is to see it: errors come
// as problem documents, never as an error. ctx is a *bus.Root. m.User is nil
// where the request comes from the network: the token in its header says who
// asks.
//
// The generation that answers is let go when the reply's body is closed.
func (r *Runtime) Serve(ctx context.Context, m *bus.Message) (*bus.Message, error) {
	root := bus.RootOf(ctx)
	if root == nil {
		return nil, errors.New("runtime: a request from outside comes with a bus.Root")
	}
	g := r.pin()
	if g == nil {
		return nil, errors.Join(errNotLoaded, m.Close())
	}
	root.Table, root.Limits, root.Via = g.calls, g.inside(), m.Header.List("Via")
	accept, origin := m.Header.List("Accept"), m.Header.Get("Origin")
	to := g.targetOf(m)
	reply, err := g.answer(ctx, root, m, to)
	if err != nil {
		if late := root.Err(); errors.Is(err, context.Canceled) && late != nil {
			err = late // a context below root can't tell why it ended
		}
		root.Seen.Err = err
		reply = bus.Problem(err, root.ID, accept)
	}
	if to.mount != nil {
		reply.From = to.mount.Name
		reply.Header.Set("X-Restspace-Service", to.mount.Name)
	}
	if root.Seen.Hidden && !reply.Header.Has("Cache-Control") {
		reply.Header.Add("Cache-Control", "private") // RFC 9111 section 3.5 is of Authorization alone
	}
	to.cors.allow(&reply.Header, origin)
	g.unpinWith(to.mount, reply)
	return reply, nil
}

// target is what a request from outside leads to.
type target struct {
	mount *mounted // nil: none answers to the outside
	page  *page    // of the server itself; nil: none
	cors  *cors    // whose pages may read the answer
}

// targetOf returns what m leads to. What the server itself answers is for no
// page.
func (g *generation) targetOf(m *bus.Message) target {
	if config.Reserved(m.URL.Path) {
		return target{page: pageAt(g.pages, m.URL.Path), cors: new(cors)}
	}
	if found := g.table.Find(m.URL.Path, m.URL.Dir); found != nil {
		if mount := found.Service.(*mounted); !mount.conf.Internal {
			return target{mount: mount, cors: &mount.cors}
		}
	}
	return target{cors: &g.cors}
}

// answer takes m through identity, and has its target answer it.
func (g *generation) answer(ctx context.Context, root *bus.Root, m *bus.Message, to target) (reply *bus.Message, err error) {
	defer func() {
		if caught := recover(); caught != nil { // of a Kind, in what it is asked before it serves
			_ = m.Close()
			reply, err = nil, &bus.PanicError{Value: caught, Stack: debug.Stack()}
		}
	}()
	if to.mount != nil {
		root.Seen.Mount, root.Seen.Route, root.Seen.Counter = to.mount.Name, to.mount.route, to.mount.meter
	}
	if m.Method == http.MethodOptions {
		_ = m.Close()
		return g.options(to, m), nil
	}
	if err := g.remote.cameBack(m.Header); err != nil {
		return nil, errors.Join(err, m.Close())
	}
	if root.Peer.Token != "" {
		if err := g.believe(root, m); err != nil {
			return nil, errors.Join(cmp.Or(g.rates.admit(ctx, m), err), m.Close())
		}
		if to.page != nil {
			m.User = nil // or who writes a pipeline could have those who run it administrate another server
		}
	}
	inCookie, tokenErr := g.identify(root, m, to.cors)
	if to.page != nil {
		return to.page.answer(ctx, m, tokenErr)
	}
	if err := g.rates.admit(ctx, m); err != nil {
		return nil, errors.Join(err, m.Close())
	}
	switch {
	case to.mount == nil:
		_ = m.Close()
		return nil, g.nothingAt(m.URL.Path)
	case tracing(m):
		return g.traced(ctx, root, m, to.mount, tokenErr)
	}
	user := m.User
	reply, err = to.mount.answer(ctx, root, m, tokenErr)
	if err == nil && inCookie {
		g.renew(root, user, reply)
	}
	return reply, err
}

// nothingAt returns the error of a path where nothing answers.
func (g *generation) nothingAt(path []string) error {
	if g.conf.Server.AdminListen != "" && pageAt(g.desk, path) != nil {
		return bus.Errorf(http.StatusNotFound, "this is not answered here, but at the address server.adminListen alone")
	}
	return bus.Errorf(http.StatusNotFound, "no service is mounted at this path")
}

// answer holds m to the rules of the mount and has the service answer it.
func (s *mounted) answer(ctx context.Context, root *bus.Root, m *bus.Message, tokenErr error) (*bus.Message, error) {
	m.URL.Base = len(s.Base)
	if m.Method == http.MethodHead {
		m.Method = http.MethodGet // the edge leaves the body away
		m.Header.Del("Range")     // RFC 9110 section 14.2: of GET only
	}
	asked := coding.Read(m)
	decision, err := admit(s, m, tokenErr)
	if err != nil {
		_ = m.Close()
		return nil, err
	}
	if timeout := s.conf.Limits.Timeout; timeout > 0 {
		root.Allow(timeout.Duration())
	}
	get := m.Method == http.MethodGet
	reply, err := s.Mount.Serve(ctx, m)
	if err != nil {
		return nil, explain(decision, err, tokenErr)
	}
	s.instance.bound(root, reply)
	reply.Header = withoutCORS(reply.Header)
	s.sandbox(reply)
	if fresh := reply.Status/100 == 2 || reply.Status == http.StatusNotModified; get && fresh && s.cache != "" && !reply.Header.Has("Cache-Control") {
		reply.Header.Add("Cache-Control", s.cache)
	}
	return reply, s.coder.Pack(reply, asked)
}

// options answers OPTIONS: it acts on nothing and always succeeds.
func (g *generation) options(to target, m *bus.Message) *bus.Message {
	reply := bus.Reply(http.StatusNoContent, nil)
	methods := to.methods(m)
	reply.Header.Add("Allow", services.AllowField(methods))
	to.cors.preflight(&reply.Header, m.Header, methods)
	if to.mount != nil && slices.Contains(methods, http.MethodPatch) {
		if formats := to.mount.instance.acceptPatch(); formats != "" {
			reply.Header.Add("Accept-Patch", formats)
		}
	}
	return reply
}

// methods returns the methods of what answers m.
func (t *target) methods(m *bus.Message) []string {
	switch {
	case t.mount != nil:
		return t.mount.instance.methods(m.URL.Path[len(t.mount.Base):], m.URL.Dir)
	case t.page != nil:
		return t.page.methods
	}
	return nil
}
