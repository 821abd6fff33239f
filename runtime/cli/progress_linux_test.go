package cli

import (
	"bytes"
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/adaptors/memstore"
	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/runtime/transfer"
)

// workOf returns a copy of 3 documents of 1,000 bytes, which is done.
func workOf(t *testing.T) *transfer.Copy {
	from := memstore.New()
	for i := range 3 {
		_, err := from.Put(t.Context(), adaptors.Key{"dir", fmt.Sprint(i)}, bus.NewBody(make([]byte, 1000), ""), adaptors.Condition{})
		require.NoError(t, err)
	}
	work := &transfer.Copy{From: adaptors.NewKeep(from, 0), To: adaptors.NewKeep(memstore.New(), 0), Workers: 1}
	require.NoError(t, work.Run(t.Context()))
	return work
}

func TestProgressOnATerminal(t *testing.T) {
	tm := openTerminal(t)
	r := &run{stderr: tm.tty}
	p := &progress{run: r, work: workOf(t), total: 4, bar: r.newBar(4), begun: time.Now().Add(-time.Hour)}
	p.draw()
	p.interject(func() { r.note("something else") })
	seen := tm.seen(t)
	assert.Contains(t, seen, "3.0 kB, 0 B/s  75% |")
	assert.Contains(t, seen, "(3/4)")
	assert.Regexp(t, `\r +\rrestspace: something else\n$`, seen, "in the place of the bar")
}

// The bar is there from the beginning of a copy, and gone at its end.
func TestProgressEnds(t *testing.T) {
	tm := openTerminal(t)
	p := (&run{stderr: tm.tty}).follow(t.Context(), workOf(t))
	require.Eventually(t, func() bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		return p.total == 3
	}, 10*time.Second, time.Millisecond)
	p.draw()
	p.end()
	assert.NotRegexp(t, `\S$`, tm.seen(t))
}

func TestProgressWithoutATerminal(t *testing.T) {
	var errs bytes.Buffer
	p := &progress{run: &run{stderr: &errs}, work: workOf(t), total: -1, begun: time.Now().Add(-time.Hour)}
	p.draw()
	assert.Equal(t, "restspace: 3 documents so far: 3 copied (3.0 kB, 0 B/s), 0 equal, 0 failed\n", errs.String())
}

func TestProgressTellsOfAnInterruption(t *testing.T) {
	var errs bytes.Buffer
	ctx, cancel := context.WithCancel(t.Context())
	p := (&run{stderr: &errs}).follow(ctx, workOf(t))
	cancel()
	p.end()
	assert.Equal(t, "restspace: ending with the documents under way: a second signal ends at once\n", errs.String())
}

func TestSizeOf(t *testing.T) {
	for bytes, want := range map[int64]string{
		0: "0 B", 999: "999 B", 1000: "1.0 kB", 999_949: "999.9 kB", 999_950: "1.0 MB", 1 << 30: "1.1 GB", 1<<63 - 1: "9.2 EB",
	} {
		assert.Equal(t, want, sizeOf(bytes), bytes)
	}
}
