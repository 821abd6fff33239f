package adaptortest

import (
	"slices"
	"testing"
	"time"
)

// stretches is how many rates Compare takes the median of.
const stretches = 9

// Compare benchmarks two ways to do one thing: raw makes the calls that it takes
// and nothing else, store is what is measured. Each is a run of its own. In a
// third one, pairs, they take turns, so that what else the machine does slows
// both; it reports x-of-raw, the rate of store as a part of that of raw: the
// median of nine stretches of the run. size is how many bytes each of them moves.
func Compare(b *testing.B, size int64, raw, store func() error) {
	for _, way := range []struct {
		name string
		do   func() error
	}{{"raw", raw}, {"store", store}} {
		b.Run(way.name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(size)
			for b.Loop() {
				if err := way.do(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("pairs", func(b *testing.B) {
		var pairs []pair
		for b.Loop() {
			first, second := raw, store
			if len(pairs)%2 == 1 {
				first, second = store, raw
			}
			p := pair{timed(b, first), timed(b, second)}
			if len(pairs)%2 == 1 {
				p.raw, p.store = p.store, p.raw
			}
			pairs = append(pairs, p)
		}
		b.ReportMetric(ofRaw(pairs), "x-of-raw")
	})
}

// pair is how long each way took.
type pair struct{ raw, store time.Duration }

func timed(b *testing.B, do func() error) time.Duration {
	begun := time.Now()
	if err := do(); err != nil {
		b.Fatal(err)
	}
	return time.Since(begun)
}

// ofRaw returns the median rate of the stretches of a run.
func ofRaw(pairs []pair) float64 {
	var rates []float64
	for stretch := range slices.Chunk(pairs, (len(pairs)+stretches-1)/stretches) {
		var sum pair
		for _, p := range stretch {
			sum.raw += p.raw
			sum.store += p.store
		}
		rates = append(rates, float64(sum.raw)/float64(sum.store))
	}
	slices.Sort(rates)
	return rates[len(rates)/2]
}
