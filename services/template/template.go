// Package template is the service that keeps templates, and fills them with the
// data that is sent.
package template

import (
	"context"
	_ "embed"
	"net/http"
	"path"
	"slices"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/services"
	"github.com/seed90475182/restspace/services/documents"
)

//go:embed README.md
var doc string

// Kind returns the Kind template.
func Kind() services.Kind {
	return services.Define(services.Kind{
		Name:      "template",
		Doc:       doc,
		Example:   `{"service": "template", "adaptor": "memory", "readRoles": "all", "writeRoles": "all"}`,
		PostReads: true,
		Documents: true,
		Extension: extension,
		Manages:   documents.IsRecursive,
		Describe:  describe,
	}, open)
}

// describe tells of the templates, which are documents, and that POST fills them.
func describe(any) []services.Operation {
	list := (&documents.Config{}).Operations(nil)
	list = slices.DeleteFunc(list, func(o services.Operation) bool { return o.Method == http.MethodPost })
	return append(list, services.Operation{Method: http.MethodPost, Path: "/*path", Name: "fill", Doc: "Fill a template with data",
		Sends:   []services.Content{{MediaType: "application/json"}},
		Answers: []services.Answer{{Status: http.StatusOK, Doc: "The filled template", Content: []services.Content{{MediaType: "*/*"}}}},
	})
}

// extension is that of a template whose name has none.
const extension = ".html"

type needs struct {
	Store  *adaptors.Keep  `slot:"adaptor"`
	Engine adaptors.Engine `slot:"engine,gotemplate"`
}

func open(_ context.Context, env services.Env, _ services.None, n needs) (bus.Service, error) {
	return &service{
		documents: documents.New(documents.Config{Keep: n.Store, MaxBody: env.Limits.Body}),
		sources:   newSources(n.Store, env.Limits.Body),
		engine:    n.Engine,
		limit:     env.Limits.Body,
	}, nil
}

// service is one mount of the Kind.
type service struct {
	documents *documents.Documents // the templates as they are
	sources   *sources
	engine    adaptors.Engine
	limit     int64 // of a body
}

// Methods is part of services.Methods.
func (s *service) Methods(path []string, dir bool) []string {
	if dir || len(path) == 0 {
		return []string{http.MethodDelete, http.MethodGet}
	}
	return []string{http.MethodDelete, http.MethodGet, http.MethodPost, http.MethodPut}
}

// Serve is part of bus.Service.
func (s *service) Serve(ctx context.Context, m *bus.Message) (*bus.Message, error) {
	reply, err := s.serve(ctx, m)
	if err != nil {
		_ = m.Close()
	}
	return reply, err
}

func (s *service) serve(ctx context.Context, m *bus.Message) (*bus.Message, error) {
	if !slices.Contains(s.Methods(m.ServicePath(), m.URL.Dir), m.Method) {
		return nil, services.MethodNotAllowed(m.Method, s.Methods(m.ServicePath(), m.URL.Dir))
	}
	m.URL.Path = named(m.URL.Path, m.URL.Dir || len(m.ServicePath()) == 0)
	switch m.Method {
	case http.MethodPost:
		return s.fill(ctx, m)
	case http.MethodPut:
		if err := s.Check(ctx, m); err != nil {
			return nil, err
		}
	}
	return s.documents.Serve(ctx, m)
}

// named returns the path of a template, with the extension that may be left out.
func named(to []string, dir bool) []string {
	last := len(to) - 1
	if dir || path.Ext(to[last]) != "" {
		return to
	}
	to = slices.Clone(to)
	to[last] += extension
	return to
}

// Check is part of services.Checks: it refuses a template that can't be filled,
// whatever the data.
func (s *service) Check(ctx context.Context, m *bus.Message) error {
	if m.Method != http.MethodPut {
		return nil
	}
	source, err := m.Body.Bytes(s.limit)
	if err != nil {
		return err
	}
	name := adaptors.Key(named(m.ServicePath(), m.URL.Dir)).String()
	err = adaptors.CheckTemplate(ctx, s.engine, adaptors.Template{Name: name, Source: source})
	return withStatus(err, http.StatusUnprocessableEntity, http.StatusBadRequest)
}
