package services

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/julienschmidt/httprouter"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/urlpattern"
)

// A Route answers one method at one pattern of service paths.
type Route func(ctx context.Context, m *bus.Message, args Args) (*bus.Message, error)

// Args are the named segments of a route's pattern, decoded, in its order. What
// a *rest matched is not among them: it is the tail of m.ServicePath().
type Args []string

// Routes maps "METHOD /pattern" to routes. A pattern is of httprouter's form:
// /send/:template/:recipients, where each name is one segment, which may hold
// an encoded slash, or /*rest.
type Routes map[string]Route

// Router is the Service of some Routes. It knows its methods.
type Router struct {
	router  *httprouter.Router
	plain   map[plainRoute]Route // of those patterns that are one segment without a name: the short way
	methods []string
}

type plainRoute struct{ method, segment string }

// Service returns the service of the routes. A pattern that can't stand beside
// another is an error.
func (r Routes) Service() (service *Router, err error) {
	defer func() {
		if caught := recover(); caught != nil { // httprouter's way to say so
			service, err = nil, fmt.Errorf("routes: %v", caught)
		}
	}()
	s := &Router{router: httprouter.New(), plain: make(map[plainRoute]Route)}
	for pattern, route := range r {
		method, path, ok := strings.Cut(pattern, " ")
		if !ok {
			return nil, fmt.Errorf("routes: %q is not METHOD /pattern", pattern)
		}
		if segment := path[1:]; !strings.ContainsAny(segment, "/:*") {
			s.plain[plainRoute{method, segment}] = route
		}
		it := match{route: route, args: named(path)}
		s.router.Handle(method, path, func(w http.ResponseWriter, _ *http.Request, _ httprouter.Params) {
			w.(*chosen).match = it
		})
		if !slices.Contains(s.methods, method) {
			s.methods = append(s.methods, method)
		}
	}
	slices.Sort(s.methods)
	return s, nil
}

// Serve calls the route for m, and closes m where that fails. No route at the path is a 404, none for the
// method a 405.
func (s *Router) Serve(ctx context.Context, m *bus.Message) (*bus.Message, error) {
	reply, err := s.serve(ctx, m)
	if err != nil {
		_ = m.Close()
	}
	return reply, err
}

func (s *Router) serve(ctx context.Context, m *bus.Message) (*bus.Message, error) {
	if path := m.ServicePath(); len(path) == 1 && !m.URL.Dir {
		if route := s.plain[plainRoute{m.Method, path[0]}]; route != nil {
			return route(ctx, m, nil)
		}
	}
	path := routePath(m.ServicePath(), m.URL.Dir)
	handle, _, _ := s.router.Lookup(m.Method, path)
	if handle == nil {
		if allow := s.at(path); len(allow) > 0 {
			return nil, MethodNotAllowed(m.Method, allow)
		}
		return nil, bus.Errorf(http.StatusNotFound, "nothing is at %s", path)
	}
	var c chosen
	handle(&c, nil, nil)
	var args Args
	if len(c.args) > 0 {
		args = make(Args, len(c.args))
		for i, at := range c.args {
			args[i] = m.ServicePath()[at]
		}
	}
	return c.route(ctx, m, args)
}

// Methods is part of the interface [Methods].
func (s *Router) Methods(path []string, dir bool) []string { return s.at(routePath(path, dir)) }

func (s *Router) at(path string) []string {
	var list []string
	for _, method := range s.methods {
		if handle, _, _ := s.router.Lookup(method, path); handle != nil {
			list = append(list, method)
		}
	}
	return list
}

// MethodNotAllowed returns the 405 for a method that is none of allow.
func MethodNotAllowed(method string, allow []string) error {
	list := AllowField(allow)
	return &bus.Error{
		Status: http.StatusMethodNotAllowed,
		Detail: fmt.Sprintf("%s is not possible here: use one of %s", method, list),
		Header: bus.Header{{Name: "Allow", Value: list}},
	}
}

// AllowField returns the value of Allow for the methods of a service: with
// HEAD where there is GET, and OPTIONS.
func AllowField(methods []string) string {
	list := slices.Clone(methods)
	if slices.Contains(list, http.MethodGet) {
		list = append(list, http.MethodHead)
	}
	list = append(list, http.MethodOptions)
	slices.Sort(list)
	return strings.Join(slices.Compact(list), ", ")
}

// routePath writes segments out for httprouter, each escaped, so that a slash
// inside one stays there.
func routePath(path []string, dir bool) string {
	text := make([]byte, 0, 64)
	for _, segment := range path {
		text = append(text, '/')
		text = urlpattern.AppendSegment(text, segment)
	}
	if dir || len(path) == 0 {
		text = append(text, '/')
	}
	return string(text)
}

// named returns the positions of the named segments of a pattern.
func named(pattern string) []int {
	var list []int
	for i, segment := range strings.Split(strings.TrimPrefix(pattern, "/"), "/") {
		if strings.HasPrefix(segment, ":") {
			list = append(list, i)
		}
	}
	return list
}

// match is a route and the positions of its arguments.
type match struct {
	route Route
	args  []int
}

// chosen carries a match out of a handle: httprouter keeps only handles of its
// own type.
type chosen struct {
	http.ResponseWriter
	match
}
