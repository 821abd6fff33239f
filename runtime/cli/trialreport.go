package cli

import (
	"fmt"
	"io"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/seed90475182/restspace/adaptors/adaptortest"
)

// trialReport tells how a store does, clause by clause.
type trialReport struct {
	*run
	json     bool
	begun    time.Time
	kept, of int
	left     []string // in the store
}

// clauseLine is a clause in JSON.
type clauseLine struct {
	Clause string   `json:"clause"`
	Kept   bool     `json:"kept"`
	Seen   []string `json:"seen,omitempty"`
	Took   int64    `json:"ms"`
}

// lastLine is what all of them come to.
type lastLine struct {
	Kept int   `json:"kept"`
	Of   int   `json:"of"`
	Took int64 `json:"ms"`
}

// add tells of one clause.
func (t *trialReport) add(v *adaptortest.Verdict) error {
	t.of++
	if v.Kept() {
		t.kept++
	}
	if v.Left != "" {
		t.left = append(t.left, v.Left)
	}
	if t.json {
		return t.line(clauseLine{v.Clause, v.Kept(), v.Faults, v.Took.Milliseconds()})
	}
	p := t.paintFor(t.stdout)
	text := p.green("ok    ") + "  " + v.Clause + "\n"
	if !v.Kept() {
		text = p.red("FAILED") + "  " + v.Clause + "\n"
		for _, fault := range v.Faults {
			text += "          " + printable(fault) + "\n"
		}
	}
	_, err := io.WriteString(t.stdout, text)
	return err
}

// end tells of all of them together. It fails where a clause has.
func (t *trialReport) end() error {
	for _, dir := range t.left {
		t.note("%s could not be emptied and is left in the store", dir)
	}
	took := time.Since(t.begun)
	var err error
	if t.json {
		err = t.line(lastLine{t.kept, t.of, took.Milliseconds()})
	} else {
		p := t.paintFor(t.stdout)
		style := p.green
		if t.kept < t.of {
			style = p.red
		}
		_, err = fmt.Fprintln(t.stdout, style(fmt.Sprintf("%d of %d clauses kept (%.1fs)", t.kept, t.of, took.Seconds())))
	}
	if err == nil && t.kept < t.of {
		return errTold
	}
	return err
}

// line prints an object.
func (t *trialReport) line(object any) error {
	data, err := json.Marshal(object)
	if err != nil {
		return err
	}
	_, err = t.stdout.Write(append(data, '\n'))
	return err
}
