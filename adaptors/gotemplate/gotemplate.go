// Package gotemplate fills templates of Go's html/template and text/template: an
// [adaptors.Engine] for templates that come from outside of the program. Those
// two packages stop neither a template that loops for ever nor one that makes
// more than the memory holds. Here both end: a mark is set before each action of
// a template, and each function is one of this package, which counts what it
// reads and makes.
package gotemplate

import (
	"context"
	_ "embed"
	"io"

	"github.com/seed90475182/restspace/adaptors"
)

//go:embed README.md
var readme string

// Config is what an Engine can be told: nothing.
type Config struct{}

// Kind returns the adaptor "gotemplate".
func Kind() adaptors.Kind {
	return adaptors.Kind{
		Name:    "gotemplate",
		Doc:     readme,
		Of:      adaptors.EngineInterface,
		Config:  func() any { return new(Config) },
		Example: `{}`,
		New:     func(context.Context, any, adaptors.Env) (any, error) { return New(), nil },
	}
}

// An Engine fills templates, and keeps those that it has filled compiled. It is
// made by [New]. Safe for concurrent use.
type Engine struct{ recent *cache }

// New returns an Engine.
func New() *Engine { return &Engine{newCache()} }

// Render is part of adaptors.Engine. The extension of t.Name says whether it is
// a page of HTML. A compiled template is used again while its source and those
// of its partials are the same: each of them is asked for each time.
func (e *Engine) Render(ctx context.Context, w io.Writer, t adaptors.Template, data []byte) error {
	p, err := e.program(ctx, t)
	if err != nil {
		return err
	}
	values, err := decode(data)
	if err != nil {
		return fault(t.Name, 0, 0, "the data is no JSON: "+err.Error())
	}
	return p.render(ctx, w, values)
}

// Check is part of adaptors.TemplateChecker. It reads the source alone: partials
// may come later.
func (e *Engine) Check(_ context.Context, t adaptors.Template) error {
	_, err := parseSource(t.Name, t.Source)
	return err
}

// program returns a template compiled.
func (e *Engine) program(ctx context.Context, t adaptors.Template) (*program, error) {
	if p := e.recent.find(t.Name); p != nil {
		same, err := p.current(ctx, t)
		if err != nil {
			return nil, err
		}
		if same {
			return p, nil
		}
	}
	p, err := compile(ctx, t)
	if err == nil {
		e.recent.remember(p)
	}
	return p, err
}
