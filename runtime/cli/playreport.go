package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/seed90475182/restspace/runtime/script"
)

// playReport tells how scripts do.
type playReport struct {
	*run
	verbose               bool
	log                   *playLog // of the servers of the script that is played
	good, updated, failed int      // of all scripts

	name      string // of the script that is played
	begun     time.Time
	done, now int  // requests of it that are answered as expected, and so only now
	bad       bool // it has failed
}

func (t *playReport) begin(name string) {
	t.name, t.begun, t.done, t.now, t.bad = name, time.Now(), 0, 0, false
	t.log = new(playLog)
	if t.verbose {
		t.log.to = t.stderr
	}
}

// passed tells that a step is as expected; updated: since that was changed.
func (t *playReport) passed(s *script.Script, i int, updated bool) {
	t.good++
	t.done++
	word := "ok"
	if updated {
		t.updated++
		t.now++
		word = "updated"
	}
	if t.verbose {
		t.line(word, titleOf(s, i))
	}
}

// titleOf says which step it is.
func titleOf(s *script.Script, i int) string {
	step := &s.Steps[i]
	text := fmt.Sprintf("%s:%d: %s", s.Name, step.Line, step.Title)
	if step.Title == "" {
		text = fmt.Sprintf("%s:%d: %s %s", s.Name, step.Line, step.Method, step.URL)
	}
	return printable(text)
}

// wrong tells that a step is not as expected. inMemory are the services that
// don't have the stores of the configuration.
func (t *playReport) wrong(s *script.Script, i int, inMemory []string, err error) {
	t.failed++
	t.bad = true
	t.line("FAILED", titleOf(s, i))
	step := &s.Steps[i]
	t.under(step.Method + " " + step.URL)
	var other *script.Difference
	if errors.As(err, &other) {
		if text := err.Error(); text != other.Error() { // it can't be updated
			t.under(strings.TrimSuffix(text, "\n"+other.Error()))
		}
		t.difference(other)
	} else {
		t.under(err.Error())
	}
	for _, line := range t.log.faults() {
		t.under(line)
	}
	if len(inMemory) > 0 {
		t.under("(outside of the working directory, and so empty and in memory here: " + strings.Join(inMemory, ", ") + ")")
	}
	if left := len(s.Steps) - i - 1; left > 0 {
		t.under(fmt.Sprintf("(%s after it not made)", requests(left)))
	}
}

// under prints text under a line with a word.
func (t *playReport) under(text string) {
	for line := range strings.SplitSeq(text, "\n") {
		fmt.Fprintf(t.stdout, "          %s\n", printable(line))
	}
}

// difference prints what was expected and what came.
func (t *playReport) difference(d *script.Difference) {
	p := t.paintFor(t.stdout)
	for _, line := range d.Lines() {
		text := strings.TrimRight(line[:1]+" "+printable(line[1:]), " ")
		switch line[0] {
		case '-':
			text = p.red(text)
		case '+':
			text = p.green(text)
		}
		fmt.Fprintln(t.stdout, strings.TrimRight("        "+text, " "))
	}
}

func requests(n int) string {
	if n == 1 {
		return "1 request"
	}
	return fmt.Sprintf("%d requests", n)
}

// broken tells what is wrong with a script, or with what it starts.
func (t *playReport) broken(err error) {
	t.failed++
	t.bad = true
	t.line("FAILED", printable(t.name))
	t.under(err.Error())
}

// close tells of a script that has been played.
func (t *playReport) close() {
	if t.bad {
		return
	}
	word, more := "ok", ""
	if t.now > 0 {
		word, more = "updated", fmt.Sprintf(", %d updated", t.now)
	}
	t.line(word, fmt.Sprintf("%s (%s%s, %.1fs)", printable(t.name), requests(t.done), more, time.Since(t.begun).Seconds()))
}

// line prints a line with its word.
func (t *playReport) line(word, text string) {
	p := t.paintFor(t.stdout)
	style := p.green
	if word == "FAILED" {
		style = p.red
	}
	fmt.Fprintf(t.stdout, "%s %s\n", style(fmt.Sprintf("%-7s", word)), text)
}

// end tells of all scripts together. It fails where one has.
func (t *playReport) end() error {
	p := t.paintFor(t.stdout)
	style, text := p.green, fmt.Sprintf("%d passed, %d failed", t.good-t.updated, t.failed)
	if t.updated > 0 {
		text = fmt.Sprintf("%d passed, %d updated, %d failed", t.good-t.updated, t.updated, t.failed)
	}
	if t.failed > 0 {
		style = p.red
	}
	if _, err := fmt.Fprintln(t.stdout, style(text)); err != nil {
		return err
	}
	if t.failed > 0 {
		return errTold
	}
	return nil
}

// playLog keeps what servers log. It is safe for concurrent use.
type playLog struct {
	to   io.Writer // where it goes on to; nil is nowhere
	mu   sync.Mutex
	text bytes.Buffer
}

// Write takes a line.
func (l *playLog) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.to != nil {
		return l.to.Write(line)
	}
	return l.text.Write(line)
}

// forget empties the log.
func (l *playLog) forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text.Reset()
}

// faults returns the lines of warnings and errors.
func (l *playLog) faults() (lines []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for line := range strings.Lines(l.text.String()) {
		for _, level := range []string{`"level":"WARN"`, `"level":"ERROR"`, "level=WARN", "level=ERROR"} {
			if strings.Contains(line, level) {
				lines = append(lines, strings.TrimSpace(line))
				break
			}
		}
	}
	return lines
}
