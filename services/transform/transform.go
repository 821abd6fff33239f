// Package transform is the service that makes other JSON of JSON.
package transform

import (
	"context"
	_ "embed"
	"errors"
	"net/http"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/services"
	"github.com/seed90475182/restspace/services/documents"
	"github.com/seed90475182/restspace/services/expr"
	"github.com/seed90475182/restspace/urlpattern"
)

//go:embed README.md
var doc string

// Config has the transform.
type Config struct {
	Transform jsontext.Value `json:"transform" required:"true" example:"{\"fullName\": \"first + ' ' + last\"}" doc:"an object whose strings are expressions over the body"`
}

// Check returns what is wrong with a config.
func (c *Config) Check() error {
	_, err := c.compile()
	return err
}

func (c *Config) compile() (*expr.Transform, error) {
	if c.Transform == nil {
		return nil, services.At("", errors.New(`it needs a transform: write "transform": {...}, an object whose strings are expressions`))
	}
	t, err := expr.CompileTransform(c.Transform)
	wrong, ok := errors.AsType[expr.TransformErrors](err)
	if !ok {
		return t, err
	}
	faults := make([]error, len(wrong))
	for i, at := range wrong {
		faults[i] = services.Faultf("/transform"+at.Pointer, "%q, offset %d: %s", at.Source, at.Offset, at.Message)
	}
	return nil, errors.Join(faults...)
}

// Kind returns the Kind transform.
func Kind() services.Kind {
	return services.Define(services.Kind{
		Name:      "transform",
		Doc:       doc,
		Example:   `{"service": "transform", "transform": {"fullName": "first + ' ' + last"}, "readRoles": "all"}`,
		PostReads: true,
		Composes:  true,
		Describe:  describe,
	}, open)
}

func describe(any) []services.Operation {
	json := []services.Content{{MediaType: "application/json"}}
	return []services.Operation{{Method: http.MethodPost, Doc: "Make other JSON of JSON", Sends: json, Answers: []services.Answer{
		{Status: http.StatusOK, Doc: "What the transform makes of it", Content: json},
		{Status: http.StatusNoContent, Doc: "It makes nothing of it"},
	}}}
}

func open(_ context.Context, env services.Env, c Config, _ services.None) (bus.Service, error) {
	t, err := c.compile()
	if err != nil {
		return nil, err
	}
	s := &service{transform: t, limit: env.Limits.Body, engine: new(expr.Engine)}
	return services.Routes{"POST /*path": s.apply}.Service()
}

// service is one mount of the Kind.
type service struct {
	transform *expr.Transform
	limit     int64 // of a body
	engine    *expr.Engine
}

// apply answers with what the transform makes of the body.
func (s *service) apply(ctx context.Context, m *bus.Message, _ services.Args) (*bus.Message, error) {
	data, err := m.Body.Bytes(s.limit)
	if err != nil {
		return nil, err
	}
	if m.Body.Payload() != bus.Data {
		return nil, bus.Errorf(http.StatusUnsupportedMediaType, "a transform reads JSON: send it with Content-Type: application/json")
	}
	if err := documents.CheckJSON(data); err != nil {
		return nil, err
	}
	out, err := s.transform.Apply(ctx, &expr.Scope{
		Input:   data,
		Names:   names(m),
		Pattern: &urlpattern.Values{URL: &m.URL},
		Engine:  s.engine,
	})
	if err != nil {
		return nil, err
	}
	if out == nil {
		return bus.Reply(http.StatusNoContent, nil), m.Close()
	}
	return bus.Reply(http.StatusOK, bus.NewBody(out, "application/json")), m.Close()
}

// names are those that the request has beside its body.
func names(m *bus.Message) func(name string) (any, bool) {
	return func(name string) (any, bool) {
		if name != "query" {
			return nil, false
		}
		return func(key string) any {
			if value, ok := urlpattern.QueryValue(m.URL.Query, key); ok {
				return value
			}
			return nil
		}, true
	}
}
