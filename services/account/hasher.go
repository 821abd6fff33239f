package account

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime"

	"github.com/alexedwards/argon2id"
	"golang.org/x/sync/semaphore"

	"github.com/seed90475182/restspace/bus"
)

// MaxPassword is how many bytes a password has at most.
const MaxPassword = 1024

// strength is what OWASP's cheat sheet on the storage of passwords asks of
// argon2id (RFC 9106) at least: 19 MiB, two passes, one lane.
func strength() *argon2id.Params {
	return &argon2id.Params{Memory: 19 << 10, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32}
}

// bearable reports whether this server does what a hash asks for.
func bearable(p *argon2id.Params) bool {
	return p.Memory <= 256<<10 && p.Iterations > 0 && p.Iterations <= 16 && p.Parallelism > 0 && p.Parallelism <= 16
}

// noHash is a hash of strength that no password has.
const noHash = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

// A Hasher makes and compares hashes of passwords: as many at one time as
// there are cores but one, and a few that wait. It is safe for concurrent use.
type Hasher struct{ working, waiting *semaphore.Weighted }

// NewHasher returns a Hasher. All that a process hashes goes through one.
func NewHasher() *Hasher {
	cores := int64(max(1, runtime.GOMAXPROCS(0)-1))
	return &Hasher{semaphore.NewWeighted(cores), semaphore.NewWeighted(32 * cores)}
}

// Hash returns the hash of a password, in PHC string format. An error is that
// of ctx, or a *bus.Error: 503 where too many wait, 400 for one that is too
// long.
func (h *Hasher) Hash(ctx context.Context, password string) (hash string, err error) {
	err = h.do(ctx, password, func() error {
		hash, err = argon2id.CreateHash(password, strength())
		return err
	})
	return hash, err
}

// Check reports whether a password has the hash. It takes as long for "", which
// no password has, as for any other hash that was made here. Errors are those
// of Hash.
func (h *Hasher) Check(ctx context.Context, password, hash string) (ok bool, err error) {
	if hash == "" {
		hash = noHash
	}
	params, _, _, err := argon2id.DecodeHash(hash)
	switch {
	case err != nil:
		return false, fmt.Errorf("the password of a user record is no hash of argon2id: %w", err)
	case !bearable(params):
		return false, fmt.Errorf("the password of a user record asks for m=%d,t=%d,p=%d, which this server does not do",
			params.Memory, params.Iterations, params.Parallelism)
	}
	err = h.do(ctx, password, func() error {
		ok, err = argon2id.ComparePasswordAndHash(password, hash)
		return err
	})
	return ok, err
}

// do has work done when its turn comes.
func (h *Hasher) do(ctx context.Context, password string, work func() error) error {
	if len(password) > MaxPassword {
		return bus.Errorf(http.StatusBadRequest, "the password has more than %d bytes", MaxPassword)
	}
	if !h.waiting.TryAcquire(1) {
		return &bus.Error{Status: http.StatusServiceUnavailable, Type: bus.TypeBusy,
			Detail: "too many passwords are being checked: try again",
			Header: bus.Header{{Name: "Retry-After", Value: "2"}}, Err: errors.New("the queue of the password hasher is full")}
	}
	defer h.waiting.Release(1)
	if err := h.working.Acquire(ctx, 1); err != nil {
		return err
	}
	defer h.working.Release(1)
	return work()
}
