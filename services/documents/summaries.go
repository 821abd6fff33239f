package documents

import (
	"sync"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// What is remembered of summaries at most, in bytes, and how many of them one
// takes beside its texts, about.
const (
	maxSummaries = 16 << 20
	summaryCost  = 200
)

// A summary is that of one content of a document.
type summary struct {
	etag, content string // as adaptors.Info has them
	text          []byte // nil: the content is no JSON
}

// summaries remembers summaries by the names of their documents. Those that
// nobody wanted for the longest time are forgotten where there is no room. Who
// finds one compares what it is of with the document: so none is older than its
// document, whoever wrote that. Safe for concurrent use.
type summaries struct {
	mu     sync.Mutex
	recent *simplelru.LRU[string, summary]
	bytes  int // that recent takes
}

func newSummaries() *summaries {
	s := &summaries{}
	s.recent, _ = simplelru.NewLRU(maxSummaries, func(name string, gone summary) { s.bytes -= size(name, gone) })
	return s
}

func size(name string, s summary) int {
	return len(name) + len(s.etag) + len(s.content) + len(s.text) + summaryCost
}

func (s *summaries) find(name string) (summary, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.recent.Get(name)
}

// remember keeps a summary, which is the cache's from then on. One without an
// ETag is not kept.
func (s *summaries) remember(name string, found summary) {
	if found.etag == "" {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.recent.Remove(name)
	s.recent.Add(name, found)
	for s.bytes += size(name, found); s.bytes > maxSummaries; {
		s.recent.RemoveOldest()
	}
}
