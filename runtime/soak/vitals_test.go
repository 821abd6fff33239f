package soak

import (
	"fmt"
	"math"
	"os"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// vitals are what a server has at a time after the beginning.
type vitals struct {
	at     time.Duration
	values [len(kinds)]float64
}

const mega = 1 << 20

// kinds are what is looked at, and how much of it may come over the time that is
// looked at, beyond what chance explains. A thing that each kill of the plugin
// leaves behind would be 48 after half an hour, one of each reload 144; a byte of
// each request millions.
var kinds = [...]struct {
	name   string
	metric string  // "" is no metric
	unit   float64 // of the table
	grows  float64 // in units
}{
	{"resident MB", "process_resident_memory_bytes", mega, 8}, // the collector and its pages take a while to settle
	{"heap MB", "go_memstats_next_gc_bytes", mega, 3},         // twice what lives after a collection, and less restless than what is allocated
	{"descriptors", "process_open_fds", 1, 6},                 // a few connections to the upstream come and go
	{"goroutines", "go_goroutines", 1, 12},                    // two to a connection
	{"threads", "go_threads", 1, clients},                     // there are as many as once waited for the disk
	{"children", "", 1, 2},                                    // the plugin, and what ends it
	{"temporary files", "", 1, 1},                             // the plugin's socket
}

// vitals looks at the server.
func (s *server) vitals(t *testing.T, at time.Duration) vitals {
	t.Helper()
	v := vitals{at: at}
	text := read(t, s.admin+"/metrics")
	for i, k := range kinds {
		switch k.name {
		case "children":
			v.values[i] = float64(len(s.children(t)))
		case "temporary files":
			entries, err := os.ReadDir(s.path("tmp"))
			require.NoError(t, err)
			v.values[i] = float64(len(entries))
		default:
			v.values[i] = metricOf(t, text, k.metric) / k.unit
		}
	}
	return v
}

// settling is which part of the samples is left out: pools and caches fill.
const settling = 0.2

// assertFlat prints the samples, and fails the test if something grows.
func assertFlat(t *testing.T, samples []vitals) {
	t.Helper()
	later := samples[int(settling*float64(len(samples))):]
	var text strings.Builder
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', tabwriter.AlignRight)
	row := func(first string, cell func(i int) string) {
		fmt.Fprint(table, first, "\t")
		for i := range kinds {
			fmt.Fprint(table, cell(i), "\t")
		}
		fmt.Fprintln(table)
	}
	row("after", func(i int) string { return kinds[i].name })
	for n := 0; n < len(samples); n += max(1, len(samples)/30) {
		row(samples[n].at.Round(time.Second).String(), func(i int) string { return fmt.Sprintf("%.1f", samples[n].values[i]) })
	}
	var lines [len(kinds)]line
	for i := range kinds {
		lines[i] = lineOf(later, i)
	}
	row("an hour adds", func(i int) string { return fmt.Sprintf("%+.1f", lines[i].slope*3600) })
	row("added", func(i int) string { return fmt.Sprintf("%+.1f", lines[i].growth()) })
	row("by chance", func(i int) string { return fmt.Sprintf("%.1f", lines[i].chance()) })
	row("allowed", func(i int) string { return fmt.Sprintf("%.1f", kinds[i].grows) })
	_ = table.Flush() // to memory
	t.Logf("the lines through the last %.0f %%, of %v:\n%s", 100*(1-settling), (later[len(later)-1].at - later[0].at).Round(time.Second), &text)
	for i, k := range kinds {
		assert.Less(t, lines[i].growth()-lines[i].chance(), k.grows, "%s that came", k.name)
	}
}

// line is the one through samples that has the least squares.
type line struct {
	slope float64 // a second
	err   float64 // its standard error
	span  float64 // seconds
}

// growth is what comes over the whole span.
func (l line) growth() float64 { return l.slope * l.span }

// chance is how much of the growth may be by chance: in 1 of 20 it is more, to
// either side.
func (l line) chance() float64 { return 2 * l.err * l.span }

// lineOf returns the line through values of samples, which are three or more.
func lineOf(samples []vitals, value int) line {
	n := float64(len(samples))
	var x, y float64
	for _, s := range samples {
		x, y = x+s.at.Seconds()/n, y+s.values[value]/n
	}
	var xx, xy float64
	for _, s := range samples {
		dx := s.at.Seconds() - x
		xx, xy = xx+dx*dx, xy+dx*(s.values[value]-y)
	}
	l := line{slope: xy / xx, span: (samples[len(samples)-1].at - samples[0].at).Seconds()}
	var rest float64
	for _, s := range samples {
		d := s.values[value] - y - l.slope*(s.at.Seconds()-x)
		rest += d * d
	}
	l.err = math.Sqrt(rest / (n - 2) / xx)
	return l
}
