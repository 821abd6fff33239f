package template

import (
	"context"
	"errors"
	"io/fs"
	"sync"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/urlpattern"
)

const (
	maxSources = 1000    // that are kept
	maxKept    = 8 << 20 // bytes of them
)

// sources reads the templates of a store, and keeps those that were read last.
// Each time it asks the store for the ETag, so that a change is seen at once.
type sources struct {
	keep  *adaptors.Keep
	limit int64 // bytes of one

	mu     sync.Mutex // guards what follows
	recent *simplelru.LRU[string, source]
	bytes  int
}

// source is a template as it was at an ETag. The text never changes.
type source struct {
	text []byte
	etag string
}

func newSources(keep *adaptors.Keep, limit int64) *sources {
	s := &sources{keep: keep, limit: limit}
	s.recent, _ = simplelru.NewLRU(maxSources, func(_ string, gone source) { s.bytes -= len(gone.text) })
	return s
}

// get returns the template at a key, whose text is name.
func (s *sources) get(ctx context.Context, name string, key adaptors.Key) (source, error) {
	if known, ok := s.find(name); ok {
		_, info, err := s.keep.Get(ctx, key, adaptors.GetOptions{Meta: true})
		if err != nil {
			return source{}, err
		}
		if info.ETag == known.etag {
			return known, nil
		}
	}
	body, info, err := s.keep.Get(ctx, key, adaptors.GetOptions{})
	if err != nil {
		return source{}, err
	}
	text, err := body.Bytes(s.limit)
	if err = errors.Join(err, body.Close()); err != nil {
		return source{}, err
	}
	read := source{text, info.ETag}
	s.remember(name, read)
	return read, nil
}

func (s *sources) find(name string) (source, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.recent.Get(name)
}

// remember keeps a source that has an ETag.
func (s *sources) remember(name string, read source) {
	if read.etag == "" {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.recent.Remove(name)
	s.recent.Add(name, read)
	for s.bytes += len(read.text); s.bytes > maxKept; {
		s.recent.RemoveOldest()
	}
}

// partial returns the template that another one names: by its path from the root
// of the store. A name that is no such path is none of a template.
func (s *sources) partial(ctx context.Context, name string) ([]byte, error) {
	at, err := urlpattern.ParsePath(name)
	if err != nil || at.Dir || len(at.Segments) == 0 {
		return nil, fs.ErrNotExist
	}
	key := adaptors.Key(at.Segments)
	read, err := s.get(ctx, key.String(), key)
	if errors.Is(err, adaptors.ErrKey) {
		return nil, fs.ErrNotExist
	}
	return read.text, err
}
