package account

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"

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

// ErrHash says that the password of a user record is none that can be checked.
var ErrHash = errors.New("the password in it is no hash of argon2id that can be checked")

// checkHash returns an ErrHash unless a text is a hash that this server makes the
// effort for. One with a short key has too many passwords.
func checkHash(hash string) error {
	p, _, _, err := argon2id.DecodeHash(hash)
	switch {
	case err != nil:
		return fmt.Errorf("%w: %w", ErrHash, err)
	case p.Memory > 256<<10, p.Iterations == 0, p.Iterations > 16, p.Parallelism == 0, p.Parallelism > 16, p.KeyLength < 16:
		return fmt.Errorf("%w: it asks for m=%d,t=%d,p=%d and has %d bytes", ErrHash, p.Memory, p.Iterations, p.Parallelism, p.KeyLength)
	}
	return nil
}

// noHash is a hash of strength that no password has.
const noHash = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

// A Hasher makes and compares hashes of passwords: as many at one time as its
// Worker finds right, and a few that wait. It is safe for concurrent use.
type Hasher struct {
	worker Worker
	places *semaphore.Weighted // for passwords that are worked on or wait
}

// placesOf is how many passwords are on their way or wait for each that is worked
// on.
const placesOf = 32

// NewHasher returns a Hasher whose work w does. All that a server hashes goes
// through one.
func NewHasher(w Worker) *Hasher {
	return &Hasher{worker: w, places: semaphore.NewWeighted(int64(placesOf * AtOnce()))}
}

// Hash returns the hash of a password, in PHC string format. An error is that
// of ctx, or a *bus.Error: 503 where too many wait, 400 for one that is too
// long.
func (h *Hasher) Hash(ctx context.Context, password string) (hash string, err error) {
	err = h.do(password, func() error {
		hash, err = h.worker.Hash(ctx, password)
		return err
	})
	return hash, err
}

// Check reports whether a password has the hash. It takes as long for "", which
// no password has, as for any other hash that was made here, and for what is
// none, which is an ErrHash. Other errors are those of Hash.
func (h *Hasher) Check(ctx context.Context, password, hash string) (ok bool, err error) {
	var wrong error
	if hash != "" {
		wrong = checkHash(hash)
	}
	if hash == "" || wrong != nil {
		hash = noHash
	}
	err = h.do(password, func() error {
		ok, err = h.worker.Check(ctx, password, hash)
		return err
	})
	if err == nil && wrong != nil {
		return false, wrong
	}
	return ok, err
}

// Admits reports whether a password is that of r; nil is nobody, who has none. It
// takes as long for all. Of a record whose password can't be checked log is told.
// Errors are those of Hash.
func (h *Hasher) Admits(ctx context.Context, log *slog.Logger, r *Record, password string) (bool, error) {
	hash := ""
	if r != nil {
		hash = r.Password
	}
	ok, err := h.Check(ctx, password, hash)
	if errors.Is(err, ErrHash) {
		log.Warn("a user can't sign in: give them a new password with restspace user passwd, or have them ask for a mail", "user", r.Email, "error", err)
		return false, nil
	}
	return ok && r != nil, err
}

// do has work done, if there is a place for it.
func (h *Hasher) do(password string, work func() error) error {
	if len(password) > MaxPassword {
		return bus.Errorf(http.StatusBadRequest, "the password has more than %d bytes", MaxPassword)
	}
	if !h.places.TryAcquire(1) {
		return &bus.Error{Status: http.StatusServiceUnavailable, Type: bus.TypeBusy,
			Detail: "too many passwords are being checked: try again",
			Header: bus.Header{{Name: "Retry-After", Value: "2"}}, Err: errors.New("the queue of the password hasher is full")}
	}
	defer h.places.Release(1)
	return work()
}
