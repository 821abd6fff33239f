package identity

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/seed90475182/restspace/bus"
)

const (
	askAgain  = 30 * time.Second // for a key that is unknown
	keysLast  = time.Hour        // until a set of keys is asked for again
	fetchTime = 5 * time.Second
)

// RemoteKeys are the keys that another server has. They are asked for when the first token
// comes, once an hour, and when a token has a key that is not among them, but
// then no more than every 30 seconds. Where they can't be had, those from before
// count.
type RemoteKeys struct {
	Name  string // of the issuer, for the log
	Fetch func(ctx context.Context) ([]byte, error)
	Log   *slog.Logger

	set      atomic.Pointer[fetched]
	fetching sync.Mutex
	asked    time.Time // guarded by fetching
}

// fetched is a set of keys and when it came.
type fetched struct {
	KeySet
	at time.Time
}

// Follow begins with the keys that another has.
func (r *RemoteKeys) Follow(before *RemoteKeys) { r.set.Store(before.set.Load()) }

// Key is part of KeySource.
func (r *RemoteKeys) Key(id string) (*jose.JSONWebKey, error) {
	now := time.Now()
	known := r.set.Load()
	if known == nil {
		r.fetching.Lock() // nothing can be said before
		if known = r.ask(now); known == nil {
			return nil, &bus.Error{Status: http.StatusServiceUnavailable, Type: bus.TypeUnavailable,
				Detail: "the keys of who signed your token can't be had now: try again",
				Header: bus.Header{{Name: "Retry-After", Value: "30"}}}
		}
	} else if now.Sub(known.at) > keysLast && r.fetching.TryLock() {
		known = r.ask(now)
	}
	key, err := known.Key(id)
	if err == nil {
		return key, nil
	}
	r.fetching.Lock()
	return r.ask(now).Key(id)
}

// ask returns the keys as they are now, or those from before where it is too
// soon to ask, or they can't be had; nil if there never were any. Who calls has
// locked fetching, which ask unlocks.
func (r *RemoteKeys) ask(now time.Time) *fetched {
	defer r.fetching.Unlock()
	known := r.set.Load()
	if !r.asked.IsZero() && now.Sub(r.asked) < askAgain {
		return known
	}
	r.asked = now
	ctx, cancel := context.WithTimeout(context.Background(), fetchTime)
	defer cancel()
	data, err := r.Fetch(ctx)
	var set KeySet
	if err == nil {
		set, err = ParseKeySet(data, true)
	}
	if err != nil {
		r.Log.Warn("the keys of a trusted issuer can't be had: those from before count", "issuer", r.Name, "error", err)
		return known
	}
	known = &fetched{set, now}
	r.set.Store(known)
	return known
}
