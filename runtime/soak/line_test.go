package soak

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// samplesOf returns samples of one value, ten seconds apart.
func samplesOf(values ...float64) []vitals {
	list := make([]vitals, len(values))
	for i, v := range values {
		list[i].at = time.Duration(i) * 10 * time.Second
		list[i].values[0] = v
	}
	return list
}

func TestLines(t *testing.T) {
	exact := lineOf(samplesOf(1, 3, 5, 7), 0)
	assert.InDelta(t, 0.2, exact.slope, 1e-9)
	assert.InDelta(t, 6, exact.growth(), 1e-9)
	assert.InDelta(t, 0, exact.chance(), 1e-6)

	// By hand: a slope of 0.8 a sample, and 1.8 of squares left, over 2, over 5: a
	// standard error of 0.42 a sample.
	rough := lineOf(samplesOf(1, 3, 2, 4), 0)
	assert.InDelta(t, 0.08, rough.slope, 1e-9)
	assert.InDelta(t, 2.4, rough.growth(), 1e-9)
	assert.InDelta(t, 2*3*0.42426, rough.chance(), 1e-4)

	flat := lineOf(samplesOf(5, 9, 5, 9, 5, 9, 5, 9, 5), 0)
	assert.Less(t, flat.growth()-flat.chance(), 0.0)
}
