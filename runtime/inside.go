package runtime

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/bus/record"
	"github.com/seed90475182/restspace/runtime/metrics"
	"github.com/seed90475182/restspace/runtime/traces"
)

// inside is the bus as services see it: calls to the mounts of the generation
// that their request sees, within its budget. Background work, which has no
// request, sees the current generation.
type inside struct {
	runtime *Runtime
	hosts   []string       // other servers that the configuration of the mount names
	foreign bool           // none of those that the mount calls is of this installation
	meter   *metrics.Mount // nil: nobody counts what it calls of other servers
}

// Inside returns the bus as services see it: no rule holds for calls of it.
func (r *Runtime) Inside() bus.Service { return inside{runtime: r} }

// Serve passes m to its mount.
func (b inside) Serve(ctx context.Context, m *bus.Message) (*bus.Message, error) {
	root := bus.RootOf(ctx)
	if root == nil {
		return b.background(ctx, m)
	}
	m.Sees, m.Writes, m.Records, m.Manages = nil, nil, nil, nil
	if err := root.Enter(m.Depth); err != nil {
		_ = m.Close()
		return nil, err
	}
	if m.URL.Host != "" {
		return b.outside(ctx, m)
	}
	var table bus.Service = root.Table
	if root.Traced.Load() {
		table = bus.ServiceFunc(func(ctx context.Context, m *bus.Message) (*bus.Message, error) {
			return record.Serve(ctx, root.Table, m)
		})
	}
	head := m.Method == http.MethodHead
	if head {
		m.Method = http.MethodGet // services have no HEAD: it is a GET without the body
	}
	ctx, span := traces.Hop(ctx, m)
	reply, err := table.Serve(ctx, m)
	span.Answered(reply, err)
	if head {
		return withoutBody(reply, err)
	}
	return reply, err
}

// withoutBody makes the answer to HEAD of that to GET.
func withoutBody(reply *bus.Message, err error) (*bus.Message, error) {
	if err != nil || reply.Body == nil {
		return reply, err
	}
	mediaType := reply.Body.MediaType()
	err = reply.Close()
	reply.Body = bus.NewBody(nil, mediaType)
	return reply, err
}

// outside passes m to another server.
func (b inside) outside(ctx context.Context, m *bus.Message) (*bus.Message, error) {
	g := b.runtime.current.Load()
	if g == nil {
		return nil, errors.Join(errNotLoaded, m.Close())
	}
	if b.runtime.options.DryRun && !safe(m) {
		return record.Serve(ctx, bus.ServiceFunc(planned), m)
	}
	if record.NodeOf(ctx) == nil {
		return b.call(ctx, m, g)
	}
	return record.Serve(ctx, bus.ServiceFunc(func(ctx context.Context, m *bus.Message) (*bus.Message, error) {
		return b.call(ctx, m, g)
	}), m)
}

// call has another server answer m, and counts it.
func (b inside) call(ctx context.Context, m *bus.Message, g *generation) (reply *bus.Message, err error) {
	ctx, span := traces.Upstream(ctx, m)
	start := time.Now()
	if !b.foreign && g.conf.Server.IsPeer(m.URL.Scheme, m.URL.Host) {
		reply, err = b.runtime.remote.servePeer(ctx, m, g)
	} else {
		reply, err = b.runtime.remote.serve(ctx, m, b.hosts, g.conf)
	}
	span.Answered(reply, err)
	if b.meter != nil {
		status := 0
		if err == nil {
			status = reply.Status
		}
		b.meter.Called(status, time.Since(start))
	}
	return reply, err
}

// background gives m a Root of its own.
func (b inside) background(ctx context.Context, m *bus.Message) (*bus.Message, error) {
	g := b.runtime.pin()
	if g == nil {
		return nil, errors.Join(errNotLoaded, m.Close())
	}
	root := bus.NewRoot(ctx, g.conf.Server.Limits.Timeout.Duration())
	root.Table, root.Limits = g.calls, g.inside()
	b.runtime.traces.BeginWork(root)
	uncut := context.AfterFunc(b.runtime.cutoff, root.End) // whatever ctx is
	reply, err := b.Serve(root, m)
	end := func() {
		uncut()
		root.End()
		if root.Span != nil {
			root.Span.End(err)
		}
		g.unpin()
	}
	if err != nil || reply.Body == nil {
		end()
		return reply, err
	}
	root.Lift()
	reply.Body.OnClose(end)
	return reply, nil
}

// asCaller is inside with the rights of the message's user, and no more: as if
// the call came from outside.
type asCaller struct{ inside }

// Serve passes m to its mount if its rules admit the user.
func (b asCaller) Serve(ctx context.Context, m *bus.Message) (*bus.Message, error) {
	root := bus.RootOf(ctx)
	if root == nil {
		_ = m.Close()
		return nil, errors.New("runtime: a call as its caller is part of a request")
	}
	if m.URL.Host != "" {
		return b.inside.Serve(ctx, m)
	}
	if err := root.Enter(m.Depth); err != nil {
		_ = m.Close()
		return nil, err
	}
	found := root.Table.Find(m.URL.Path, m.URL.Dir)
	if found == nil || found.Service.(*mounted).conf.Internal {
		_ = m.Close()
		return nil, bus.Errorf(http.StatusNotFound, "no service is mounted at this path")
	}
	head := m.Method == http.MethodHead
	if head {
		m.Method = http.MethodGet
	}
	m.URL.Base = len(found.Base)
	decision, err := admit(found.Service.(*mounted), m, nil)
	if err != nil {
		_ = m.Close()
		return nil, err
	}
	ctx, span := traces.Hop(ctx, m)
	reply, err := record.Serve(ctx, found, m)
	span.Answered(reply, err)
	if head {
		reply, err = withoutBody(reply, err)
	}
	return reply, explain(decision, err, nil)
}
