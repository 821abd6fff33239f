package account

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/bus"
)

// LongestWait is how long a Guard has somebody wait at most.
const LongestWait = 15 * time.Minute

const (
	window       = 15 * time.Minute // in which failures are counted
	shortestWait = 30 * time.Second

	failuresOfPair    = 10  // of one account, from one network
	failuresOfNetwork = 100 // over all accounts

	maxNetworks = 10_000 // in memory
	maxPairs    = 1_000  // of one network
)

// A Guard makes those who fail wait: a pair of an account and a network, and a
// network over all accounts. What one network does, no other one waits for. Safe
// for concurrent use.
type Guard struct {
	log   *slog.Logger
	store atomic.Pointer[adaptors.Keep] // nil: what it knows ends with the process

	mu         sync.Mutex
	young, old map[string]*network // old is what young was before it was full
}

// NewGuard returns a Guard that keeps what it knows in memory, and tells log of
// what goes wrong with a store.
func NewGuard(log *slog.Logger) *Guard {
	return &Guard{log: log, young: make(map[string]*network)}
}

// KeepIn has the guard keep what it knows in a store; nil is none.
func (g *Guard) KeepIn(store *adaptors.Keep) { g.store.Store(store) }

// network is where requests come from.
type network struct {
	name    string // of its document in the store
	reading sync.Once

	mu    sync.Mutex
	known known
	dirty bool
}

// known is what a network did. It is one document of the store.
type known struct {
	All   failures             `json:"all"`
	Pairs map[string]*failures `json:"pairs"` // by the hash of what was tried
}

// failures are those of one pair, or of all of a network.
type failures struct {
	Count int       `json:"count"`
	Since time.Time `json:"since"`
	Until time.Time `json:"until,omitzero"` // nobody may try again before
}

// over reports whether nothing of f counts any more.
func (f *failures) over(now time.Time) bool {
	return now.Sub(f.Since) > window && now.Sub(f.Until) > window
}

// odd reports whether f is of a clock that was set back since.
func (f *failures) odd(now time.Time) bool {
	return f.Since.Sub(now) > LongestWait || f.Until.Sub(now) > 2*LongestWait
}

// add counts one more.
func (f *failures) add(now time.Time, limit int) {
	if f.over(now) {
		*f = failures{Since: now}
	}
	f.Count++
	if excess := f.Count - limit; excess >= 0 {
		f.Until = now.Add(min(shortestWait<<min(excess, 10), LongestWait))
	}
}

// take takes one back.
func (f *failures) take() {
	f.Count, f.Until = max(f.Count-1, 0), time.Time{}
}

// A Try is one that was counted as a failure before it is known what comes of it,
// so that no more than the limit are made at a time.
type Try struct {
	network *network
	pair    string
}

// Begin counts a try of what, such as the email of an account, by the client of
// the request. The error is the 429 for one who has to wait.
func (g *Guard) Begin(ctx context.Context, what string) (*Try, error) {
	address := ""
	if root := bus.RootOf(ctx); root != nil {
		address = root.Client
	}
	n := g.network(ctx, hashed(networkOf(address)))
	now := time.Now()
	n.mu.Lock()
	defer n.mu.Unlock()
	if wait := n.known.All.Until.Sub(now); wait > 0 { // and takes no memory
		return nil, mustWait(wait)
	}
	pair := hashed(what)
	f := n.pair(pair, now)
	if f == nil {
		return nil, mustWait(shortestWait)
	}
	if wait := f.Until.Sub(now); wait > 0 {
		return nil, mustWait(wait)
	}
	f.add(now, failuresOfPair)
	n.known.All.add(now, failuresOfNetwork)
	n.dirty = true
	return &Try{n, pair}, nil
}

// pair returns the failures of a pair; nil: there are too many to remember one
// more.
func (n *network) pair(name string, now time.Time) *failures {
	if f := n.known.Pairs[name]; f != nil {
		return f
	}
	if len(n.known.Pairs) >= maxPairs {
		n.clean(now)
	}
	if len(n.known.Pairs) >= maxPairs {
		return nil
	}
	f := &failures{Since: now}
	n.known.Pairs[name] = f
	return f
}

// clean forgets what does not count any more.
func (n *network) clean(now time.Time) {
	for name, f := range n.known.Pairs {
		if f.Count == 0 || f.over(now) {
			delete(n.known.Pairs, name)
		}
	}
}

// Succeed forgets the failures of the pair.
func (t *Try) Succeed() { t.end(true) }

// TakeBack is for a try that was neither right nor wrong.
func (t *Try) TakeBack() { t.end(false) }

func (t *Try) end(forget bool) {
	n := t.network
	n.mu.Lock()
	defer n.mu.Unlock()
	n.dirty = true
	n.known.All.take()
	if f := n.known.Pairs[t.pair]; f != nil && !forget {
		f.take()
		return
	}
	delete(n.known.Pairs, t.pair)
}

func mustWait(wait time.Duration) error {
	seconds := int((wait + time.Second - 1) / time.Second)
	return &bus.Error{Status: http.StatusTooManyRequests, Type: bus.TypeRate,
		Detail: fmt.Sprintf("too many tries have failed: try again in %d seconds", seconds),
		Header: bus.Header{{Name: "Retry-After", Value: strconv.Itoa(seconds)}}}
}

// networkOf returns the network that an address stands for: of IPv4 256 of them,
// of IPv6 what one customer has.
func networkOf(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return address
	}
	bits := 24
	if ip = ip.Unmap().WithZone(""); ip.Is6() {
		bits = 56
	}
	prefix, _ := ip.Prefix(bits) // cannot fail
	return prefix.String()
}
