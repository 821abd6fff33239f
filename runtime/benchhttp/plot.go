package main

import (
	"bytes"
	"html/template"
)

// The sizes of a plot, in pixels.
const (
	cellWidth  = 260
	cellHeight = 104
	barHeight  = 18
	barGap     = 6
	barRoom    = 170 // for the longest bar; what is right of it is for its figure
	titleRoom  = 30
)

// plotted are the metrics of a plot, from top to bottom.
func plotted() []metric { return []metric{throughput, p50, p99, cpuTime, peakRSS} }

const plotTemplate = `<svg xmlns="http://www.w3.org/2000/svg" width="{{.Width}}" height="{{.Height}}" viewBox="0 0 {{.Width}} {{.Height}}" font-family="sans-serif" font-size="12" role="img" aria-label="restspace, nginx and Caddy side by side">
<rect width="100%" height="100%" fill="#fff"/>
{{range .Titles}}<text x="{{.X}}" y="20" font-size="14" font-weight="bold">{{.Text}}</text>
{{end}}{{range .Labels}}<text x="{{.X}}" y="{{.Y}}" fill="#555">{{.Text}}</text>
{{end}}{{range .Bars}}<rect x="{{.X}}" y="{{.Y}}" width="{{.Width}}" height="{{.Height}}" fill="{{.Color}}"/><text x="{{.TextX}}" y="{{.TextY}}">{{.Text}}</text>
{{end}}</svg>
`

type text struct {
	X, Y int
	Text string
}

type bar struct {
	X, Y, Width, Height int
	Color               string
	TextX, TextY        int
	Text                string
}

// plot returns what was measured as an SVG: a column for each task, a row for each
// metric, and a bar for each server.
func (r *peerRun) plot() ([]byte, error) {
	var page struct {
		Width, Height  int
		Titles, Labels []text
		Bars           []bar
	}
	page.Width, page.Height = len(r.tasks)*cellWidth+barGap, titleRoom+len(plotted())*cellHeight
	for column, c := range r.results {
		x := column*cellWidth + barGap
		page.Titles = append(page.Titles, text{X: x, Text: r.tasks[column].title})
		for row, m := range plotted() {
			y := titleRoom + row*cellHeight + 16
			page.Labels = append(page.Labels, text{X: x, Y: y, Text: m.String()})
			page.Bars = append(page.Bars, bars(c, m, x, y+barGap)...)
		}
	}
	t, err := template.New("plot").Parse(plotTemplate)
	if err != nil {
		return nil, err
	}
	var svg bytes.Buffer
	err = t.Execute(&svg, page)
	return svg.Bytes(), err
}

// bars returns those of one metric below each other; the longest is the greatest.
func bars(c *comparison, m metric, x, y int) []bar {
	colors := [sides]string{"#1b6ca8", "#b5b5b5", "#d9d9d9"}
	greatest := 0.0
	for _, values := range c[m] {
		greatest = max(greatest, median(values))
	}
	var all []bar
	for side, values := range c[m] {
		value := median(values)
		length := max(1, int(value/greatest*barRoom))
		all = append(all, bar{
			X: x, Y: y, Width: length, Height: barHeight, Color: colors[side],
			TextX: x + length + barGap, TextY: y + barHeight - 5, Text: number(value) + " " + peerNames()[side],
		})
		y += barHeight + barGap
	}
	return all
}
