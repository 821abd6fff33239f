package pipeline

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/services"
	"github.com/seed90475182/restspace/services/documents"
	"github.com/seed90475182/restspace/services/expr"
	"github.com/seed90475182/restspace/urlpattern"
)

//go:embed README.md
var doc string

// Config is the pipeline of a mount.
type Config struct {
	Pipeline jsontext.Value `json:"pipeline" form:"pipeline" required:"or adaptor" example:"[\"GET /contacts/$>0\"]" doc:"the steps"`
	Get      bool           `json:"get" doc:"whether GET runs a pipeline that may write, too"`
	Data     []string       `json:"hosts" example:"[\"api.example.com\"]" doc:"other servers that a URL which comes out of data may lead to"`
	As       string         `json:"as" enum:"service,caller" doc:"whose rights its calls have: those of this configuration, or those of who called it"`

	parsed *Pipeline
	only   effects
}

// CheckAdaptors is part of services.ChecksAdaptors: a mount has one pipeline or
// a store of them.
func (c *Config) CheckAdaptors(chosen func(slot string) bool) error {
	switch {
	case c.Pipeline == nil && !chosen("adaptor"):
		return errors.New(`"pipeline" is missing: write its steps, such as ["GET /contacts/$>0"], or an "adaptor" for a store of pipelines`)
	case c.Pipeline != nil && chosen("adaptor"):
		return &Fault{"/pipeline", -1, "both a pipeline and a store of them: leave one out"}
	}
	return nil
}

// Check returns what is wrong with a config.
func (c *Config) Check() error {
	var faults []error
	if c.Pipeline != nil {
		var err error
		c.parsed, err = Parse(c.Pipeline)
		faults = append(faults, inConfig(err))
	}
	for i, host := range c.Data {
		if u, err := urlpattern.ParseURL("https://" + host); err != nil || u.Host != host || len(u.Path) > 0 || u.Query != "" {
			faults = append(faults, &Fault{jsontext.Pointer(fmt.Sprintf("/hosts/%d", i)), -1,
				fmt.Sprintf("%q is not a host in lower case: write a name, and a port if it is not the scheme's own, such as api.example.com:8443", host)})
		}
	}
	return errors.Join(faults...)
}

// inConfig has the faults of a pipeline point into the config that it is in.
func inConfig(err error) error {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		if fault, ok := err.(*Fault); ok {
			return &Fault{"/pipeline" + fault.At, fault.Offset, fault.Message}
		}
		return err
	}
	var list []error
	for _, one := range joined.Unwrap() {
		list = append(list, inConfig(one))
	}
	return errors.Join(list...)
}

// Hosts returns the servers that the steps name, and those that data may.
func (c *Config) Hosts() []string {
	hosts := slices.Clone(c.Data)
	if c.parsed == nil {
		return hosts
	}
	for _, s := range c.parsed.steps {
		if s.request != nil && s.request.URL.Literal().Host != "" {
			hosts = append(hosts, s.request.URL.Literal().Host)
		}
	}
	return hosts
}

// Link looks up where the steps lead. It is part of services.Linked.
func (c *Config) Link(targets services.Targets) (services.Target, error) {
	if c.parsed == nil { // what is stored is not known
		return services.Target{GetReads: !c.Get}, nil
	}
	var err error
	c.only, err = c.parsed.link(targets)
	return services.Target{GetReads: c.only.getReads || !c.Get, PostReads: c.only.postReads}, inConfig(err)
}

// Kind returns the Kind pipeline.
func Kind() services.Kind {
	return services.Define(services.Kind{
		Name:    "pipeline",
		Doc:     doc,
		Example: `{"service": "pipeline", "readRoles": "all", "writeRoles": "all", "pipeline": [{ "hello": "query('name') || 'world'" }]}`,
		Config:  func() any { return &Config{As: "service"} },
		Manages: isManage,

		Composes: true,
		Describe: func(config any) []services.Operation { return config.(*Config).describe() },
	}, open)
}

type needs struct {
	Store *adaptors.Keep `slot:"adaptor" optional:"true"`
}

func open(_ context.Context, env services.Env, c Config, n needs) (bus.Service, error) {
	if n.Store != nil {
		return &store{runner: newRunner(env, &c), get: c.Get, known: make(map[string]*definition),
			documents: documents.New(documents.Config{Keep: n.Store, JSON: true, MaxBody: env.Limits.Body})}, nil
	}
	if c.parsed == nil {
		if err := c.Check(); err != nil {
			return nil, err
		}
	}
	s := &service{runner: newRunner(env, &c), pipeline: c.parsed,
		methods: []string{http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}}
	if c.Get || c.only.getReads {
		s.methods = append(s.methods, http.MethodGet)
	}
	return s, nil
}

// service is a mount with one pipeline.
type service struct {
	*runner
	pipeline *Pipeline
	methods  []string
}

// Serve runs the pipeline. What follows the base path is its sub path.
func (s *service) Serve(ctx context.Context, m *bus.Message) (*bus.Message, error) {
	m.URL.Sub = len(m.ServicePath())
	if !slices.Contains(s.methods, m.Method) {
		return nil, errors.Join(services.MethodNotAllowed(m.Method, s.methods), m.Close())
	}
	return s.serve(ctx, s.pipeline, m)
}

// Methods is part of services.Methods.
func (s *service) Methods([]string, bool) []string { return s.methods }

// runner runs pipelines for a mount.
type runner struct {
	env    services.Env
	bus    bus.Service
	hosts  []string // that data may lead to
	engine expr.Engine
	log    *slog.Logger
	limit  int64 // bytes of a body that is held in memory
	file   int64 // bytes of one that is not
	fanOut int
}

func newRunner(env services.Env, c *Config) *runner {
	r := &runner{env: env, bus: env.Bus, hosts: c.Data, log: env.Log,
		limit: env.Limits.Body, file: env.Limits.File, fanOut: env.Limits.FanOut}
	if c.As == "caller" {
		r.bus = env.AsCaller
	}
	return r
}

// serve runs p with m as its first message.
func (s *runner) serve(ctx context.Context, p *Pipeline, m *bus.Message) (*bus.Message, error) {
	r := &run{runner: s, ctx: ctx, request: m, parallel: max(s.env.Limits.Parallel, 1), ahead: p.joinsJSON}
	if p.fans {
		if p.concurrency > 0 {
			r.parallel = p.concurrency
		}
		r.places = make(chan struct{}, r.parallel)
	}
	return r.recorded(p)
}
