package bus

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"runtime/debug"
	"slices"
	"time"

	"github.com/seed90475182/restspace/urlpattern"
)

// A Mount is a service at a base path.
type Mount struct {
	Name    string
	Base    []string // decoded segments; none is "/", everything else
	Exact   bool     // the base path only, nothing below it
	Service Service

	GetWrites bool // a GET of it may change something
	PostReads bool // a POST of it changes nothing

	Tally *Tally // counts its calls; nil: nobody does
}

// Path returns the base path as text, with the "." of an exact mount.
func (t *Mount) Path() string {
	path := urlpattern.Path{Segments: t.Base}.String()
	if t.Exact {
		path += "."
	}
	return path
}

// Serve is one hop: it splits the path, calls the service, takes the time,
// turns a panic into an error and names the mount in the reply.
func (t *Mount) Serve(ctx context.Context, m *Message) (reply *Message, err error) {
	start := time.Since(epoch)
	defer func() {
		if caught := recover(); caught != nil {
			reply, err = nil, panicError(caught)
		}
		t.Tally.count(time.Since(epoch)-start, err)
	}()
	m.URL.Base = len(t.Base)
	if reply, err = t.Service.Serve(ctx, m); err != nil {
		return nil, err
	}
	if reply == nil {
		return nil, fmt.Errorf("service %s returned neither a reply nor an error", t.Name)
	}
	if reply.Status < 100 || reply.Status > 999 {
		return nil, errors.Join(fmt.Errorf("service %s returned a reply of status %d", t.Name, reply.Status), reply.Close())
	}
	reply.From = t.Name
	return reply, nil
}

// epoch is what hops take their time from: to ask for the time since it reads
// one clock, and time.Now reads two.
var epoch = time.Now()

// PanicError is a panic of a service, with the stack where it happened.
type PanicError struct {
	Value any
	Stack []byte
}

// Error returns the value of the panic.
func (e *PanicError) Error() string { return fmt.Sprintf("panic: %v", e.Value) }

func panicError(caught any) error {
	if caught == http.ErrAbortHandler {
		return context.Canceled
	}
	return &PanicError{Value: caught, Stack: debug.Stack()}
}

// A Table is the mounts of a server: the Service that chooses a service. It
// does not change, and is safe for concurrent use.
type Table struct {
	root   *place
	mounts []*Mount
}

// place is a node of the tree of base paths.
type place struct {
	below map[string]*place
	exact *Mount
	mount *Mount
}

// NewTable returns a table of the mounts. Two of one name, or at one base path,
// are an error.
func NewTable(mounts ...*Mount) (*Table, error) {
	t := &Table{root: &place{}, mounts: slices.Clone(mounts)}
	names := make(map[string]bool, len(mounts))
	for _, m := range mounts {
		if names[m.Name] {
			return nil, fmt.Errorf("two mounts are named %q", m.Name)
		}
		names[m.Name] = true
		slot := t.root.slot(m)
		if *slot != nil {
			return nil, fmt.Errorf("mounts %q and %q have the same base path %s", (*slot).Name, m.Name, m.Path())
		}
		*slot = m
	}
	return t, nil
}

func (p *place) slot(m *Mount) **Mount {
	for _, segment := range m.Base {
		next := p.below[segment]
		if next == nil {
			if p.below == nil {
				p.below = make(map[string]*place)
			}
			next = &place{}
			p.below[segment] = next
		}
		p = next
	}
	if m.Exact {
		return &p.exact
	}
	return &p.mount
}

// Mounts returns all mounts in the order in which they were given.
func (t *Table) Mounts() []*Mount { return slices.Clone(t.mounts) }

// Find returns the mount with the longest base path that path begins with, or
// nil. dir says that the path ends in a slash: an exact mount does not answer
// it, unless it is the root's.
func (t *Table) Find(path []string, dir bool) *Mount {
	p := t.root
	found := p.mount
	for _, segment := range path {
		if p = p.below[segment]; p == nil {
			return found
		}
		if p.mount != nil {
			found = p.mount
		}
	}
	if p.exact != nil && (!dir || len(path) == 0) {
		return p.exact
	}
	return found
}

// Serve passes m to its mount. A path without one is fs.ErrNotExist.
func (t *Table) Serve(ctx context.Context, m *Message) (*Message, error) {
	mount := t.Find(m.URL.Path, m.URL.Dir)
	if mount == nil {
		return nil, errors.Join(m.Close(), fmt.Errorf("no service at %s: %w", urlpattern.Path{Segments: m.URL.Path, Dir: m.URL.Dir}, fs.ErrNotExist))
	}
	return mount.Serve(ctx, m)
}
