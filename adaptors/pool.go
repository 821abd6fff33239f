package adaptors

import (
	"fmt"
	"io"
	"sync"
)

// A Pool holds what only one at a time can have, such as the lock of a
// directory or a plugin's process, for all adaptors of a process that need it:
// of one configuration and of the one that replaces it. The zero value is an
// empty pool. A nil Pool shares nothing. Safe for concurrent use.
type Pool struct {
	mu      sync.Mutex
	entries map[any]*pooled
}

// pooled is one thing of a pool. It is in the map as long as somebody has it
// or wants it.
type pooled struct {
	users int // under Pool.mu

	mu    sync.Mutex // held while value is opened and closed
	value io.Closer
}

// Share returns what p holds under key, opening it if nobody has it. A key is
// comparable and of a type of its package's own; everybody asks for the same T
// under a key. Who calls release for the last one closes the value, and has
// the error of that; further calls of a release do nothing.
//
// Opening one key makes nobody wait but those who want the same. A failed open
// is not kept: the next one who wants the key tries again. A value is never
// opened while the one before it is being closed.
func Share[T io.Closer](p *Pool, key any, open func() (T, error)) (value T, release func() error, err error) {
	if p == nil {
		if value, err = open(); err != nil {
			return value, nil, err
		}
		return value, sync.OnceValue(value.Close), nil
	}
	e := p.enter(key)
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.value == nil {
		if value, err = open(); err != nil {
			p.leave(key, e)
			return value, nil, err
		}
		e.value = value
	}
	value, ok := e.value.(T)
	if !ok {
		panic(fmt.Sprintf("adaptors: the pool holds a %T under %v, not a %T", e.value, key, value))
	}
	return value, sync.OnceValue(func() error { return p.release(key, e) }), nil
}

// enter counts one more user of key.
func (p *Pool) enter(key any) *pooled {
	p.mu.Lock()
	defer p.mu.Unlock()
	e := p.entries[key]
	if e == nil {
		if p.entries == nil {
			p.entries = make(map[any]*pooled)
		}
		e = &pooled{}
		p.entries[key] = e
	}
	e.users++
	return e
}

// leave counts one user less, and reports whether it was the last.
func (p *Pool) leave(key any, e *pooled) (last bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	e.users--
	if e.users == 0 {
		delete(p.entries, key)
	}
	return e.users == 0
}

// release closes the value unless somebody else has it or waits for it. The
// releaser counts as a user until the value is closed, so that nobody finds
// the key free before.
func (p *Pool) release(key any, e *pooled) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	p.mu.Lock()
	alone := e.users == 1
	p.mu.Unlock()
	var err error
	if alone {
		err = e.value.Close()
		e.value = nil
	}
	p.leave(key, e)
	return err
}
