package configstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/seed90475182/restspace/adaptors"
)

const (
	// lookTime is the time between two looks at the store.
	lookTime = 2 * time.Second

	// callTime is how long a call of the store may take.
	callTime = 10 * time.Second

	// recordTime is how long a call about the record may take. Of those within
	// holdTime one may hang, and there is time for others.
	recordTime = 5 * time.Second

	// beatTime is how long who has the turn waits before it writes that again.
	beatTime = 3 * time.Second

	// holdTime is how long who has the turn relies on the last time that it
	// wrote so. It is shorter than staleTime, so that it has stopped when another
	// one begins.
	holdTime = 10 * time.Second

	// staleTime is for how long a turn is seen without a change before it is no
	// more one.
	staleTime = 15 * time.Second

	// longTurn is how long one server may have the turn before the others tell.
	longTurn = 2 * time.Minute

	// goodTime is for how long a version that did not fail is seen with no server
	// that takes a turn before it is good.
	goodTime = 20 * time.Second

	// releaseTime is how long a server that ends tries to give its turn back.
	releaseTime = 3 * time.Second

	// maxTries is how often a write of the record is tried that came out unknown.
	maxTries = 3
)

// errLost is about a turn that this server may not have any more.
var errLost = errors.New("the turn to take it over was lost")

// held reports whether another server has a turn that counts.
func (s *Shared) held(now *seen) bool {
	return now.Turn != nil && now.Turn.Server != s.server && now.quiet() < staleTime
}

// mine changes the record while this server has the turn, and else is errLost. A
// call that hangs is made once more.
func (s *Shared) mine(ctx context.Context, change func(*record)) (err error) {
	for range maxTries {
		err = s.mineOnce(ctx, change)
		hung := errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil
		if !hung && !errors.Is(err, adaptors.ErrCondition) {
			return err
		}
	}
	return err
}

// mineOnce is one try of mine. It looks first: a write whose answer was lost may
// have been done.
func (s *Shared) mineOnce(ctx context.Context, change func(*record)) error {
	now, err := s.look(ctx)
	if err != nil {
		return err
	}
	if now.Turn == nil || now.Turn.Server != s.server {
		return fmt.Errorf("%w: nothing was heard of this server for too long", errLost)
	}
	next := now.record
	change(&next)
	return s.write(ctx, now, next)
}

// release gives the turn back, also when ctx is over. Where that fails it
// becomes stale.
func (s *Shared) release(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), releaseTime)
	defer cancel()
	_ = s.mine(ctx, func(r *record) { r.Turn = nil })
}

// holding calls f while it keeps the turn, which was taken at some time. The
// context of f ends, with the cause, when this server can't be sure any more
// that it has the turn.
func (s *Shared) holding(ctx context.Context, taken time.Time, f func(context.Context) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	beating, stop := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := s.beat(beating, taken); err != nil {
			cancel(err)
		}
	}()
	err := f(ctx)
	stop()
	<-ended
	if lost := context.Cause(ctx); err != nil && errors.Is(lost, errLost) {
		err = lost
	}
	cancel(nil)
	return err
}

// beat writes again and again that this server has the turn, until ctx ends. The
// error is why it may not have it any more.
func (s *Shared) beat(ctx context.Context, taken time.Time) error {
	next := taken.Add(beatTime)
	for {
		sure := taken.Add(holdTime)
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(min(time.Until(next), time.Until(sure))):
		}
		begun := time.Now()
		next = begun.Add(beatTime)
		inTime, cancel := context.WithDeadline(ctx, sure)
		err := s.mine(inTime, func(*record) {})
		cancel()
		switch {
		case err == nil:
			taken = begun
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, errLost):
			return err
		case !time.Now().Before(sure):
			return fmt.Errorf("%w: %w", errLost, err)
		}
	}
}
