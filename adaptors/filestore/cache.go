package filestore

import (
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/bus"
)

// cache has the content of small documents that were read of late, under the
// hashes of their keys. It is asked only about a file that has just been looked
// at: content is given again where that is the same file, with the same time of
// its last change, so that it is as new as if it had been read. A look costs a
// fifth of opening, reading and closing.
//
// It is two maps: what was asked for is moved to, or put into, the young one.
// When that is full it becomes the old one, whose content is forgotten.
type cache struct {
	mu         sync.Mutex
	young, old map[uint64]*cached
	size       int // bytes of young
}

// cached is a document as it was read. It does not change.
type cached struct {
	st   unix.Stat_t
	info adaptors.Info
	data []byte
}

const (
	cacheSize  = 2 << 20 // bytes of each map
	cachedCost = 512     // bytes of an entry beside its content

	// settled is how old a change has to be for content to be kept: the next
	// one has another time then, however coarse the clock of the kernel is.
	settled = time.Second
)

func (c *cache) get(hash uint64) *cached {
	c.mu.Lock()
	defer c.mu.Unlock()
	if d := c.young[hash]; d != nil {
		return d
	}
	d := c.old[hash]
	if d != nil {
		c.add(hash, d)
	}
	return d
}

func (c *cache) put(hash uint64, d *cached) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.add(hash, d)
}

// add puts d into the young map. The caller holds mu.
func (c *cache) add(hash uint64, d *cached) {
	if before := c.young[hash]; before != nil {
		c.size -= len(before.data) + cachedCost
	}
	if c.young == nil || c.size+len(d.data)+cachedCost > cacheSize {
		c.young, c.old, c.size = make(map[uint64]*cached), c.young, 0
	}
	c.young[hash] = d
	c.size += len(d.data) + cachedCost
}

// recall returns the document with that name from memory; nil if it is not
// there, or is no longer that of the file.
func (r *root) recall(hash uint64, parent dir, name string) *cached {
	d := r.cache.get(hash)
	if d == nil {
		return nil
	}
	var st unix.Stat_t
	if err := parent.stat(name, &st); err != nil || !sameContent(&st, &d.st) {
		return nil
	}
	return d
}

// remember keeps a document that was read after st, unless it is large or has
// changed just now.
func (r *root) remember(hash uint64, st *unix.Stat_t, info *adaptors.Info, b *bus.Body) {
	if b.Stream() != nil || r.now().Sub(time.Unix(st.Ctim.Unix())) < settled {
		return
	}
	if data, err := b.Bytes(b.Size()); err == nil {
		r.cache.put(hash, &cached{*st, *info, data})
	}
}

// sameContent reports whether two looks found one file that has not changed.
// Whoever writes to a file may set back the time of its modification, but not
// that of its change.
func sameContent(a, b *unix.Stat_t) bool {
	return a.Dev == b.Dev && a.Ino == b.Ino && a.Size == b.Size && a.Mtim == b.Mtim && a.Ctim == b.Ctim && a.Mode == b.Mode
}
