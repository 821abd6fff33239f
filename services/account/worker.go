package account

import (
	"context"
	"runtime"

	"github.com/alexedwards/argon2id"
	"golang.org/x/sync/semaphore"
)

// A Worker does the work of a Hasher, on a few passwords at one time: the others
// wait for their turn, or until ctx ends. It is safe for concurrent use.
type Worker interface {
	// Hash returns the hash of a password.
	Hash(ctx context.Context, password string) (hash string, err error)

	// Check reports whether a password has a hash, which is one that the server
	// makes the effort for.
	Check(ctx context.Context, password, hash string) (ok bool, err error)
}

// AtOnce returns how many passwords the server works on at one time: as many as
// it has cores but one, so that others are still answered.
func AtOnce() int { return max(1, runtime.GOMAXPROCS(0)-1) }

// InProcess returns a Worker that works in this process, on n passwords at one
// time.
func InProcess(n int) Worker { return &inProcess{semaphore.NewWeighted(int64(n))} }

type inProcess struct{ working *semaphore.Weighted }

// Hash is part of Worker.
func (w *inProcess) Hash(ctx context.Context, password string) (string, error) {
	if err := w.working.Acquire(ctx, 1); err != nil {
		return "", err
	}
	defer w.working.Release(1)
	return argon2id.CreateHash(password, strength())
}

// Check is part of Worker.
func (w *inProcess) Check(ctx context.Context, password, hash string) (bool, error) {
	if err := w.working.Acquire(ctx, 1); err != nil {
		return false, err
	}
	defer w.working.Release(1)
	return argon2id.ComparePasswordAndHash(password, hash)
}
