package runtime

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"iter"
	"net/http"
	"slices"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/bus/record"
	"github.com/seed90475182/restspace/services"
)

// rehearsal is a service in a dry run: what would change something is planned.
type rehearsal struct {
	bus.Service
	kind *services.Kind
}

// Serve has the service answer what changes nothing, or changes something by
// calls of others alone.
func (r *rehearsal) Serve(ctx context.Context, m *bus.Message) (*bus.Message, error) {
	if r.answers(m) {
		return r.Service.Serve(ctx, m)
	}
	if s, ok := r.Service.(services.Methods); ok {
		if allowed := s.Methods(m.ServicePath(), m.URL.Dir); !slices.Contains(allowed, m.Method) {
			return nil, errors.Join(services.MethodNotAllowed(m.Method, allowed), m.Close())
		}
	}
	if s, ok := r.Service.(services.Checks); ok {
		if err := s.Check(ctx, m); err != nil {
			return nil, errors.Join(err, m.Close())
		}
	}
	return planned(ctx, m)
}

// answers reports whether m gets to the service.
func (r *rehearsal) answers(m *bus.Message) bool {
	switch {
	case safe(m):
		return true
	case r.kind.Manages != nil && r.kind.Manages(m):
		return false
	}
	return r.kind.Composes || m.Method == http.MethodPost && r.kind.PostReads
}

// safe reports whether m changes nothing by its method (RFC 9110 section 9.2.1),
// and opens nothing through which more may be sent.
func safe(m *bus.Message) bool {
	switch m.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
		return !m.Header.Has("Upgrade")
	}
	return false
}

// planned notes a write that is not made, and answers as if it was. The body is
// read: what makes it may be planned itself.
func planned(ctx context.Context, m *bus.Message) (*bus.Message, error) {
	n, err := io.Copy(io.Discard, m.Body.Reader())
	if err = errors.Join(err, m.Close()); err != nil {
		return nil, err
	}
	record.Planned(ctx, m, n)
	return bus.Reply(http.StatusNoContent, nil), nil
}

// closedStore is a store that keeps nothing: a service that changes something in
// a GET fails.
type closedStore struct{ adaptors.Store }

// emptyStore is one that was never opened before.
type emptyStore struct{ adaptors.Store }

// Get finds nothing.
func (emptyStore) Get(context.Context, adaptors.Key, adaptors.GetOptions) (*bus.Body, adaptors.Info, error) {
	return nil, adaptors.Info{}, fs.ErrNotExist
}

// List finds nothing.
func (emptyStore) List(context.Context, adaptors.Key, adaptors.ListOptions) iter.Seq2[adaptors.Info, error] {
	return func(func(adaptors.Info, error) bool) {}
}

var errDryRun = &bus.Error{Status: http.StatusForbidden, Detail: "a dry run writes nothing"}

// Put refuses to write.
func (closedStore) Put(_ context.Context, _ adaptors.Key, b *bus.Body, _ adaptors.Condition) (adaptors.Info, error) {
	return adaptors.Info{}, errors.Join(errDryRun, b.Close())
}

// Delete refuses to remove anything.
func (closedStore) Delete(context.Context, adaptors.Key, adaptors.Condition) error { return errDryRun }
