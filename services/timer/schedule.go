package timer

import (
	"fmt"
	"strings"
	"time"

	"github.com/adhocore/gronx"
)

// schedule says when something is due.
type schedule interface {
	// first returns when it is due first, for who begins now.
	first(now time.Time) time.Time

	// after returns the first due time after now that follows due, which is one.
	after(due, now time.Time) time.Time
}

// every is due again and again after the same time.
type every time.Duration

func (e every) first(now time.Time) time.Time {
	return now.Add(time.Duration(e)).UTC().Truncate(time.Second) // as people write it
}

func (e every) after(due, now time.Time) time.Time {
	due = due.Add(time.Duration(e))
	if late := now.Sub(due); late >= 0 {
		due = due.Add(late.Truncate(time.Duration(e)) + time.Duration(e))
	}
	return due
}

// cron is due where a clock on the wall of a place shows what an expression
// says.
type cron struct {
	expression string
	place      *time.Location
	everyHour  bool // the expression says nothing of hours
}

// maxChanges is how many changes of the clocks are looked beyond.
const maxChanges = 1000

// parseCron reads a cron expression. One that is never due is an error.
func parseCron(text string, place *time.Location, now time.Time) (*cron, error) {
	fields := strings.Fields(text)
	tag := len(fields) == 1 && strings.HasPrefix(text, "@")
	if n := len(fields); !tag && n != 5 && n != 6 {
		return nil, fmt.Errorf(`%q has %d fields: write five (minute, hour, day of the month, month, day of the week), six with the second before them, or a name such as @daily`, text, n)
	}
	if !gronx.IsValid(text) {
		return nil, fmt.Errorf(`%q is no cron expression: write one such as "30 2 * * 1-5" or @daily`, text)
	}
	segments, err := gronx.Segments(text)
	if err != nil {
		return nil, err
	}
	if len(segments) > 6 { // after the last of its years it would never be due again
		return nil, fmt.Errorf("%q names a year: leave it out, and pause the timer after its run", text)
	}
	c := &cron{strings.Join(segments, " "), place, segments[2] == "*"}
	if c.first(now).IsZero() {
		return nil, fmt.Errorf("%q is never due: no date is like that", text)
	}
	return c, nil
}

func (c *cron) first(now time.Time) time.Time { return c.next(now) }

func (c *cron) after(due, now time.Time) time.Time {
	if now.Before(due) {
		now = due
	}
	return c.next(now)
}

// next returns the first due time after t, the zero time if there is none. The
// expression is looked at with clocks that are never changed: those of the
// place at t, and where they are changed before it is due, those from then on.
func (c *cron) next(t time.Time) time.Time {
	clocks := t.In(c.place)
	for range maxChanges {
		start, end := clocks.ZoneBounds()
		if fresh := start.Add(back(start) - time.Nanosecond); !c.everyHour && t.Before(fresh) {
			t = fresh // what the clocks show until then they have shown before
		}
		due, err := gronx.NextTickAfter(c.expression, t.In(time.FixedZone("", int(offset(clocks)/time.Second))), false)
		switch {
		case err != nil || !due.After(t):
			return time.Time{}
		case end.IsZero() || due.Before(end):
			return due.In(c.place)
		case due.Before(end.Add(-back(end))): // at a time that is left out
			return end
		}
		t, clocks = end.Add(-time.Nanosecond), end
	}
	return time.Time{}
}

// back returns how far the clocks are put back at a change.
func back(change time.Time) time.Duration {
	if change.IsZero() {
		return 0
	}
	return offset(change.Add(-time.Nanosecond)) - offset(change)
}

// offset returns how far the clocks are ahead of UTC.
func offset(t time.Time) time.Duration {
	_, seconds := t.Zone()
	return time.Duration(seconds) * time.Second
}
