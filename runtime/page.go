package runtime

import (
	"context"
	"net/http"
	"slices"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/services"
)

// page is what the server itself answers at a path.
type page struct {
	path    []string
	methods []string

	// answer owns m. tokenErr says why a token that came was not believed.
	answer func(ctx context.Context, m *bus.Message, tokenErr error) (*bus.Message, error)
}

// shown returns a page that can only be read.
func shown(answer func(ctx context.Context, m *bus.Message, tokenErr error) (*bus.Message, error), path ...string) page {
	methods := []string{http.MethodGet}
	return page{path, methods, func(ctx context.Context, m *bus.Message, tokenErr error) (*bus.Message, error) {
		_ = m.Close()
		if m.Method != http.MethodGet && m.Method != http.MethodHead {
			return nil, services.MethodNotAllowed(m.Method, methods)
		}
		return answer(ctx, m, tokenErr)
	}}
}

// pageAt returns the page at a path, nil if there is none.
func pageAt(pages []page, path []string) *page {
	i := slices.IndexFunc(pages, func(p page) bool { return slices.Equal(p.path, path) })
	if i < 0 {
		return nil
	}
	return &pages[i]
}

// answers sets the pages of g.
func (g *generation) answers(r *Runtime) {
	g.pages = []page{shown(g.keySet, ".well-known", "jwks.json")}
	if r.administrated(g.conf) {
		a := &administration{r, g.conf.Server.AdminRoles}
		g.pages = append(g.pages, a.page())
	}
	g.pages = append(g.pages, newDescribed(g.conf, r.coder).pages()...)
	h := &health{r, g}
	g.desk = []page{shown(alive, "healthz"), shown(h.all, "readyz"), shown(r.measured, "metrics")}
	if g.conf.Server.AdminListen != "" {
		return
	}
	g.pages = append(g.pages, shown(alive, "healthz"), shown(h.seen, "readyz"))
	if roles := g.conf.Server.AdminRoles; !roles.Nobody() {
		g.pages = append(g.pages, shown(func(ctx context.Context, m *bus.Message, tokenErr error) (*bus.Message, error) {
			if !roles.Admits(m.User, nil) {
				return nil, challenge(roles.Refuse(m.User, nil, "read the metrics"), tokenErr)
			}
			return r.measured(ctx, m, nil)
		}, "metrics"))
	}
}

// desk answers operators at server.adminListen: whoever gets there.
type desk struct{ runtime *Runtime }

// Serve is part of bus.Service.
func (d desk) Serve(ctx context.Context, m *bus.Message) (*bus.Message, error) {
	defer m.Close()
	g := d.runtime.pin()
	if g == nil {
		return nil, errNotLoaded
	}
	defer g.unpin()
	p := pageAt(g.desk, m.URL.Path)
	switch {
	case p == nil:
		return nil, bus.Errorf(http.StatusNotFound, "nothing is here but /healthz, /readyz and /metrics")
	case m.Method == http.MethodOptions:
		reply := bus.Reply(http.StatusNoContent, nil)
		reply.Header.Add("Allow", services.AllowField(p.methods))
		return reply, nil
	}
	return p.answer(ctx, m, nil)
}
