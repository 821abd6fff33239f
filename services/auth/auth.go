// Package auth is the service that signs users in and out: with the email and
// the password of a user record, wherever those are kept.
package auth

import (
	"context"
	_ "embed"
	"log/slog"
	"sync"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/services"
	"github.com/seed90475182/restspace/services/account"
)

//go:embed README.md
var doc string

// Kind returns the Kind auth.
func Kind() services.Kind {
	return services.Define(services.Kind{
		Name:    "auth",
		Doc:     doc,
		Example: `{"service": "auth", "readRoles": "all", "writeRoles": "all"}`,
		Users:   true,
		Config:  func() any { return NewConfig() },

		Describe: func(config any) []services.Operation { return describe(config.(*Config)) },
	}, open)
}

type needs struct {
	Store *adaptors.Keep `slot:"adaptor" optional:"true"`
}

func open(_ context.Context, env services.Env, c Config, n needs) (bus.Service, error) {
	s := &service{config: &c, places: c.places(env.Base), identity: env.Identity, bus: env.Bus, limit: env.Limits.Body, log: env.Log,
		guard: account.NewGuard(env.Log), kept: n.Store, resets: make(chan string, mailsWaiting)}
	s.guard.KeepIn(s.kept)
	var err error
	s.Router, err = s.routes().Service()
	return s, err
}

func (s *service) routes() services.Routes {
	routes := services.Routes{
		"POST /login":  s.login,
		"POST /logout": s.logout,
		"GET /user":    s.user,

		"POST /impersonate/:email":            s.impersonate,
		"POST /impersonate/:email/with-roles": s.impersonateWith,

		"POST /reset-password":               s.resetPassword,
		"POST /reset-password/:email":        s.resetPasswordOf,
		"POST /token-update-password":        s.updatePassword,
		"POST /token-update-password/:email": s.updatePassword,
	}
	s.addPages(routes)
	return routes
}

// service is one mount of the Kind.
type service struct {
	*services.Router
	config   *Config
	places   places
	identity services.Identity
	bus      bus.Service
	limit    int64 // bytes of a body
	log      *slog.Logger
	guard    *account.Guard
	kept     *adaptors.Keep // what the guard knows; nil: it is not
	resets   chan string    // emails whose users are to get a one-time token
}

// Follows is part of services.Successor: who has failed too often still has, and
// mails that wait are sent.
func (s *service) Follows(before bus.Service) {
	old, ok := before.(*service)
	if !ok {
		return
	}
	old.guard.KeepIn(s.kept)
	s.guard, s.resets = old.guard, old.resets
}

// Run is part of services.Runner: it keeps what the guard knows, and sends mails.
func (s *service) Run(ctx context.Context) error {
	var sending sync.WaitGroup
	sending.Go(func() { s.sendResets(ctx) })
	defer sending.Wait()
	return s.guard.Run(ctx)
}
