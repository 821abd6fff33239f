package attacks

import (
	"fmt"
	"sync"
	"testing"
)

// tally counts what became of the rows of each area.
type tally struct {
	rows []attack
	mu   sync.Mutex
	ran  map[string]string // by id: passed, failed or skipped
}

func newTally(rows []attack) *tally { return &tally{rows: rows, ran: make(map[string]string)} }

// note notes what became of a row whose test ends.
func (c *tally) note(t *testing.T, row attack) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case t.Failed():
		c.ran[row.ID] = "failed"
	case t.Skipped():
		c.ran[row.ID] = "skipped"
	default:
		c.ran[row.ID] = "passed"
	}
}

// report logs a line for each area and one for all.
func (c *tally) report(t *testing.T) {
	for _, area := range areas(c.rows) {
		t.Logf("%-8s %s", area, c.counts(func(row attack) bool { return row.Area == area }))
	}
	t.Logf("%d rows: %s", len(c.rows), c.counts(func(attack) bool { return true }))
}

// counts returns the counts of some of the rows in words.
func (c *tally) counts(of func(attack) bool) string {
	n, reasons := make(map[string]int), listed()
	for _, row := range c.rows {
		switch {
		case !of(row):
		case reasons[row.ID] != "":
			n["listed"]++
		default:
			n[c.ran[row.ID]]++
		}
	}
	return fmt.Sprintf("%3d run, %d failed, %d skipped, %d listed", n["passed"]+n["failed"], n["failed"], n["skipped"], n["listed"])
}
