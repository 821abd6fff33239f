// Package jsonservice is the service that keeps JSON documents.
package jsonservice

import (
	"context"
	_ "embed"
	"errors"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/services"
	"github.com/seed90475182/restspace/services/documents"
)

//go:embed README.md
var doc string

// Config says what the documents have to be like, and what listings show of
// them.
type Config struct {
	Schema  jsontext.Value `json:"schema" form:"schema" doc:"a JSON Schema of the documents that no .schema.json governs"`
	Summary []string       `json:"summary" example:"[\"name\"]" doc:"the members of documents that listings with $list=summary show, such as name, address/city"`
}

// Check returns what is wrong with a config.
func (c *Config) Check() error {
	_, err := c.schema()
	_, summaryErr := c.summary()
	return errors.Join(err, summaryErr)
}

// schema returns the schema of the config, nil if it has none.
func (c *Config) schema() (*documents.Schema, error) {
	if c.Schema == nil {
		return nil, nil
	}
	return documents.ParseSchema(c.Schema, "/schema")
}

// summary returns the members of the config, nil if it has none.
func (c *Config) summary() (*documents.Summary, error) {
	if c.Summary == nil {
		return nil, nil
	}
	return documents.ParseSummary(c.Summary, "/summary")
}

// Kind returns the Kind json.
func Kind() services.Kind {
	return services.Define(services.Kind{
		Name:      "json",
		Doc:       doc,
		Example:   `{"service": "json", "adaptor": "memory", "readRoles": "all", "writeRoles": "all"}`,
		Documents: true,
		Records:   true,
		Extension: ".json",
		Manages:   documents.Manages,
		Describe:  describe,
	}, open)
}

func describe(config any) []services.Operation {
	kept := documents.Config{JSON: true, MaxFile: 1}
	return kept.Operations(config.(*Config).Schema)
}

type needs struct {
	Store *adaptors.Keep `slot:"adaptor"`
}

func open(_ context.Context, env services.Env, c Config, n needs) (bus.Service, error) {
	schema, err := c.schema()
	if err != nil {
		return nil, err
	}
	summary, err := c.summary()
	if err != nil {
		return nil, err
	}
	return documents.New(documents.Config{Keep: n.Store, JSON: true, Schema: schema, Summary: summary, MaxBody: env.Limits.Body, MaxFile: env.Limits.File}), nil
}
