package timer

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/bus"
)

// errLost is why a call is cut off whose turn can't be held.
var errLost = errors.New("the turn was lost: the store did not answer, or another server has it")

// run makes the call, holds the turn while it lasts, and notes how it ended. s
// is the state with the turn.
func (t *timer) run(ctx context.Context, s state, version string) {
	calling, cut := context.WithCancelCause(context.WithoutCancel(ctx))
	defer cut(nil)
	done := make(chan last, 1)
	began := t.now()
	go func() { done <- t.call(calling, began) }()
	held := &held{timer: t, state: s, version: version, id: s.Turn.ID, at: began}
	tick := time.NewTicker(beat)
	defer tick.Stop()
	for {
		select {
		case l := <-done:
			held.end(ctx, l)
			return
		case <-tick.C:
			if !held.beat(ctx) {
				cut(errLost)
				held.end(ctx, <-done)
				return
			}
		}
	}
}

// call makes the call and says how it went.
func (t *timer) call(ctx context.Context, began time.Time) last {
	m := &bus.Message{Method: t.config.method, URL: t.config.url}
	m.URL.Path = slices.Clone(m.URL.Path)
	if t.config.Body != nil {
		m.Body = bus.NewBody(t.config.Body, "application/json")
	}
	reply, err := t.bus.Serve(ctx, m)
	l := last{At: began.UTC(), Duration: t.now().Sub(began).Round(time.Millisecond).String()}
	switch {
	case err != nil && context.Cause(ctx) != nil:
		err = context.Cause(ctx)
		l.Error = err.Error()
	case err != nil:
		l.Status, l.Error = shown(bus.Classify(err))
	case reply.Status >= http.StatusBadRequest:
		l.Status, l.Error = reply.Status, "the answer was "+strconv.Itoa(reply.Status)
		err = errors.New(l.Error)
	default:
		l.Status = reply.Status
	}
	_ = reply.Close()
	if err != nil {
		t.log.Error("the call of the timer failed", "error", err)
	}
	return l
}

// shown returns what of an error the status may say: what a client sees of it.
func shown(err *bus.Error) (status int, text string) {
	text = cmp.Or(err.Title, http.StatusText(err.Status))
	if err.Detail != "" && (err.Status < http.StatusInternalServerError || err.Type != "") {
		text = err.Detail
	}
	return err.Status, text
}

// held is a turn of this server.
type held struct {
	*timer
	state   state
	version string
	id      string
	at      time.Time // of the last beat
}

// beat shows the other servers that this one is there. It reports whether the
// turn is still its own, and will be until the next beat.
func (h *held) beat(ctx context.Context) bool {
	err := h.change(ctx, func(s *state) {
		s.Turn = &turn{ID: h.id, At: s.Turn.At, Beat: s.Turn.Beat + 1}
	})
	switch {
	case err == nil:
		h.at = h.now()
	case !errors.Is(err, errLost):
		h.log.Error("the turn of the timer can't be held yet", "error", err)
	}
	return !errors.Is(err, errLost) && h.now().Sub(h.at) < life-beat
}

// end notes how the run ended, and gives up the turn. Where that fails it is
// tried again until ctx ends.
func (h *held) end(ctx context.Context, l last) {
	for {
		err := h.change(ctx, func(s *state) {
			s.ended(l)
			for now := h.now(); !s.Paused && !s.Next.After(now); {
				s.Skipped++
				s.Next = h.config.schedule.after(s.Next, s.Next)
			}
		})
		if err == nil {
			return
		}
		h.log.Error("how the run of the timer ended may not be noted", "error", err)
		if errors.Is(err, errLost) {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(again):
		}
	}
}

// change has edit change the state that has the turn. Where that is another
// state by now the error is errLost.
func (h *held) change(ctx context.Context, edit func(*state)) error {
	ctx = context.WithoutCancel(ctx)
	for range attempts {
		if h.state.Turn == nil || h.state.Turn.ID != h.id {
			return errLost
		}
		next := h.state
		edit(&next)
		version, err := h.save(ctx, next, h.version)
		switch {
		case err == nil:
			h.state, h.version = next, version
			return nil
		case !isConflict(err):
			return err
		}
		s, version, err := h.load(ctx)
		if err != nil {
			return err
		}
		h.state, h.version = s, version
	}
	return adaptors.ErrCondition
}
