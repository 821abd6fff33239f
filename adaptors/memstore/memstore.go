// Package memstore keeps documents in the memory of the process: a
// [adaptors.Store] for tests, for examples and for what may be lost. Each store
// has contents of its own, which live as long as it does.
package memstore

import (
	"context"
	_ "embed"
	"iter"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"io/fs"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/bus"
)

//go:embed README.md
var readme string

// Config is what a memstore can be told: nothing.
type Config struct{}

// Kind returns the adaptor "memory".
func Kind() adaptors.Kind {
	return adaptors.Kind{
		Name:     "memory",
		Doc:      readme,
		Of:       adaptors.StoreInterface,
		Config:   func() any { return new(Config) },
		Example:  `{}`,
		Volatile: true,
		New:      func(context.Context, any, adaptors.Env) (any, error) { return New(), nil },
	}
}

// maxBody is no limit, less the one byte that the reading of a body adds.
const maxBody = 1<<63 - 2

// A Store keeps documents in memory. It is made by [New].
type Store struct {
	mu       sync.RWMutex
	root     node
	revision int64 // counts all writes; it begins with the time, so that ETags of another run don't match
}

// node is a document or, where below is not nil, a directory.
type node struct {
	below map[string]*node // by segment
	info  adaptors.Info
	data  []byte
}

// New returns an empty Store.
func New() *Store {
	return &Store{root: node{below: make(map[string]*node)}, revision: time.Now().UnixNano()}
}

// Get is part of adaptors.Store.
func (s *Store) Get(ctx context.Context, key adaptors.Key, o adaptors.GetOptions) (*bus.Body, adaptors.Info, error) {
	if err := ctx.Err(); err != nil {
		return nil, adaptors.Info{}, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	n := s.root.find(key)
	if n == nil || n.below != nil {
		return nil, adaptors.Info{}, fs.ErrNotExist
	}
	data := n.data
	if o.Range != nil {
		offset, length, err := o.Range.Resolve(n.info.Size)
		if err != nil {
			return nil, n.info, err
		}
		data = data[offset : offset+length]
	}
	if o.Meta {
		return nil, n.info, nil
	}
	return bus.NewBody(data, ""), n.info, nil
}

// Put is part of adaptors.Store.
func (s *Store) Put(ctx context.Context, key adaptors.Key, b *bus.Body, c adaptors.Condition) (adaptors.Info, error) {
	defer b.Close()
	data, err := b.Bytes(maxBody)
	if err == nil {
		err = ctx.Err()
	}
	// What the store keeps must outlive the request that brought it.
	data, key = slices.Clone(data), cloneKey(key)
	if err != nil {
		return adaptors.Info{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.root.find(key)
	if n != nil && n.below != nil {
		return adaptors.Info{}, fs.ErrExist
	}
	if err := n.check(&c); err != nil {
		return adaptors.Info{}, err
	}
	created := n == nil
	if created {
		if n, err = s.root.make(key); err != nil {
			return adaptors.Info{}, err
		}
	}
	s.revision++
	n.data = data
	n.info = adaptors.Info{
		Name:    key[len(key)-1],
		Size:    int64(len(data)),
		ModTime: time.Now(),
		ETag:    strconv.FormatInt(s.revision, 36),
	}
	info := n.info
	info.Created = created
	return info, nil
}

func cloneKey(key adaptors.Key) adaptors.Key {
	clone := make(adaptors.Key, len(key))
	for i, segment := range key {
		clone[i] = strings.Clone(segment)
	}
	return clone
}

// Delete is part of adaptors.Store.
func (s *Store) Delete(ctx context.Context, key adaptors.Key, c adaptors.Condition) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.root.find(key)
	if n == nil || n.below != nil {
		return fs.ErrNotExist
	}
	if err := n.check(&c); err != nil {
		return err
	}
	for last := len(key) - 1; last >= 0; last-- { // and each parent that becomes empty
		parent := s.root.find(key[:last])
		delete(parent.below, key[last])
		if len(parent.below) > 0 {
			break
		}
	}
	return nil
}

// List is part of adaptors.Store. It yields what the directory had when it
// began.
func (s *Store) List(ctx context.Context, prefix adaptors.Key, o adaptors.ListOptions) iter.Seq2[adaptors.Info, error] {
	return func(yield func(adaptors.Info, error) bool) {
		for _, e := range s.entries(prefix, adaptors.Position(o.After)) {
			if err := ctx.Err(); err != nil {
				yield(adaptors.Info{}, err)
				return
			}
			if !yield(e.info, nil) {
				return
			}
		}
	}
}

// entry is one line of a listing.
type entry struct {
	position string
	info     adaptors.Info
}

// entries returns what is in a directory after a position, in order.
func (s *Store) entries(prefix adaptors.Key, after string) []entry {
	s.mu.RLock()
	defer s.mu.RUnlock()
	dir := s.root.find(prefix)
	if dir == nil {
		return nil
	}
	var list []entry
	for name, n := range dir.below {
		e := entry{adaptors.EscapeName(name), n.info}
		if n.below != nil {
			e.position += "/"
		}
		if e.position > after {
			list = append(list, e)
		}
	}
	slices.SortFunc(list, func(a, b entry) int { return strings.Compare(a.position, b.position) })
	return list
}

// check compares a condition with a document, nil for none.
func (n *node) check(c *adaptors.Condition) error {
	if n == nil {
		return c.Check(nil)
	}
	return c.Check(&n.info)
}

// find returns what is at a key, or nil.
func (n *node) find(key adaptors.Key) *node {
	for _, segment := range key {
		if n = n.below[segment]; n == nil {
			return nil
		}
	}
	return n
}

// make returns a new document at a key that is free, and makes the directories
// above it. A document in their place is fs.ErrExist.
func (n *node) make(key adaptors.Key) (*node, error) {
	for i := range key {
		if above := n.find(key[:i]); above != nil && above.below == nil {
			return nil, fs.ErrExist
		}
	}
	last := len(key) - 1
	for _, segment := range key[:last] {
		next := n.below[segment]
		if next == nil {
			next = &node{below: make(map[string]*node), info: adaptors.Info{Name: segment, Dir: true, Size: -1}}
			n.below[segment] = next
		}
		n = next
	}
	document := &node{}
	n.below[key[last]] = document
	return document, nil
}
