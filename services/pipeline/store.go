package pipeline

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"slices"
	"strings"
	"sync"
	"weak"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/services"
	"github.com/seed90475182/restspace/services/documents"
	"github.com/seed90475182/restspace/urlpattern"
)

// store is a mount with a store of pipelines.
type store struct {
	*runner
	documents *documents.Documents
	get       bool // GET runs any of them

	mu    sync.Mutex // guards what follows
	known map[string]*definition
	size  int // bytes of their texts
}

const (
	maxKnown     = 1000    // definitions that stay parsed
	maxKnownSize = 4 << 20 // bytes of their texts together
	maxText      = 1 << 20 // bytes of a definition
	maxPath      = 16      // elements of the path of one
)

// definition is a pipeline of a store, as it was when a table of mounts was the
// current one.
type definition struct {
	*Pipeline
	only  effects
	etag  string
	size  int                     // bytes of its text
	table weak.Pointer[bus.Table] // which goes with the mounts
}

// Serve runs a pipeline, or where the request says so, reads or writes one.
func (s *store) Serve(ctx context.Context, m *bus.Message) (*bus.Message, error) {
	if isManage(m) {
		return s.manage(ctx, m)
	}
	reply, err := s.call(ctx, m)
	if err != nil {
		_ = m.Close()
	}
	return reply, err
}

// Methods is part of services.Methods.
func (s *store) Methods([]string, bool) []string {
	return []string{http.MethodDelete, http.MethodGet, http.MethodPatch, http.MethodPost, http.MethodPut}
}

// manage answers a request that is about a definition. What is stored has been
// checked.
func (s *store) manage(ctx context.Context, m *bus.Message) (*bus.Message, error) {
	if err := s.Check(ctx, m); err != nil {
		return nil, errors.Join(m.Close(), err)
	}
	return s.documents.Serve(ctx, m)
}

// Check is part of services.Checks: a definition that is written has to be a
// pipeline.
func (s *store) Check(ctx context.Context, m *bus.Message) error {
	switch {
	case !isManage(m):
		return nil
	case m.Method == http.MethodPatch:
		return services.MethodNotAllowed(m.Method, []string{http.MethodDelete, http.MethodGet, http.MethodPost, http.MethodPut})
	case m.Method != http.MethodPut && m.Method != http.MethodPost:
		return nil
	}
	text, err := m.Body.Bytes(min(s.env.Limits.Body, maxText))
	if err == nil && text != nil {
		_, err = parseLinked(text, tableOf(ctx))
	}
	if err != nil {
		return refused(err)
	}
	return nil
}

// parseLinked reads a pipeline and looks up where its calls lead.
func parseLinked(text []byte, table *bus.Table) (*definition, error) {
	p, err := Parse(text)
	if p == nil {
		return nil, err
	}
	only, linkErr := p.link(targets(table))
	if err = errors.Join(err, linkErr); err != nil {
		return nil, err
	}
	return &definition{Pipeline: p, only: only, table: weak.Make(table), size: len(text)}, nil
}

// refused tells a client what is wrong with a definition.
func refused(err error) error {
	if _, ok := errors.AsType[*Fault](err); !ok {
		return err
	}
	all := faultsOf(err)
	refusal := bus.Errorf(http.StatusBadRequest, "this is no pipeline that can run: %s", all[0].line())
	if len(all) > 1 {
		refusal.Detail += fmt.Sprintf(" (the first of %d errors)", len(all))
	}
	members := make([]any, len(all))
	for i, fault := range all {
		members[i] = fault.member()
	}
	refusal.Members = map[string]any{"errors": members}
	return refusal
}

// faultsOf returns the faults that were joined.
func faultsOf(err error) []*Fault {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var list []*Fault
		for _, one := range joined.Unwrap() {
			list = append(list, faultsOf(one)...)
		}
		return list
	}
	fault, ok := errors.AsType[*Fault](err)
	if !ok {
		fault = &Fault{"", -1, err.Error()}
	}
	return []*Fault{fault}
}

// call runs the pipeline that a request leads to.
func (s *store) call(ctx context.Context, m *bus.Message) (*bus.Message, error) {
	p, length, err := s.find(ctx, m)
	if err != nil {
		return nil, err
	}
	m.URL.Sub = len(m.ServicePath()) - length
	allowed := s.Methods(nil, false)
	if !s.get && !p.only.getReads {
		allowed = slices.DeleteFunc(allowed, func(method string) bool { return method == http.MethodGet })
	}
	if !slices.Contains(allowed, m.Method) {
		return nil, services.MethodNotAllowed(m.Method, allowed)
	}
	return s.serve(ctx, p.Pipeline, m)
}

// find returns the pipeline with the longest path that the one of m is or is
// below, and how long that is.
func (s *store) find(ctx context.Context, m *bus.Message) (p *definition, length int, err error) {
	path := m.ServicePath()
	for n := min(len(path), maxPath); n > 0; n-- {
		p, err := s.definition(ctx, m, path[:n])
		if err == nil || !absent(err) {
			return p, n, err
		}
	}
	return nil, 0, bus.Errorf(http.StatusNotFound, "there is no pipeline here: a PUT with the field X-Restspace-Request-Mode: manage stores one")
}

// absent reports whether an error says that nothing is at a path, or that
// nothing can be.
func absent(err error) bool {
	status := bus.Classify(err).Status
	return status == http.StatusNotFound || status == http.StatusBadRequest
}

// definition returns the pipeline at a path. It is parsed anew where it, or
// the mounts, are others than before.
func (s *store) definition(ctx context.Context, m *bus.Message, path []string) (*definition, error) {
	base := m.URL.BasePath()
	ask := m.Call(http.MethodGet, urlpattern.URL{Path: slices.Concat(base, path), Base: len(base)}, nil)
	table, key := tableOf(ctx), strings.Join(path, "\x00")
	s.mu.Lock()
	known := s.known[key]
	s.mu.Unlock()
	if known != nil && known.table == weak.Make(table) {
		ask.Header.Add("If-None-Match", known.etag)
	}
	reply, err := s.documents.Serve(ctx, ask)
	if err != nil {
		if known != nil && absent(err) {
			s.forget(key, known)
		}
		return nil, err
	}
	defer reply.Close()
	if reply.Status == http.StatusNotModified {
		return known, nil
	}
	text, err := reply.Body.Bytes(s.env.Limits.Body)
	if err != nil {
		return nil, err
	}
	p, err := parseLinked(text, table)
	if err != nil {
		return nil, &bus.Error{Status: http.StatusInternalServerError, Type: bus.TypePipeline, Err: err,
			Detail: "the pipeline can't run as it is stored: read it with X-Restspace-Request-Mode: manage, and write it again to see why"}
	}
	p.etag = reply.Header.Get("ETag")
	s.keep(key, p)
	return p, nil
}

func (s *store) keep(key string, p *definition) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if before := s.known[key]; before != nil {
		s.size -= before.size
	}
	if len(s.known) >= maxKnown || s.size+p.size > maxKnownSize {
		clear(s.known)
		s.size = 0
	}
	s.known[strings.Clone(key)] = p
	s.size += p.size
}

// forget drops a definition that is no longer there.
func (s *store) forget(key string, p *definition) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.known[key] == p {
		delete(s.known, key)
		s.size -= p.size
	}
}

// tableOf returns the mounts that a request sees; nil is none.
func tableOf(ctx context.Context) *bus.Table {
	if root := bus.RootOf(ctx); root != nil {
		return root.Table
	}
	return nil
}

// targets looks up paths in a table.
func targets(table *bus.Table) services.Targets {
	return func(call services.Call) (services.Target, error) {
		path := call.URL.Path
		var found *bus.Mount
		if table != nil {
			found = table.Find(path, call.URL.Dir)
		}
		if found == nil {
			return services.Target{}, services.NoTarget(path, basesOf(table))
		}
		target, alone := services.Target{GetReads: !found.GetWrites, PostReads: found.PostReads}, true
		for _, deeper := range table.Mounts() {
			if call.Open && len(deeper.Base) > len(path) && slices.Equal(deeper.Base[:len(path)], path) {
				alone = false
				target.GetReads = target.GetReads && !deeper.GetWrites
				target.PostReads = target.PostReads && deeper.PostReads
			}
		}
		if accepting, ok := found.Service.(services.Accepting); ok && alone {
			return target, accepting.Accepts(call)
		}
		return target, nil
	}
}

// basesOf yields the base paths of a table that others are below.
func basesOf(table *bus.Table) iter.Seq[[]string] {
	return func(yield func([]string) bool) {
		if table == nil {
			return
		}
		for _, m := range table.Mounts() {
			if !m.Exact && !yield(m.Base) {
				return
			}
		}
	}
}
