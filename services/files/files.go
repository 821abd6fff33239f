// Package files is the service that keeps files of any kind.
package files

import (
	"context"
	_ "embed"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/services"
	"github.com/seed90475182/restspace/services/documents"
)

//go:embed README.md
var doc string

// Kind returns the Kind file.
func Kind() services.Kind {
	return services.Define(services.Kind{
		Name:      "file",
		Doc:       doc,
		Example:   `{"service": "file", "adaptor": "memory", "readRoles": "all", "writeRoles": "all"}`,
		Documents: true,
		Manages:   documents.IsRecursive,
		Describe:  describe,
	}, open)
}

func describe(any) []services.Operation {
	kept := documents.Config{MaxFile: 1}
	return kept.Operations(nil)
}

type needs struct {
	Store *adaptors.Keep `slot:"adaptor"`
}

func open(_ context.Context, env services.Env, _ services.None, n needs) (bus.Service, error) {
	return documents.New(documents.Config{Keep: n.Store, MaxBody: env.Limits.Body, MaxFile: env.Limits.File}), nil
}
