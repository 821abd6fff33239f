package identity

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/services/account"
)

// Records reads the record of a user. The error is fs.ErrNotExist where there
// is none.
type Records func(ctx context.Context, email string) (*account.Record, error)

const (
	fresh    = 5 * time.Second  // that a record is not read again
	lastGood = 10 * time.Minute // that it counts while it can't be read
	readTime = 5 * time.Second  // that reading one may take
)

// accounts knows what the records of users say about their tokens, a few
// seconds late at most. Safe for concurrent use.
type accounts struct {
	read  Records
	facts []string // that tokens carry, by name
	log   *slog.Logger

	mu         sync.Mutex
	young, old map[string]*tracked // by email; old is what young was before it was full
}

// of returns what is known about a user.
func (a *accounts) of(email string) *tracked {
	a.mu.Lock()
	defer a.mu.Unlock()
	t, ok := a.young[email]
	if ok {
		return t
	}
	if t, ok = a.old[email]; !ok {
		t = &tracked{accounts: a, email: strings.Clone(email)}
		t.known.Store(&known{changed: true})
	}
	if len(a.young) >= cached {
		a.young, a.old = make(map[string]*tracked, cached), a.young
	}
	a.young[t.email] = t
	return t
}

// tracked is what is known about one user.
type tracked struct {
	*accounts
	email   string
	known   atomic.Pointer[known]
	reading sync.Mutex
}

// known is what a record said. It is not changed.
type known struct {
	at      time.Time // zero: nothing is known
	until   time.Time // it is fresh
	changed bool      // the record, maybe: nobody goes on with this one
	missing bool      // there is no record
	roles   []string
	state   account.State
	facts   map[string]string
}

// now returns what is known, which is read again where it is not fresh. While
// one reads, all others go on with what was known before, unless the record has
// been changed.
func (t *tracked) now(at time.Time) (*known, error) {
	k := t.known.Load()
	if at.Before(k.until) {
		return k, nil
	}
	if k.changed {
		t.reading.Lock()
	} else if !t.reading.TryLock() {
		return k, nil
	}
	defer t.reading.Unlock()
	if k = t.known.Load(); at.Before(k.until) {
		return k, nil
	}
	return t.look(at, k)
}

// look reads the record. It is for all that ask, so that the one that begins it
// can't end it. What it finds is not kept where the record was changed meanwhile.
func (t *tracked) look(at time.Time, before *known) (*known, error) {
	ctx, cancel := context.WithTimeout(context.Background(), readTime)
	defer cancel()
	record, err := t.read(ctx, t.email)
	k := &known{at: at, until: at.Add(fresh)}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		k.missing = true
	case err != nil && at.Sub(before.at) < lastGood:
		t.log.Warn("a user record can't be read: what it said before counts", "user", t.email, "error", err)
		again := *before
		again.until, again.changed, k = k.until, false, &again
	case err != nil:
		return nil, &bus.Error{Status: http.StatusServiceUnavailable, Type: bus.TypeUnavailable, Err: err,
			Detail: "who you are can't be found out now: try again", Header: bus.Header{{Name: "Retry-After", Value: "5"}}}
	default:
		k.roles, k.state, k.facts = record.Roles, record.State, record.Facts(t.facts)
	}
	t.known.CompareAndSwap(before, k)
	return k, nil
}

// forget has the record read again.
func (a *accounts) forget(email string) {
	t := a.of(email)
	k := *t.known.Load()
	k.until, k.changed = time.Time{}, true
	t.known.Store(&k)
}

// admits returns what is known about the user of a token that was issued at a
// time for a session, which may be nil. The error says why it does not hold any
// more.
func (t *tracked) admits(at time.Time, issued account.Seconds, session *bus.Session) (*known, error) {
	k, err := t.now(at)
	if err != nil {
		return nil, err
	}
	id := ""
	if session != nil {
		id = session.ID
	}
	switch {
	case k.missing:
		return nil, errors.New("its user has no record")
	case k.state.Ends(issued, id):
		return nil, errors.New("signed out of since it was issued")
	}
	return k, nil
}
