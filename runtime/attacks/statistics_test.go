package attacks

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// median returns the middle of times that are in order.
func median(times []time.Duration) time.Duration { return times[len(times)/2] }

func mean(times []time.Duration) time.Duration {
	var sum time.Duration
	for _, each := range times {
		sum += each
	}
	return sum / time.Duration(len(times))
}

// mannWhitney returns by how many standard deviations the ranks of a are above
// what they are if a and b are alike: the test of Mann and Whitney, as that of a
// normal distribution, for samples of 20 or more without ties.
func mannWhitney(a, b []time.Duration) float64 {
	a, b = slices.Clone(a), slices.Clone(b)
	slices.Sort(a)
	slices.Sort(b)
	u, below := 0, 0 // u counts the pairs of which a's is the greater
	for _, each := range a {
		for below < len(b) && b[below] < each {
			below++
		}
		u += below
	}
	n, m := float64(len(a)), float64(len(b))
	return (float64(u) - n*m/2) / math.Sqrt(n*m*(n+m+1)/12)
}

func TestMannWhitney(t *testing.T) {
	of := func(numbers ...time.Duration) []time.Duration { return numbers }
	assert.InDelta(t, 0, mannWhitney(of(1, 4, 5, 8), of(2, 3, 6, 7)), 1e-9)
	assert.InDelta(t, 2.309, mannWhitney(of(8, 7, 6, 5), of(4, 3, 2, 1)), 1e-3)
	assert.InDelta(t, -2.309, mannWhitney(of(1, 2, 3, 4), of(5, 6, 7, 8)), 1e-3)
}
