package timer

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// FuzzCron: what is accepted is due again and again, each time later, on a whole
// second.
func FuzzCron(f *testing.F) {
	for _, seed := range []string{"", "* * * * *", "30 2 * * 1-5", "@daily", "*/7 0 1,15 * *", "0 0 29 2 *", "0 0 30 2 *", "0 30 2 * * SUN", "0 0 L * *", "0 0 * * 5#2", "0 0 15W * *", "5/0 * * * *", "0-99 * * * *", "0 0 0 1 1 * 2030"} {
		f.Add(seed)
	}
	place, err := time.LoadLocation("Europe/Berlin")
	require.NoError(f, err)
	begin := time.Date(2026, 3, 28, 12, 0, 0, 0, place)
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 200 {
			return
		}
		now := begin
		c, err := parseCron(text, place, now)
		if err != nil {
			return
		}
		due := c.first(now)
		for range 3 {
			assert.True(t, due.After(now), "%v is not after %v", due, now)
			assert.Zero(t, due.Nanosecond())
			now, due = due, c.after(due, due)
		}
	})
}
