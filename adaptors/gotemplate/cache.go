package gotemplate

import (
	"sync"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

const (
	maxPrograms = 256     // that are kept
	maxKept     = 8 << 20 // bytes of their sources
)

// cache has the programs that were used last, by the name of their template.
type cache struct {
	mu     sync.Mutex
	recent *simplelru.LRU[string, *program]
	bytes  int // of the sources of recent
}

func newCache() *cache {
	c := new(cache)
	c.recent, _ = simplelru.NewLRU(maxPrograms, func(_ string, gone *program) { c.bytes -= gone.size })
	return c
}

func (c *cache) find(name string) *program {
	c.mu.Lock()
	defer c.mu.Unlock()
	p, _ := c.recent.Get(name)
	return p
}

func (c *cache) remember(p *program) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.recent.Remove(p.name)
	c.recent.Add(p.name, p)
	for c.bytes += p.size; c.bytes > maxKept; {
		c.recent.RemoveOldest()
	}
}
