package timer

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestCron(t *testing.T) {
	for name, row := range map[string]struct {
		expression, place, from string
		want                    []string // of the same form as from
	}{
		"five fields":             {"30 2 * * *", "UTC", "2026-01-01T00:00:00Z", []string{"2026-01-01T02:30:00Z", "2026-01-02T02:30:00Z"}},
		"six fields":              {"*/20 * * * * *", "UTC", "2026-01-01T00:00:00Z", []string{"2026-01-01T00:00:20Z", "2026-01-01T00:00:40Z"}},
		"a name":                  {"@daily", "UTC", "2026-01-01T00:00:00Z", []string{"2026-01-02T00:00:00Z"}},
		"days of the week":        {"0 9 * * MON-FRI", "UTC", "2026-01-02T10:00:00Z", []string{"2026-01-05T09:00:00Z"}},
		"either of two days":      {"0 0 13 * 5", "UTC", "2026-01-10T00:00:00Z", []string{"2026-01-13T00:00:00Z", "2026-01-16T00:00:00Z"}},
		"leap years":              {"0 0 29 2 *", "UTC", "2026-01-01T00:00:00Z", []string{"2028-02-29T00:00:00Z", "2032-02-29T00:00:00Z"}},
		"between seconds":         {"* * * * * *", "UTC", "2026-01-01T00:00:00.5Z", []string{"2026-01-01T00:00:01Z"}},
		"another place":           {"0 12 * * *", "Asia/Kathmandu", "2026-01-01T00:00:00+05:45", []string{"2026-01-01T12:00:00+05:45"}},
		"a leap year far away":    {"0 12 29 2 *", "America/New_York", "2026-01-01T00:00:00-05:00", []string{"2028-02-29T12:00:00-05:00"}},
		"left out":                {"30 2 * * *", "America/New_York", "2026-03-07T00:00:00-05:00", []string{"2026-03-07T02:30:00-05:00", "2026-03-08T03:00:00-04:00", "2026-03-09T02:30:00-04:00"}},
		"left out and after it":   {"0,30 2,3 * * *", "America/New_York", "2026-03-08T00:00:00-05:00", []string{"2026-03-08T03:00:00-04:00", "2026-03-08T03:30:00-04:00", "2026-03-09T02:00:00-04:00"}},
		"every hour, left out":    {"0 * * * *", "America/New_York", "2026-03-08T00:30:00-05:00", []string{"2026-03-08T01:00:00-05:00", "2026-03-08T03:00:00-04:00", "2026-03-08T04:00:00-04:00"}},
		"shown twice":             {"30 1 * * *", "America/New_York", "2026-10-31T12:00:00-04:00", []string{"2026-11-01T01:30:00-04:00", "2026-11-02T01:30:00-05:00"}},
		"shown twice, then after": {"0 1,2 * * *", "America/New_York", "2026-11-01T00:00:00-04:00", []string{"2026-11-01T01:00:00-04:00", "2026-11-01T02:00:00-05:00", "2026-11-02T01:00:00-05:00"}},
		"every hour, shown twice": {"0,30 * * * *", "America/New_York", "2026-11-01T00:30:00-04:00", []string{
			"2026-11-01T01:00:00-04:00", "2026-11-01T01:30:00-04:00", "2026-11-01T01:00:00-05:00", "2026-11-01T01:30:00-05:00", "2026-11-01T02:00:00-05:00"}},
		"a midnight left out":  {"0 0 * * *", "America/Santiago", "2026-09-05T12:00:00-04:00", []string{"2026-09-06T01:00:00-03:00", "2026-09-07T00:00:00-03:00"}},
		"a year of one day":    {"0 0 6 9 *", "America/Santiago", "2026-09-04T12:00:00-04:00", []string{"2026-09-06T01:00:00-03:00", "2027-09-06T00:00:00-03:00"}},
		"half an hour forward": {"15 2 * * *", "Australia/Lord_Howe", "2026-10-03T12:00:00+10:30", []string{"2026-10-04T02:30:00+11:00", "2026-10-05T02:15:00+11:00"}},
		"half an hour back":    {"*/30 * * * *", "Australia/Lord_Howe", "2026-04-05T01:00:00+11:00", []string{"2026-04-05T01:30:00+11:00", "2026-04-05T01:30:00+10:30", "2026-04-05T02:00:00+10:30"}},
	} {
		t.Run(name, func(t *testing.T) {
			place, err := time.LoadLocation(row.place)
			require.NoError(t, err)
			at, err := time.Parse(time.RFC3339, row.from)
			require.NoError(t, err)
			c, err := parseCron(row.expression, place, at)
			require.NoError(t, err)
			for _, want := range row.want {
				at = c.after(at, at.Add(-time.Hour))
				assert.Equal(t, want, at.Format(time.RFC3339))
			}
		})
	}
}

func TestCronThatCanNotBe(t *testing.T) {
	for expression, want := range map[string]string{
		"":              "has 0 fields",
		"* * * *":       "has 4 fields",
		"* * * * * * *": "has 7 fields",
		"60 * * * *":    "is no cron expression",
		"*/0 * * * *":   "is no cron expression",
		"@nope":         "is no cron expression",
		"0 0 31 2 *":    "is never due",
		"0 0 1 1 2030":  "is no cron expression",

		"0 0 1 1 * 2099":      "names a year",
		"0 0 1 1 * 2098-2099": "names a year",
	} {
		_, err := parseCron(expression, time.UTC, time.Now())
		assert.ErrorContains(t, err, want, expression)
	}
}

func TestCronGoesOn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		place, err := time.LoadLocation(rapid.SampledFrom([]string{
			"UTC", "America/New_York", "Europe/London", "Australia/Lord_Howe", "America/Santiago", "Africa/Casablanca", "Pacific/Apia"}).Draw(t, "place"))
		require.NoError(t, err)
		minute := rapid.SampledFrom([]string{"*", "0", "30", "*/7", "59"}).Draw(t, "minute")
		hour := rapid.SampledFrom([]string{"*", "0", "1", "2", "1-3", "*/2", "23"}).Draw(t, "hour")
		day := rapid.SampledFrom([]string{"*", "1", "31", "30,31"}).Draw(t, "day")
		at := time.Unix(rapid.Int64Range(1_000_000_000, 2_000_000_000).Draw(t, "from"), 0)
		c, err := parseCron(minute+" "+hour+" "+day+" * *", place, at)
		require.NoError(t, err)
		for range 20 {
			next := c.after(at, at)
			require.True(t, next.After(at), "%s follows %s", next, at)
			middle := at.Add(next.Sub(at) / 2).Truncate(time.Second)
			require.Equal(t, next.Unix(), c.after(at, middle).Unix(), "from the middle between %s and %s", at, next)
			at = next
		}
	})
}

func TestEvery(t *testing.T) {
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	e := every(10 * time.Second)
	assert.Equal(t, start.Add(10*time.Second), e.first(start))
	assert.Equal(t, start.Add(10*time.Second), e.first(start.Add(time.Millisecond)), "whole seconds")
	for now, want := range map[time.Duration]time.Duration{-time.Minute: 10, 0: 10, 9 * time.Second: 10, 10 * time.Second: 20, 25 * time.Second: 30, 100 * time.Second: 110} {
		assert.Equal(t, start.Add(want*time.Second), e.after(start, start.Add(now)), "%s", now)
	}
}
