package servicetest

import (
	"context"
	"io"
	"iter"
	"sync/atomic"
	"testing"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/bus/bustest"
	"github.com/seed90475182/restspace/services"
)

// frozen has the services of a Kind held to the rules of who owns what.
func frozen(t *testing.T, kind services.Kind) services.Kind {
	open := kind.New
	kind.New = func(ctx context.Context, env services.Env) (bus.Service, error) {
		service, err := open(ctx, env)
		if err != nil {
			return nil, err
		}
		return &frozenService{Service: bustest.Frozen(t, service), inner: service}, nil
	}
	return kind
}

// frozenService keeps the abilities of the service that it wraps.
type frozenService struct {
	bus.Service
	inner bus.Service
}

func (s *frozenService) Methods(path []string, dir bool) []string {
	if m, ok := s.inner.(services.Methods); ok {
		return m.Methods(path, dir)
	}
	return nil
}

func (s *frozenService) Close() error {
	if c, ok := s.inner.(io.Closer); ok {
		return c.Close()
	}
	return nil
}

// counted returns the same adaptors, with the calls of stores counted.
func counted(available adaptors.Registry, calls *atomic.Int64) adaptors.Registry {
	var kinds []adaptors.Kind
	for _, kind := range available.Kinds() {
		open := kind.New
		kind.New = func(ctx context.Context, config any, env adaptors.Env) (any, error) {
			made, err := open(ctx, config, env)
			if store, ok := made.(adaptors.Store); ok && err == nil {
				return &countedStore{Store: store, calls: calls}, nil
			}
			return made, err
		}
		kinds = append(kinds, kind)
	}
	return adaptors.NewRegistry(kinds...)
}

type countedStore struct {
	adaptors.Store
	calls *atomic.Int64
}

func (s *countedStore) Get(ctx context.Context, key adaptors.Key, o adaptors.GetOptions) (*bus.Body, adaptors.Info, error) {
	s.calls.Add(1)
	return s.Store.Get(ctx, key, o)
}

func (s *countedStore) Put(ctx context.Context, key adaptors.Key, b *bus.Body, c adaptors.Condition) (adaptors.Info, error) {
	s.calls.Add(1)
	return s.Store.Put(ctx, key, b, c)
}

func (s *countedStore) Delete(ctx context.Context, key adaptors.Key, c adaptors.Condition) error {
	s.calls.Add(1)
	return s.Store.Delete(ctx, key, c)
}

func (s *countedStore) List(ctx context.Context, prefix adaptors.Key, o adaptors.ListOptions) iter.Seq2[adaptors.Info, error] {
	s.calls.Add(1)
	return s.Store.List(ctx, prefix, o)
}

func (s *countedStore) Close() error {
	if c, ok := s.Store.(io.Closer); ok {
		return c.Close()
	}
	return nil
}
