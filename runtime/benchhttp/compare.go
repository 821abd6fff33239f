package main

import (
	"fmt"
	"slices"
)

// A metric is one thing that is measured.
type metric int

const (
	throughput metric = iota
	cpuTime
	p50
	p99
	peakRSS
	firstAnswer
	idleRSS
	checkedLogins
	throttledLogins
	busyLogins
	refused
	metrics // how many there are
)

func (m metric) String() string {
	return [metrics]string{
		"requests a second", "CPU a request, us", "p50, ms", "p99, ms", "peak RSS, MB", "first answer, ms", "idle RSS, MB",
		"logins/s with 401", "logins/s with 429", "logins/s with 503", "refused a second",
	}[m]
}

// The sides of a comparison, of which most have two.
const (
	restspaceSide = iota
	bareSide
	thirdSide
	sides // how many there may be

	stormSide = restspaceSide
	quietSide = bareSide
)

// A comparison holds what was measured of each metric on each side, in the
// order of the rounds.
type comparison [metrics][sides][]float64

func (c *comparison) add(m metric, side int, value float64) {
	c[m][side] = append(c[m][side], value)
}

// ratio returns the median of the ratios of a metric round by round, so that 1
// is par with another side and more is better for restspace.
func (c *comparison) ratio(m metric, other int) float64 {
	over, under := c[m][other], c[m][restspaceSide]
	if m == throughput {
		over, under = under, over
	}
	ratios := make([]float64, len(over))
	for i := range over {
		ratios[i] = over[i] / under[i]
	}
	return median(ratios)
}

// median returns the middle of values, of which there is at least one.
func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	half := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[half]
	}
	return (sorted[half-1] + sorted[half]) / 2
}

// A target is a bound on the ratio of a metric, or on the metric itself.
type target struct {
	metric metric
	ratio  bool
	bound  float64
}

// par says how near to the bare server restspace has to come: 1 is par.
func par(m metric, least float64) target { return target{metric: m, ratio: true, bound: least} }

// most says what restspace itself may need.
func most(m metric, bound float64) target { return target{metric: m, bound: bound} }

// verdict says what was wanted, what was measured, and whether that is met.
func (t target) verdict(c *comparison) (wanted, measured, verdict string) {
	value, excess := 0.0, 0.0
	if t.ratio {
		value = c.ratio(t.metric, bareSide)
		wanted, excess = fmt.Sprintf("ratio at least %.2f", t.bound), t.bound-value
	} else {
		value = median(c[t.metric][restspaceSide])
		wanted, excess = "at most "+number(t.bound), value-t.bound
	}
	if excess > 0 {
		return wanted, number(value), "missed by " + number(excess)
	}
	return wanted, number(value), "met"
}

// number writes a figure as exactly as it is worth.
func number(v float64) string {
	switch {
	case v >= 100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2f", v)
}
