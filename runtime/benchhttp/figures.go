package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
)

// peerNotes is what the reader of the table has to know.
const peerNotes = `
Medians of rounds in turns; a ratio is the median of those round by round, and
more than 1 is better for restspace. Each server has one core, wrk with 64
connections and the upstream have the other. CPU is that of the server alone, and
so is the memory: the most that it had, its program included. All answer with the
same status, media type and size, and an ETag; none writes an access log. nginx may
remember for a second what a file is like, and serves as one process; restspace and
Caddy look each time. restspace also holds each request to access rules and limits,
gives it an id, and counts it.

![the same as bars](peers.svg)

` + "`make peers`" + ` writes this page. Figures of a machine with other work to do say what
that does, and no more: trust the ratios, and run it on yours.
`

// table returns what was measured, in Markdown.
func (r *peerRun) table() string {
	var t strings.Builder
	fmt.Fprintf(&t, "%s; %s; %s; medians of %d rounds of %d s.\n\n", r.day.Format("2 January 2006"), r.programs, r.machine, r.bench.rounds, r.bench.seconds)
	names := peerNames()
	fmt.Fprintf(&t, "| | | %s | %s | %s | beside %s | beside %s |\n|---|---|---:|---:|---:|---:|---:|\n",
		names[restspaceSide], names[nginxSide], names[caddySide], names[nginxSide], names[caddySide])
	for i, c := range r.results {
		title := r.tasks[i].title
		for m, values := range c {
			if len(values[restspaceSide]) == 0 {
				continue
			}
			fmt.Fprintf(&t, "| %s | %s | %s |\n", title, metric(m), strings.Join(cells(c, metric(m)), " | "))
			title = ""
		}
	}
	return t.String()
}

// cells returns the medians of all sides, and the ratios to the others.
func cells(c *comparison, m metric) []string {
	var all []string
	for side := range c[m] {
		all = append(all, number(median(c[m][side])))
	}
	for _, other := range []int{nginxSide, caddySide} {
		all = append(all, fmt.Sprintf("%.2f", c.ratio(m, other)))
	}
	return all
}

// What a table in another file stands between.
const (
	tableBegins = "<!-- peers -->\n"
	tableEnds   = "<!-- /peers -->\n"
)

// showIn replaces the table that stands in a file.
func showIn(path, table string) error {
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	before, rest, found := strings.Cut(string(content), tableBegins)
	_, after, ends := strings.Cut(rest, tableEnds)
	if !found || !ends {
		return errors.New(path + ": there is no place for the table: write " + strings.TrimSpace(tableBegins) + " and " + strings.TrimSpace(tableEnds) + " on lines of their own")
	}
	return os.WriteFile(path, []byte(before+tableBegins+table+tableEnds+after), 0o644)
}
