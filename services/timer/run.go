package timer

import (
	"context"
	"errors"
	"io/fs"
	"time"

	"github.com/oklog/ulid/v2"
)

const (
	life     = 30 * time.Second // of a turn without a beat
	beat     = life / 3         // the time between two
	look     = life             // the longest time until the state is looked at again
	again    = 5 * time.Second  // until what failed is tried again, and the longest time that a store has
	tooLate  = life             // what was due so long ago was missed
	attempts = 10               // to change a state that others change
)

// seen is a beat of another server, and when it was seen first.
type seen struct {
	id    string
	beat  int64
	since time.Time
}

// Run is part of services.Runner. What is running when ctx ends has the time
// that the server gives it.
func (t *timer) Run(ctx context.Context) error {
	for begun := false; ctx.Err() == nil; {
		wait := again
		if begun = begun || t.begin(ctx); begun {
			wait = t.turn(ctx)
		}
		pause := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-pause.C:
		case <-t.wake:
		}
		pause.Stop()
	}
	return nil
}

// begin makes the state, or takes over what there is. It reports whether that
// went well.
func (t *timer) begin(ctx context.Context) bool {
	_, err := t.change(ctx, func(s *state) error {
		if s.Schedule != t.config.text() {
			*s = t.anew(*s)
		}
		return nil
	})
	return t.well(err)
}

// anew returns s with the schedule of the config.
func (t *timer) anew(s state) state {
	s.Schedule, s.Next = t.config.text(), t.config.schedule.first(t.now())
	return s
}

// well logs what the store says, and reports whether it is nothing.
func (t *timer) well(err error) bool {
	if err != nil {
		t.log.Error("the state of the timer can't be kept: it is tried again", "error", err)
	}
	return err == nil
}

// load is the load of the keeper, with a state where there is none yet.
func (t *timer) load(ctx context.Context) (state, string, error) {
	ctx, cancel := context.WithTimeout(ctx, again)
	defer cancel()
	s, version, err := t.keep.load(ctx)
	if errors.Is(err, fs.ErrNotExist) {
		return t.anew(state{}), version, nil
	}
	return s, version, err
}

// save is the save of the keeper. It has its time whatever becomes of ctx: a
// change that may have been made is worse than one that was.
func (t *timer) save(ctx context.Context, s state, version string) (string, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), again)
	defer cancel()
	return t.keep.save(ctx, s, version)
}

// change has edit change the state, also where others change it meanwhile. An
// error of edit leaves it as it is.
func (t *timer) change(ctx context.Context, edit func(*state) error) (s state, err error) {
	for range attempts {
		var version string
		if s, version, err = t.load(ctx); err != nil {
			return s, err
		}
		if err = edit(&s); err != nil {
			return s, err
		}
		if _, err = t.save(ctx, s, version); !isConflict(err) {
			return s, err
		}
	}
	return s, err
}

// turn looks at the state and does what is to be done now. It returns the time
// until it is to be looked at again.
func (t *timer) turn(ctx context.Context) time.Duration {
	s, version, err := t.load(ctx)
	switch {
	case err != nil && ctx.Err() != nil:
		return 0
	case err != nil:
		return t.saved(err)
	case s.Turn != nil && s.Turn.ID != t.claim:
		return t.watch(ctx, s, version)
	case s.Turn == nil:
		now := t.now()
		switch t.todo(s, now) {
		case nothing:
			return t.until(s, now)
		case skip:
			s.Next = t.config.schedule.after(s.Next, now)
			_, err = t.save(ctx, s, version)
			return t.saved(err)
		}
		if version, err = t.take(ctx, &s, version, now); err != nil {
			return t.saved(err)
		}
	}
	t.claim = ""
	t.run(ctx, s, version)
	return 0
}

// What is to be done about a state.
const (
	nothing = iota
	skip
	run
)

func (t *timer) todo(s state, now time.Time) int {
	due := !s.Paused && !now.Before(s.Next)
	switch {
	case s.Asked:
		return run
	case !due:
		return nothing
	case t.config.Missed == "skip" && now.Sub(s.Next) > tooLate:
		return skip
	}
	return run
}

// take takes the turn. A claim has one id until it is known what became of it:
// a save that failed may have been one.
func (t *timer) take(ctx context.Context, s *state, version string, now time.Time) (string, error) {
	if t.claim == "" {
		t.claim = ulid.Make().String()
	}
	if !s.Paused && !now.Before(s.Next) {
		s.Next = t.config.schedule.after(s.Next, now)
	}
	s.Asked, s.Schedule, s.Turn = false, t.config.text(), &turn{ID: t.claim, At: now.UTC()}
	return t.save(ctx, *s, version)
}

// until returns the time until a state is to be looked at again at which there
// is nothing to do now.
func (t *timer) until(s state, now time.Time) time.Duration {
	if s.Paused || s.Next.Sub(now) > look {
		return look
	}
	return s.Next.Sub(now)
}

// saved says when to look again after a load or a save.
func (t *timer) saved(err error) time.Duration {
	if isConflict(err) || t.well(err) {
		return 0
	}
	return again
}

// watch waits for the end of a turn of another server, and ends it where the
// server is gone.
func (t *timer) watch(ctx context.Context, s state, version string) time.Duration {
	now := t.now()
	if t.seen.id != s.Turn.ID || t.seen.beat != s.Turn.Beat {
		t.seen = seen{s.Turn.ID, s.Turn.Beat, now}
	}
	if now.Sub(t.seen.since) < life {
		return min(beat, life-now.Sub(t.seen.since))
	}
	s.ended(last{At: s.Turn.At, Error: "the server that ran it is gone"})
	t.log.Error("the server that ran the timer is gone", "began", s.Last.At)
	_, err := t.save(ctx, s, version)
	return t.saved(err)
}
