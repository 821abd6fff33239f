package main

import (
	"context"
	"io/fs"
	"iter"
	"maps"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/bus"
)

// store keeps documents in memory, until the program ends. Put what you want to
// keep them in into the place of the map, method by method: the contract is told
// by adaptors.Store, and "restspace plugin test" holds you to it.
type store struct {
	max int

	mu        sync.RWMutex        // calls come side by side
	documents map[string]document // by Key.String
	revision  int64
}

type document struct {
	key  adaptors.Key
	data []byte
	info adaptors.Info
}

func newStore(max int) *store {
	// Revisions begin with the time, so that no ETag comes again after a restart.
	return &store{max: max, documents: make(map[string]document), revision: time.Now().UnixNano()}
}

// Get gives the body and the facts of a document.
func (s *store) Get(ctx context.Context, key adaptors.Key, o adaptors.GetOptions) (*bus.Body, adaptors.Info, error) {
	if err := ctx.Err(); err != nil {
		return nil, adaptors.Info{}, err
	}
	s.mu.RLock()
	d, ok := s.documents[key.String()]
	s.mu.RUnlock()
	switch {
	case !ok:
		return nil, adaptors.Info{}, fs.ErrNotExist
	case o.Meta:
		return nil, d.info, nil
	case o.Range != nil:
		offset, length, err := o.Range.Resolve(d.info.Size)
		if err != nil {
			return nil, d.info, err
		}
		d.data = d.data[offset : offset+length]
	}
	return bus.NewBody(d.data, ""), d.info, nil
}

// maxBody is how large a body may be: this store holds it in memory.
const maxBody = 1 << 30

// Put stores a document, if the condition holds at that moment. Until then
// nothing has changed.
func (s *store) Put(ctx context.Context, key adaptors.Key, b *bus.Body, c adaptors.Condition) (adaptors.Info, error) {
	defer b.Close()
	data, err := b.Bytes(maxBody) // an error where the body breaks off
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return adaptors.Info{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.check(key, c); err != nil {
		return adaptors.Info{}, err
	}
	_, exists := s.documents[key.String()]
	if !exists && s.max > 0 && len(s.documents) >= s.max {
		return adaptors.Info{}, syscall.ENOSPC // the store is full
	}
	s.revision++
	info := adaptors.Info{
		Name:    key[len(key)-1],
		Size:    int64(len(data)),
		ModTime: time.Now(),
		ETag:    strconv.FormatInt(s.revision, 36),
	}
	s.documents[key.String()] = document{key, data, info}
	info.Created = !exists
	return info, nil
}

// Delete removes a document, if the condition holds at that moment.
func (s *store) Delete(ctx context.Context, key adaptors.Key, c adaptors.Condition) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.documents[key.String()]; !ok {
		return fs.ErrNotExist
	}
	if err := s.check(key, c); err != nil {
		return err
	}
	delete(s.documents, key.String())
	return nil
}

// check compares a condition with what is stored. The lock is held, so that it
// still holds when the write happens.
func (s *store) check(key adaptors.Key, c adaptors.Condition) error {
	if d, ok := s.documents[key.String()]; ok {
		return c.Check(&d.info)
	}
	return c.Check(nil)
}

// List yields what is one level below prefix, in the order of the positions.
func (s *store) List(ctx context.Context, prefix adaptors.Key, o adaptors.ListOptions) iter.Seq2[adaptors.Info, error] {
	return func(yield func(adaptors.Info, error) bool) {
		entries := s.below(prefix)
		for _, position := range slices.Sorted(maps.Keys(entries)) {
			if err := ctx.Err(); err != nil {
				yield(adaptors.Info{}, err)
				return
			}
			if position > adaptors.Position(o.After) && !yield(entries[position], nil) {
				return
			}
		}
	}
}

// below returns what is one level below prefix, by its position in a listing: the
// escaped name, a directory's with a slash.
func (s *store) below(prefix adaptors.Key) map[string]adaptors.Info {
	s.mu.RLock()
	defer s.mu.RUnlock()
	entries := make(map[string]adaptors.Info)
	for _, d := range s.documents {
		n := len(prefix)
		switch {
		case len(d.key) <= n || !slices.Equal(d.key[:n], prefix):
		case len(d.key) == n+1:
			entries[adaptors.EscapeName(d.info.Name)] = d.info
		default:
			entries[adaptors.EscapeName(d.key[n])+"/"] = adaptors.Info{Name: d.key[n], Dir: true}
		}
	}
	return entries
}
