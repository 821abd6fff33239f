package runtime

import (
	"context"
	"errors"
	"net/http"

	"github.com/seed90475182/restspace/bus"
)

// inside is the bus as services see it: calls to the mounts of the generation
// that their request sees, within its budget. Background work, which has no
// request, sees the current generation.
type inside struct{ runtime *Runtime }

// Serve passes m to its mount.
func (b inside) Serve(ctx context.Context, m *bus.Message) (*bus.Message, error) {
	root := bus.RootOf(ctx)
	if root == nil {
		return b.background(ctx, m)
	}
	m.Sees = nil
	if err := root.Enter(m.Depth); err != nil {
		_ = m.Close()
		return nil, err
	}
	if m.URL.Host != "" {
		_ = m.Close()
		return nil, bus.Errorf(http.StatusBadRequest, "calls to other servers are not supported yet: the host %s", m.URL.Host)
	}
	if m.Method != http.MethodHead {
		return root.Table.Serve(ctx, m)
	}
	m.Method = http.MethodGet // services have no HEAD: it is a GET without the body
	reply, err := root.Table.Serve(ctx, m)
	if err != nil || reply.Body == nil {
		return reply, err
	}
	mediaType := reply.Body.MediaType()
	err = reply.Close()
	reply.Body = bus.NewBody(nil, mediaType)
	return reply, err
}

// background gives m a Root of its own.
func (b inside) background(ctx context.Context, m *bus.Message) (*bus.Message, error) {
	g := b.runtime.pin()
	if g == nil {
		return nil, errors.Join(errNotLoaded, m.Close())
	}
	root := bus.NewRoot(ctx, g.conf.Server.Limits.Timeout.Duration())
	root.Table, root.Limits = g.table, g.inside()
	reply, err := b.Serve(root, m)
	end := func() { root.End(); g.unpin() }
	if err != nil || reply.Body == nil {
		end()
		return reply, err
	}
	root.Lift()
	reply.Body.OnClose(end)
	return reply, nil
}
