package config

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"golang.org/x/time/rate"
)

// A Duration is written as "30s", "1m30s" or "250ms".
type Duration time.Duration

// Duration returns d as Go has it.
func (d Duration) Duration() time.Duration { return time.Duration(d) }

// MarshalText writes d as UnmarshalText reads it.
func (d Duration) MarshalText() ([]byte, error) {
	text := d.Duration().String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return []byte(text), nil
}

// UnmarshalText reads a duration.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := parseDuration(string(text))
	*d = Duration(v)
	return err
}

func parseDuration(s string) (time.Duration, error) {
	d, err := time.ParseDuration(s)
	if err != nil || strings.HasPrefix(s, "-") {
		return 0, fmt.Errorf("%s is no duration: write a number with its unit (ms, s, m, h), such as \"30s\"", quote(s))
	}
	return d, nil
}

// A Size is a number of bytes, written as "512B", "64KiB", "1MiB" or "2GiB".
type Size int64

// MarshalText writes s in the largest unit that it is a multiple of.
func (s Size) MarshalText() ([]byte, error) {
	text := fmt.Appendf(nil, "%dB", s)
	for unit, factor := range units {
		if factor > 1 && s > 0 && s%factor == 0 {
			text = fmt.Appendf(nil, "%d%s", s/factor, unit)
		}
	}
	return text, nil
}

// UnmarshalText reads a size.
func (s *Size) UnmarshalText(text []byte) error {
	for unit, factor := range units {
		digits, ok := strings.CutSuffix(string(text), unit)
		if !ok {
			continue
		}
		n, err := strconv.ParseUint(digits, 10, 63)
		if err == nil && n <= math.MaxInt64/uint64(factor) {
			*s = Size(n) * factor
			return nil
		}
	}
	return fmt.Errorf("%s is no size: write a whole number with its unit (B, KiB, MiB, GiB), such as \"1MiB\"", quote(string(text)))
}

// units yields the units of a Size, the ones that end in others first.
func units(yield func(string, Size) bool) {
	_ = yield("KiB", 1<<10) && yield("MiB", 1<<20) && yield("GiB", 1<<30) && yield("B", 1)
}

// A Rate is how often something may happen, written as "10/s" or "100/m".
type Rate struct {
	Count int           // so many times at once, and
	Per   time.Duration // as many again in this time
}

// PerSecond returns r as a limiter has it.
func (r Rate) PerSecond() rate.Limit { return rate.Limit(float64(r.Count) / r.Per.Seconds()) }

// UnmarshalText reads a rate.
func (r *Rate) UnmarshalText(text []byte) error {
	digits, unit, _ := strings.Cut(string(text), "/")
	n, err := strconv.ParseUint(digits, 10, 31)
	switch {
	case err == nil && n > 0 && unit == "s":
		*r = Rate{int(n), time.Second}
	case err == nil && n > 0 && unit == "m":
		*r = Rate{int(n), time.Minute}
	default:
		return fmt.Errorf("%s is no rate: write a whole number a second or a minute, such as \"10/s\" or \"100/m\"", quote(string(text)))
	}
	return nil
}
