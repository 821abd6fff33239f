package plugin

import (
	"context"

	"github.com/seed90475182/restspace/adaptors"
)

// Store returns a Kind of stores that are opened with a config C: a struct
// whose json tags name its keys. They begin with their zero values: the Config of
// a Kind can be set to a function that returns others. See [Serve].
func Store[C any](open func(ctx context.Context, config C, env adaptors.Env) (adaptors.Store, error)) adaptors.Kind {
	return kind(adaptors.StoreInterface, open)
}

// Mailer is [Store] for an adaptors.Mailer.
func Mailer[C any](open func(ctx context.Context, config C, env adaptors.Env) (adaptors.Mailer, error)) adaptors.Kind {
	return kind(adaptors.MailerInterface, open)
}

// Engine is [Store] for an adaptors.Engine.
func Engine[C any](open func(ctx context.Context, config C, env adaptors.Env) (adaptors.Engine, error)) adaptors.Kind {
	return kind(adaptors.EngineInterface, open)
}

func kind[C, A any](of adaptors.Interface, open func(context.Context, C, adaptors.Env) (A, error)) adaptors.Kind {
	return adaptors.Kind{
		Of:     of,
		Config: func() any { return new(C) },
		New: func(ctx context.Context, config any, env adaptors.Env) (any, error) {
			return open(ctx, *config.(*C), env)
		},
	}
}
