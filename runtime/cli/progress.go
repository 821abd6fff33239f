package cli

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"

	"github.com/seed90475182/restspace/runtime/transfer"
)

// How often the progress of a copy is shown.
const (
	barEvery  = 100 * time.Millisecond
	lineEvery = 10 * time.Second // where there is no terminal
)

// progress shows how far a copy is, on standard error: as a bar on a terminal,
// else as a line from time to time.
type progress struct {
	*run
	work  *transfer.Copy
	every time.Duration
	begun time.Time
	stop  context.CancelFunc
	shown sync.WaitGroup

	mu    sync.Mutex               // one who writes to standard error at a time
	bar   *progressbar.ProgressBar // nil for lines
	total int64                    // of documents; -1 while it is not known
}

// follow begins to show the progress of a copy, and tells when ctx ends. end
// ends that.
func (r *run) follow(ctx context.Context, work *transfer.Copy) *progress {
	p := &progress{run: r, work: work, every: lineEvery, begun: time.Now(), total: -1}
	shown, stop := context.WithCancel(ctx)
	p.stop = stop
	if isTerminal(r.stderr) && r.env["TERM"] != "dumb" {
		p.every, p.bar = barEvery, r.newBar(-1)
		p.shown.Go(func() {
			if n, err := work.Total(shown); err == nil {
				p.interject(func() { p.total, p.bar = n, r.newBar(n) })
			}
		})
	}
	p.shown.Go(func() {
		p.show(shown)
		p.interject(func() {
			if ctx.Err() != nil {
				r.note("ending with the documents under way: a second signal ends at once")
			}
		})
	})
	return p
}

// newBar returns a bar for that many documents; -1 is not known yet.
func (r *run) newBar(total int64) *progressbar.ProgressBar {
	return progressbar.NewOptions64(total,
		progressbar.OptionSetWriter(r.stderr),
		progressbar.OptionSetWidth(20),
		progressbar.OptionSetSpinnerChangeInterval(0), // which would draw from a goroutine of its own
		progressbar.OptionShowCount(),
		progressbar.OptionClearOnFinish(),
	)
}

// show draws until ctx ends.
func (p *progress) show(ctx context.Context) {
	ticker := time.NewTicker(p.every)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			p.draw()
		case <-ctx.Done():
			return
		}
	}
}

// draw shows the state of now.
func (p *progress) draw() {
	now := p.work.Counts()
	done := now.Copied + now.Equal + now.Failed
	rate := float64(now.Bytes) / time.Since(p.begun).Seconds()
	text := fmt.Sprintf("%s, %s/s", sizeOf(now.Bytes), sizeOf(int64(rate)))
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.bar == nil {
		p.note("%s so far: %d copied (%s), %d equal, %d failed", documents(done), now.Copied, text, now.Equal, now.Failed)
		return
	}
	if p.total >= 0 {
		done = min(done, p.total) // a listing that failed is no document
	}
	p.bar.Describe(text)
	_ = p.bar.Set64(done) // what can't be shown is not missed
}

// interject writes something else in the place of the bar.
func (p *progress) interject(write func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.bar != nil {
		_ = p.bar.Clear() // what can't be shown is not missed
	}
	write()
}

// end shows nothing more.
func (p *progress) end() {
	p.stop()
	p.shown.Wait()
}
