// Package lib is the service of small steps that pipelines are made of: each
// path is one function over the message.
package lib

import (
	"context"
	_ "embed"
	"log/slog"
	"net/http"
	"regexp"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/services"
)

//go:embed README.md
var doc string

// Kind returns the Kind lib.
func Kind() services.Kind {
	return services.Define(services.Kind{
		Name:      "lib",
		Doc:       doc,
		Example:   `{"service": "lib", "readRoles": "all"}`,
		PostReads: true,
		Composes:  true,
		Config:    func() any { return new(config) },
		Describe:  describe,
	}, open)
}

func open(_ context.Context, env services.Env, _ config, _ services.None) (bus.Service, error) {
	hidden, err := secrets()
	if err != nil {
		return nil, err
	}
	return library{log: env.Log, secrets: hidden}.routes().Service()
}

// library is one mount of the Kind.
type library struct {
	log     *slog.Logger
	secrets *regexp.Regexp // what of a body no log shows
}

// config has no keys.
type config struct{}

// Accepts is part of services.Accepting.
func (config) Accepts(call services.Call) error {
	if err := new(library).routes().Accepts(call); err != nil {
		return err
	}
	path := call.URL.ServicePath()
	if len(path) < 2 {
		return nil
	}
	var err error
	switch path[0] {
	case "set-status":
		_, err = parseStatus(path[1])
	case "delay":
		_, err = parseDelay(path[1])
	}
	return err
}

// routes are the functions by their paths.
func (l library) routes() services.Routes {
	routes := make(services.Routes)
	for path, route := range map[string]services.Route{
		"/bypass":                         l.bypass,
		"/devnull":                        l.devNull,
		"/to-text":                        l.toText,
		"/to-b64":                         l.toBase64,
		"/from-b64":                       l.fromBase64,
		"/set-status/:status":             l.setStatus,
		"/set-status/:status/:reason":     l.setStatus,
		"/redirect/*path":                 l.redirect(http.StatusFound),
		"/see-other/*path":                l.redirect(http.StatusSeeOther),
		"/log":                            l.logLine,
		"/log/body":                       l.logBody,
		"/delay/:ms":                      l.delay,
		"/set-name/*name":                 l.setName,
		"/check-user-field/:field/:value": l.checkUserField,
	} {
		routes["GET "+path] = route
		routes["POST "+path] = route
	}
	return routes
}

// pass makes m its own reply. What the request said of itself does not become
// the answer's.
func pass(m *bus.Message, status int) *bus.Message {
	m.Header, m.Status = m.Header[:0], status
	return m
}
