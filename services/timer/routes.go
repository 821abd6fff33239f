package timer

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/services"
)

// report is what the status says.
type report struct {
	State    string    `json:"state"` // waiting, running or paused
	Every    string    `json:"every,omitzero"`
	Cron     string    `json:"cron,omitzero"`
	TimeZone string    `json:"timeZone,omitzero"`
	Next     time.Time `json:"next,omitzero"` // of one that is not paused
	Last     *last     `json:"last,omitempty"`
	Runs     int64     `json:"runs"`
	Failures int64     `json:"failures"`
	Skipped  int64     `json:"skipped"`
	Kept     string    `json:"kept"` // where the state is: store or memory
}

func (t *timer) report(s state) report {
	r := report{State: "waiting", Next: s.Next, Last: s.Last, Runs: s.Runs, Failures: s.Failures, Skipped: s.Skipped, Kept: "store"}
	if t.config.Cron == "" {
		r.Every = t.config.Every.String()
	} else {
		r.Cron, r.TimeZone = t.config.Cron, cmp.Or(t.config.TimeZone, "UTC")
	}
	if s.Paused {
		r.State, r.Next = "paused", time.Time{}
	}
	if s.Turn != nil {
		r.State = "running"
	}
	if _, ok := t.keep.(*memory); ok {
		r.Kept = "memory"
	}
	return r
}

func (t *timer) status(ctx context.Context, _ *bus.Message, _ services.Args) (*bus.Message, error) {
	s, _, err := t.load(ctx)
	return t.reply(http.StatusOK, s, err)
}

func (t *timer) start(ctx context.Context, m *bus.Message, _ services.Args) (*bus.Message, error) {
	return t.edit(ctx, m, http.StatusOK, func(s *state) error {
		if now := t.now(); s.Paused && !s.Next.After(now) { // what was due in the pause is not
			s.Next = t.config.schedule.after(s.Next, now)
		}
		s.Paused = false
		return nil
	})
}

func (t *timer) pause(ctx context.Context, m *bus.Message, _ services.Args) (*bus.Message, error) {
	return t.edit(ctx, m, http.StatusOK, func(s *state) error {
		s.Paused = true
		return nil
	})
}

func (t *timer) runNow(ctx context.Context, m *bus.Message, _ services.Args) (*bus.Message, error) {
	return t.edit(ctx, m, http.StatusAccepted, func(s *state) error {
		if s.Turn != nil {
			return bus.Errorf(http.StatusConflict, "it is running: wait until it has ended")
		}
		s.Asked = true
		return nil
	})
}

// edit has change change the state, has Run look at it, and answers with the
// status.
func (t *timer) edit(ctx context.Context, m *bus.Message, status int, change func(*state) error) (*bus.Message, error) {
	s, err := t.change(ctx, change)
	if err == nil {
		_ = m.Close()
		select {
		case t.wake <- struct{}{}:
		default: // it is told already
		}
	}
	return t.reply(status, s, err)
}

func (t *timer) reply(status int, s state, err error) (*bus.Message, error) {
	if isConflict(err) {
		err = &bus.Error{Status: http.StatusServiceUnavailable, Type: bus.TypeBusy, Err: err,
			Detail: "others change the timer all the time: try again"}
	}
	if err != nil {
		return nil, err
	}
	data, err := json.Marshal(t.report(s))
	if err != nil {
		return nil, err
	}
	reply := bus.Reply(status, bus.NewBody(data, "application/json"))
	reply.Header.Add("Cache-Control", "no-store")
	return reply, nil
}
