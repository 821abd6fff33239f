// Package user is the service that keeps the records of users: JSON documents
// whose passwords are hashed when they come in and never come out, and which a
// user changes only as far as that is theirs to change.
package user

import (
	"context"
	_ "embed"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/services"
	"github.com/seed90475182/restspace/services/account"
	"github.com/seed90475182/restspace/services/documents"
)

//go:embed README.md
var doc string

// Config says which passwords are taken, what the records have to be like, and
// what listings show of them.
type Config struct {
	account.Policy

	Schema  jsontext.Value `json:"schema" form:"schema" doc:"a JSON Schema of the records, where there is no .schema.json: of what is sent, before the password is hashed"`
	Summary []string       `json:"summary" example:"[\"name\"]" doc:"the members of records that listings with $list=summary show"`
}

// Check returns what is wrong with a config.
func (c *Config) Check() error {
	_, _, err := c.parse()
	return errors.Join(c.Policy.Check(), err)
}

// parse returns the schema and the summary of the config, nil if it has none.
func (c *Config) parse() (schema *documents.Schema, summary *documents.Summary, err error) {
	var schemaErr, summaryErr error
	if c.Schema != nil {
		schema, schemaErr = documents.ParseSchema(c.Schema, "/schema")
	}
	if c.Summary != nil {
		summary, summaryErr = documents.ParseSummary(c.Summary, "/summary")
	}
	return schema, summary, errors.Join(schemaErr, summaryErr)
}

// Kind returns the Kind user.
func Kind() services.Kind {
	return services.Define(services.Kind{
		Name:      "user",
		Doc:       doc,
		Example:   `{"service": "user", "adaptor": "memory", "readRoles": "A {email}", "writeRoles": "A {email}", "manageRoles": "A"}`,
		Documents: true,
		Extension: extension,
		Users:     true,
		Manages:   documents.Manages,
		Describe:  describe,
		Config:    func() any { return &Config{Policy: account.DefaultPolicy()} },
	}, open)
}

// describe leaves out directories: there are only records.
func describe(config any) []services.Operation {
	kept := documents.Config{JSON: true}
	var list []services.Operation
	for _, o := range kept.Operations(config.(*Config).Schema) {
		switch o.Path {
		case "/*path/":
			continue
		case "/*path":
			o.Path = "/:email"
		}
		list = append(list, o)
	}
	return list
}

const extension = ".json"

type needs struct {
	Store *adaptors.Keep `slot:"adaptor"`
}

func open(_ context.Context, env services.Env, c Config, n needs) (bus.Service, error) {
	schema, summary, err := c.parse()
	if err != nil {
		return nil, err
	}
	return &service{
		policy:   c.Policy,
		records:  documents.New(documents.Config{Keep: n.Store, JSON: true, Schema: schema, Summary: summary, MaxBody: env.Limits.Body}),
		whole:    documents.New(documents.Config{Keep: n.Store, MaxBody: env.Limits.Body}),
		identity: env.Identity,
		guard:    account.NewGuard(env.Log),
		limit:    env.Limits.Body,
		log:      env.Log,
	}, nil
}

// service is one mount of the Kind.
type service struct {
	policy   account.Policy
	records  *documents.Documents // only ever asked behind a guard
	whole    *documents.Documents // the same, as they are stored: for the server itself
	identity services.Identity
	guard    *account.Guard // of the passwords that users say they have
	limit    int64          // bytes of a record
	log      *slog.Logger
}

// Follows is part of services.Successor: who has failed too often still has.
func (s *service) Follows(before bus.Service) {
	if old, ok := before.(*service); ok {
		s.guard = old.guard
	}
}

// Methods is part of services.Methods.
func (s *service) Methods(path []string, dir bool) []string { return s.records.Methods(path, dir) }

// AcceptPatch is part of services.Patches.
func (s *service) AcceptPatch() string { return s.records.AcceptPatch() }

// Serve is part of bus.Service.
func (s *service) Serve(ctx context.Context, m *bus.Message) (*bus.Message, error) {
	path := m.ServicePath()
	directory := m.URL.Dir || len(path) == 0
	if !directory && !isSchema(path) {
		if err := checkName(m.Method, path); err != nil {
			return nil, errors.Join(err, m.Close())
		}
		if m.User != nil && m.User.System {
			return s.asServer(ctx, m)
		}
	}
	c := &caller{service: s, user: m.User, manages: m.Manages == nil || m.Manages(path)}
	guarded := s.records.Guarded(&documents.Guard{Show: show, Admit: c.admit, Done: c.done})
	if m.Method == http.MethodPost && directory && len(path) == 0 {
		return s.create(ctx, m, guarded)
	}
	return guarded.Serve(ctx, m)
}

// isSchema reports whether a service path is that of the schema, by either of
// its names.
func isSchema(path []string) bool {
	return len(path) == 1 && strings.TrimSuffix(path[0], extension) == ".schema"
}

// emailOf returns whose record is at a key or service path.
func emailOf(path []string) string { return strings.TrimSuffix(path[len(path)-1], extension) }

// checkName returns why there is no record at a service path.
func checkName(method string, path []string) error {
	name := emailOf(path)
	email, err := account.Email(name)
	switch {
	case len(path) == 1 && err == nil && email == name && !strings.HasSuffix(name, extension):
		return nil
	case method != http.MethodPut && method != http.MethodPost && method != http.MethodPatch:
		return bus.Errorf(http.StatusNotFound, "no user has this name: write an email in lower case, such as ann@example.com")
	case len(path) == 1 && err == nil && email != name:
		return bus.Errorf(http.StatusBadRequest, "the name of a record is an email in lower case: write %s", email)
	}
	return bus.Errorf(http.StatusBadRequest, "the name of a record is the email of its user: write one such as ann@example.com")
}

// show returns a record as everybody sees it. What is no record, as somebody else
// may have put it there, is null.
func show(_ adaptors.Key, document []byte) ([]byte, error) {
	shown, err := account.Hide(document)
	if err != nil {
		return []byte("null"), nil
	}
	return shown, nil
}

// asServer answers the server itself, which gets records as they are stored, and
// stores them whole.
func (s *service) asServer(ctx context.Context, m *bus.Message) (*bus.Message, error) {
	path := slices.Clone(m.URL.Path)
	path[len(path)-1] = emailOf(m.ServicePath()) + extension
	m.URL.Path = path
	return s.whole.Serve(ctx, m)
}

// create answers POST to the mount: the record gets the name that its email says.
func (s *service) create(ctx context.Context, m *bus.Message, guarded *documents.Documents) (*bus.Message, error) {
	data, err := m.Body.Bytes(s.limit)
	if err = errors.Join(err, m.Close()); err != nil {
		return nil, err
	}
	if err := documents.CheckJSON(data); err != nil {
		return nil, err
	}
	var sent struct {
		Email string `json:"email"`
	}
	if json.Unmarshal(data, &sent) != nil || sent.Email == "" {
		return nil, bus.Errorf(http.StatusBadRequest, `the body is no record: send one such as {"email": "ann@example.com", "password": "..."}`)
	}
	path := append(slices.Clone(m.ServicePath()), sent.Email)
	if err := checkName(http.MethodPost, path); err != nil {
		return nil, err
	}
	if m.Writes != nil {
		if creates, _ := m.Writes(path); !creates {
			return nil, bus.Errorf(http.StatusForbidden, "you may make records here, but not this one")
		}
	}
	mediaType := m.Body.MediaType()
	m.Method, m.Body = http.MethodPut, bus.NewBody(data, mediaType)
	m.URL.Path, m.URL.Dir = append(slices.Clone(m.URL.Path), sent.Email), false
	m.Header.Set("If-None-Match", "*")
	reply, err := guarded.Serve(ctx, m)
	if bus.Classify(err).Status == http.StatusPreconditionFailed {
		err = bus.Errorf(http.StatusConflict, "there is a user of that email already")
	}
	return reply, err
}
