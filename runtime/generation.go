package runtime

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/runtime/config"
	"github.com/seed90475182/restspace/runtime/identity"
	"github.com/seed90475182/restspace/runtime/traces"
)

// generation is all that comes of one configuration. A request sees one
// generation to its end; the last one that lets go of it closes drained.
type generation struct {
	conf      *config.Config
	hash      [32]byte   // of all that the configuration was made of
	version   string     // of its bytes
	name      string     // of what they are from, for messages
	data      []byte     // the bytes
	table     *bus.Table // for requests from outside
	calls     *bus.Table // for what services call
	mounts    []*mounted
	cors      cors   // where nothing is mounted
	rates     *rates // of all mounts together; nil: no limit
	issuer    identity.Issuer
	verifier  *identity.Verifier
	trusted   map[keysOf]*identity.RemoteKeys
	instances map[string]*instance // by canonical configuration
	pages     []page               // what the server itself answers
	desk      []page               // the same at server.adminListen
	users     *mounted             // what holds the records of users; nil: none here
	checkup   checkup
	remote    outgoing
	traces    *traces.Traces

	refs    atomic.Int64 // one for being the current one, one for each request
	unpin   func()       // letGo, bound once
	once    sync.Once
	drained chan struct{}
}

func newGeneration(conf *config.Config) *generation {
	g := &generation{conf: conf, instances: make(map[string]*instance), cors: newCORS(conf.Server.CORS), rates: newRates(conf.Server.Limits.Rate), drained: make(chan struct{})}
	g.unpin = g.letGo
	g.refs.Store(1)
	return g
}

func (g *generation) letGo() {
	if g.refs.Add(-1) == 0 {
		g.once.Do(func() { close(g.drained) })
	}
}

// pin returns the current generation, which stays whole until its unpin is
// called; nil before the first configuration and after the end.
func (r *Runtime) pin() *generation {
	for {
		g := r.current.Load()
		if g == nil {
			return nil
		}
		g.refs.Add(1)
		if r.current.Load() == g {
			return g
		}
		g.letGo() // replaced meanwhile
	}
}

// healthy reports whether all services are what they were.
func (g *generation) healthy() bool {
	for _, i := range g.instances {
		if !i.healthy() {
			return false
		}
	}
	return true
}

// without returns the instances that next, which may be nil, has not.
func (g *generation) without(next *generation) []*instance {
	var list []*instance
	for key, i := range g.instances {
		if next == nil || next.instances[key] != i {
			list = append(list, i)
		}
	}
	return list
}

// follow has the instances that are new in g take the places of those of old
// that have their names.
func (g *generation) follow(old *generation) {
	before := make(map[string]*instance)
	for _, i := range old.without(g) {
		before[i.conf.Name] = i
	}
	for _, i := range g.without(old) {
		if was := before[i.conf.Name]; was != nil {
			i.follow(was)
		}
	}
}

// rest ends the background work of instances.
func rest(list []*instance) {
	for _, i := range list {
		i.rest()
	}
}

// restAll ends all background work, and waits for that until ctx ends.
func (g *generation) restAll(ctx context.Context) {
	all := g.without(nil)
	rest(all)
	for _, i := range all {
		select {
		case <-i.rested:
		case <-ctx.Done():
			return
		}
	}
}

// close lets go of the instances.
func (g *generation) close() {
	for _, i := range g.instances {
		i.release()
	}
}
