package identity

import (
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-json-experiment/json"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/services/account"
)

// cached is how many tokens and users a Verifier remembers at least, and half
// of how many at most.
const cached = 8192

// A Verifier verifies tokens, each once while it lives and its issuer has the
// key of it. It is safe for concurrent use.
type Verifier struct {
	issuer     Issuer
	trusted    []Trusted
	algorithms []jose.SignatureAlgorithm // that tokens may be signed with
	accounts   *accounts                 // nil: there are no records of users

	mu         sync.RWMutex
	young, old map[string]*verified // by token; old is what young was before it was full
}

type verified struct {
	said
	account, actor *tracked // of the user, and of who acts as them; nil: there is no record
}

// NewVerifier returns a Verifier of the tokens of an issuer, and of others that
// are trusted. Its own hold only as long as the records of their users say so;
// records is nil where there are none. What goes wrong with them is told to log.
func NewVerifier(issuer Issuer, trusted []Trusted, records Records, log *slog.Logger) *Verifier {
	v := &Verifier{issuer: issuer, trusted: trusted, young: make(map[string]*verified), algorithms: []jose.SignatureAlgorithm{jose.EdDSA}}
	if len(trusted) > 0 {
		v.algorithms = append(v.algorithms, jose.RS256, jose.ES256, jose.HS256)
	}
	if records != nil {
		v.accounts = &accounts{read: records, facts: issuer.Facts, log: log, young: make(map[string]*tracked)}
	}
	return v
}

// User returns whom a token is for. The error says what is wrong with it: a
// *bus.Error where that can't be found out now.
func (v *Verifier) User(token string) (*bus.User, error) {
	now := time.Now()
	known, err := v.verified(token, now)
	if err != nil {
		return nil, err
	}
	if known.account != nil {
		if _, err := known.account.admits(now, known.issued, known.user.Session); err != nil {
			return nil, err
		}
	}
	if known.actor != nil {
		if _, err := known.actor.admits(now, known.issued, nil); err != nil {
			return nil, err
		}
	}
	return known.user, nil
}

// verified returns what a token says.
func (v *Verifier) verified(token string, now time.Time) (*verified, error) {
	v.mu.RLock()
	known, ok := v.young[token]
	if !ok {
		known, ok = v.old[token]
	}
	v.mu.RUnlock()
	if ok && now.Before(known.until) && known.holds() {
		return known, nil
	}
	known, err := v.check(token, now)
	if err != nil {
		return nil, err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.young) >= cached {
		v.young, v.old = make(map[string]*verified, cached), v.young
	}
	v.young[strings.Clone(token)] = known
	return known, nil
}

// check verifies a token with the keys of its issuer.
func (v *Verifier) check(token string, now time.Time) (*verified, error) {
	signed, err := parse(token, v.algorithms...)
	if err != nil {
		return nil, err
	}
	if len(v.trusted) > 0 {
		var unverified struct {
			Issuer string `json:"iss"`
		}
		_ = json.Unmarshal(signed.UnsafePayloadWithoutVerification(), &unverified)
		for i := range v.trusted {
			if v.trusted[i].Name == unverified.Issuer {
				said, err := v.trusted[i].check(signed, now)
				return &verified{said: said}, err
			}
		}
	}
	said, err := v.issuer.check(signed, now)
	if err != nil {
		return nil, err
	}
	known := &verified{said: said}
	if v.accounts != nil {
		known.account = v.accounts.of(said.user.Email)
		if said.user.Actor != "" {
			known.actor = v.accounts.of(said.user.Actor)
		}
	}
	return known, nil
}

// Renewed returns whom a new token in the place of u's is for, with the roles of
// the record and the facts in it, and as of when: what changes of the record end
// u's token end that one too. ok is false where none is due: u has no session, or
// one that is older than longest or over, or a token with more than half of its
// life before it.
func (v *Verifier) Renewed(u *bus.User, life, longest time.Duration) (_ *bus.User, at time.Time, ok bool) {
	now, s := time.Now(), u.Session
	if s == nil || s.Expires.Sub(now) > life/2 || now.Sub(s.Began) > longest {
		return nil, now, false
	}
	next := *u
	if v.accounts == nil {
		return &next, now, true
	}
	k, err := v.accounts.of(u.Email).admits(now, account.At(s.Issued), s)
	if err != nil {
		return nil, now, false
	}
	at, next.Roles, next.Fields = k.at, k.roles, k.facts
	if u.Actor != "" {
		actor, err := v.accounts.of(u.Actor).admits(now, account.At(s.Issued), nil)
		if err != nil {
			return nil, now, false
		}
		if actor.at.Before(at) {
			at = actor.at
		}
		next.Roles = slices.DeleteFunc(slices.Clone(u.Roles), func(role string) bool { return !slices.Contains(k.roles, role) })
	}
	at = account.Since(at, s.Issued)
	return &next, at, at.Add(life).After(s.Expires)
}

// Forget has the record of a user read again before their next token counts.
func (v *Verifier) Forget(email string) {
	if v.accounts != nil {
		v.accounts.forget(email)
	}
}
