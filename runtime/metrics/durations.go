package metrics

import (
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// bounds are the upper ends of the buckets of durations: what is longer is in one
// more.
var bounds = [...]time.Duration{
	100 * time.Microsecond, 250 * time.Microsecond, 500 * time.Microsecond,
	time.Millisecond, 2500 * time.Microsecond, 5 * time.Millisecond,
	10 * time.Millisecond, 25 * time.Millisecond, 50 * time.Millisecond,
	100 * time.Millisecond, 250 * time.Millisecond, 500 * time.Millisecond,
	time.Second, 2500 * time.Millisecond, 5 * time.Second, 10 * time.Second, 30 * time.Second,
}

// durations is a histogram that costs two additions for each that is observed,
// and nothing where nobody asks. The zero value is an empty one.
type durations struct {
	buckets     [len(bounds) + 1]atomic.Int64
	nanoseconds atomic.Int64
}

func (d *durations) observe(took time.Duration) {
	bucket := 0
	for bucket < len(bounds) && took > bounds[bucket] {
		bucket++
	}
	d.buckets[bucket].Add(1)
	d.nanoseconds.Add(int64(took))
}

// collect sends the histogram, unless it is empty.
func (d *durations) collect(to chan<- prometheus.Metric, desc *prometheus.Desc, labels ...string) {
	count, cumulative := uint64(0), make(map[float64]uint64, len(bounds))
	for i := range d.buckets {
		count += uint64(d.buckets[i].Load())
		if i < len(bounds) {
			cumulative[bounds[i].Seconds()] = count
		}
	}
	if count > 0 {
		sum := time.Duration(d.nanoseconds.Load()).Seconds()
		to <- prometheus.MustNewConstHistogram(desc, count, sum, cumulative, labels...)
	}
}
