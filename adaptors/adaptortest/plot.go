package adaptortest

import (
	"context"
	"errors"
	"iter"
	"slices"
	"sync"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/bus"
)

// plot is a directory of a store as a store of its own, for some time. It
// remembers what was written in it.
type plot struct {
	store adaptors.Store
	dir   adaptors.Key
	limit context.Context // of all calls: its clause does not know of one

	mu      sync.Mutex
	written map[string]adaptors.Key
}

// errLate is the error of all calls when the time is over.
var errLate = errors.New("the time of the clause is over")

// within returns the context of a call: it ends with the time too.
func (p *plot) within(ctx context.Context) context.Context {
	ctx, cancel := context.WithCancel(ctx)
	context.AfterFunc(p.limit, cancel) // a body may be read long after the call
	return ctx
}

// told returns the error of a call.
func (p *plot) told(err error) error {
	if err != nil && p.limit.Err() != nil {
		return errLate
	}
	return err
}

func (p *plot) key(key adaptors.Key) adaptors.Key { return slices.Concat(p.dir, key) }

// Get is part of adaptors.Store.
func (p *plot) Get(ctx context.Context, key adaptors.Key, o adaptors.GetOptions) (*bus.Body, adaptors.Info, error) {
	body, info, err := p.store.Get(p.within(ctx), p.key(key), o)
	return body, info, p.told(err)
}

// Put is part of adaptors.Store.
func (p *plot) Put(ctx context.Context, key adaptors.Key, b *bus.Body, c adaptors.Condition) (adaptors.Info, error) {
	key = p.key(key)
	p.mu.Lock()
	p.written[key.String()] = key
	p.mu.Unlock()
	info, err := p.store.Put(p.within(ctx), key, b, c)
	return info, p.told(err)
}

// Delete is part of adaptors.Store.
func (p *plot) Delete(ctx context.Context, key adaptors.Key, c adaptors.Condition) error {
	return p.told(p.store.Delete(p.within(ctx), p.key(key), c))
}

// List is part of adaptors.Store.
func (p *plot) List(ctx context.Context, prefix adaptors.Key, o adaptors.ListOptions) iter.Seq2[adaptors.Info, error] {
	return func(yield func(adaptors.Info, error) bool) {
		for info, err := range p.store.List(p.within(ctx), p.key(prefix), o) {
			if !yield(info, p.told(err)) {
				return
			}
		}
	}
}

// tidy removes what was written and is still there, and reports whether nothing
// is left.
func (p *plot) tidy(ctx context.Context) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, key := range p.written {
		if ctx.Err() != nil {
			return false
		}
		_ = p.store.Delete(ctx, key, adaptors.Condition{}) // most are gone; the listing tells
	}
	empty, err := isEmpty(ctx, p.store, p.dir)
	return empty && err == nil
}
