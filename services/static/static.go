// Package static is the service that shows the files of a store as a web site.
package static

import (
	"context"
	_ "embed"
	"fmt"
	"net/http"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/services"
	"github.com/seed90475182/restspace/services/documents"
	"github.com/seed90475182/restspace/urlpattern"
)

//go:embed README.md
var doc string

// Config says which file stands for a directory.
type Config struct {
	DefaultResource        string `json:"defaultResource,omitempty" doc:"the file that a directory shows"` // "" is index.html
	DivertMissingToDefault bool   `json:"divertMissingToDefault,omitempty" doc:"for single-page apps: where nothing is, the answer is the default of the root"`
}

// Check returns what is wrong with a config.
func (c *Config) Check() error {
	if c.DefaultResource == "" {
		return nil
	}
	if p, err := urlpattern.ParsePath(c.DefaultResource); err != nil || len(p.Segments) != 1 || p.Dir {
		return fmt.Errorf(`"defaultResource" is %q: write the name of a file, such as "index.html"`, c.DefaultResource)
	}
	return nil
}

// Kind returns the Kind static.
func Kind() services.Kind {
	return services.Define(services.Kind{
		Name:    "static",
		Doc:     doc,
		Pages:   true,
		Example: `{"service": "static", "adaptor": "memory", "readRoles": "all"}`,
		Config:  func() any { return &Config{DefaultResource: "index.html"} },

		Describe: describe,
	}, open)
}

func describe(any) []services.Operation {
	page := []services.Answer{{Status: http.StatusOK, Doc: "The page or file", Content: []services.Content{{MediaType: "*/*"}}}}
	return []services.Operation{
		{Method: http.MethodGet, Path: "/", Name: "index", Doc: "Show the first page", Answers: page},
		{Method: http.MethodGet, Path: "/*path", Name: "page", Doc: "Show a page or a file", Answers: page},
	}
}

type needs struct {
	Store *adaptors.Keep `slot:"adaptor"`
}

func open(_ context.Context, env services.Env, c Config, n needs) (bus.Service, error) {
	s := &site{
		files: documents.New(documents.Config{Keep: n.Store, MaxBody: env.Limits.Body}),
		index: c.DefaultResource, divert: c.DivertMissingToDefault,
	}
	if s.index == "" {
		s.index = "index.html"
	}
	return s, nil
}
