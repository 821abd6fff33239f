package account

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"maps"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/bus"
)

const (
	writeEvery = time.Second
	cleanEvery = time.Hour
	storeTime  = 2 * time.Second // that a login waits for the store
	maxKnown   = 1 << 20         // more than a document has
)

// hashed returns what stands for a name in the store.
func hashed(name string) string {
	sum := sha256.Sum256([]byte(name))
	return hex.EncodeToString(sum[:16])
}

// network returns what is known of a network, which is read when it is seen
// first.
func (g *Guard) network(ctx context.Context, name string) *network {
	g.mu.Lock()
	n := g.young[name]
	if n == nil {
		if n = g.old[name]; n == nil {
			n = &network{name: name, known: known{Pairs: make(map[string]*failures)}}
		}
		if len(g.young) >= maxNetworks/2 {
			g.young, g.old = make(map[string]*network), g.young
		}
		g.young[name] = n
	}
	g.mu.Unlock()
	n.reading.Do(func() {
		if store := g.store.Load(); store != nil {
			n.load(ctx, g, store)
		}
	})
	return n
}

func keyOf(name string) adaptors.Key { return adaptors.Key{name + ".json"} }

// isKept reports whether a document is one of the guard's, and not of others who
// have the store too.
func isKept(document string) bool {
	name, ok := strings.CutSuffix(document, ".json")
	sum, err := hex.DecodeString(name)
	return ok && err == nil && len(sum) == sha256.Size/2
}

// load reads what is known. A store that fails keeps nobody from signing in.
func (n *network) load(ctx context.Context, g *Guard, store *adaptors.Keep) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeTime)
	defer cancel()
	body, _, err := store.Get(ctx, keyOf(n.name), adaptors.GetOptions{})
	if err == nil {
		var data []byte
		data, err = body.Bytes(maxKnown)
		var k known
		if err = errors.Join(err, body.Close()); err == nil {
			err = json.Unmarshal(data, &k)
		}
		if err == nil {
			now := time.Now()
			n.mu.Lock()
			if !k.All.odd(now) {
				n.known.All = k.All
			}
			maps.DeleteFunc(k.Pairs, func(_ string, f *failures) bool { return f == nil || f.odd(now) })
			maps.Copy(n.known.Pairs, k.Pairs)
			n.mu.Unlock()
			return
		}
	}
	if !errors.Is(err, fs.ErrNotExist) {
		g.log.Warn("what was tried before can't be read: it does not count", "document", n.name, "error", err)
	}
}

// Run writes what is new each second, and once more when ctx ends.
func (g *Guard) Run(ctx context.Context) error {
	if g.store.Load() == nil {
		<-ctx.Done()
		return nil
	}
	write, clean := time.NewTicker(writeEvery), time.NewTicker(cleanEvery)
	defer write.Stop()
	defer clean.Stop()
	g.removeOld(ctx)
	for {
		select {
		case <-ctx.Done():
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeTime)
			defer cancel()
			g.write(ctx)
			return nil
		case <-write.C:
			g.write(ctx)
		case <-clean.C:
			g.removeOld(ctx)
		}
	}
}

// write writes what has changed.
func (g *Guard) write(ctx context.Context) {
	store := g.store.Load()
	if store == nil {
		return
	}
	g.mu.Lock()
	var all []*network
	for _, some := range []map[string]*network{g.young, g.old} {
		for _, n := range some {
			all = append(all, n)
		}
	}
	g.mu.Unlock()
	for _, n := range all {
		if err := n.save(ctx, store); err != nil {
			g.log.Warn("what was tried can't be written", "document", n.name, "error", err)
			return
		}
	}
}

// save writes what is known, if it has changed.
func (n *network) save(ctx context.Context, store *adaptors.Keep) error {
	n.mu.Lock()
	if !n.dirty {
		n.mu.Unlock()
		return nil
	}
	n.clean(time.Now())
	data, err := json.Marshal(n.known, json.Deterministic(true))
	n.dirty = false
	n.mu.Unlock()
	if err == nil {
		_, err = store.Put(ctx, keyOf(n.name), bus.NewBody(data, "application/json"), adaptors.Condition{})
	}
	if err != nil {
		n.mu.Lock()
		n.dirty = true
		n.mu.Unlock()
	}
	return err
}

// removeOld removes the documents of networks of which nothing counts any more.
func (g *Guard) removeOld(ctx context.Context) {
	store := g.store.Load()
	if store == nil {
		return
	}
	for info, err := range store.List(ctx, nil, adaptors.ListOptions{}) {
		if err == nil && !info.Dir && isKept(info.Name) && time.Since(info.ModTime) > window+LongestWait {
			err = store.Delete(ctx, adaptors.Key{info.Name}, adaptors.Condition{Unmodified: info.ModTime})
		}
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			g.log.Warn("what was tried long ago can't be removed", "error", err)
			return
		}
	}
}
