package identity

import (
	"strings"
	"sync"
	"time"

	"github.com/seed90475182/restspace/bus"
)

// cached is how many tokens a Verifier remembers at least, and half of how
// many at most.
const cached = 8192

// A Verifier verifies tokens, each once while it lives. It is safe for
// concurrent use.
type Verifier struct {
	issuer Issuer

	mu         sync.RWMutex
	young, old map[string]verified // by token; old is what young was before it was full
}

type verified struct {
	user  *bus.User
	until time.Time
}

// NewVerifier returns a Verifier of the tokens of an issuer.
func NewVerifier(issuer Issuer) *Verifier {
	return &Verifier{issuer: issuer, young: make(map[string]verified)}
}

// User returns whom the token is for. The error says what is wrong with it.
func (v *Verifier) User(token string) (*bus.User, error) {
	now := time.Now()
	v.mu.RLock()
	known, ok := v.young[token]
	if !ok {
		known, ok = v.old[token]
	}
	v.mu.RUnlock()
	if ok && now.Before(known.until) {
		return known.user, nil
	}
	user, until, err := v.issuer.check(token, now)
	if err != nil {
		return nil, err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.young) >= cached {
		v.young, v.old = make(map[string]verified, cached), v.young
	}
	v.young[strings.Clone(token)] = verified{user, until}
	return user, nil
}
