package cli

import "strings"

// part returns the part of a document in Markdown that is below a heading, with
// that; "" where there is none. Upper and lower case are the same.
func part(doc, heading string) string {
	var text strings.Builder
	within := 0 // level of the heading; 0: it has not come yet
	eachLine(doc, func(line, title string, level int) {
		switch {
		case within == 0 && strings.EqualFold(title, heading):
			within = level
		case level > 0 && level <= within:
			within = -1
		}
		if within > 0 {
			text.WriteString(line)
		}
	})
	return text.String()
}

// headings returns those that are one word, as they are asked for.
func headings(doc string) (list []string) {
	eachLine(doc, func(_, title string, level int) {
		if level > 1 && !strings.Contains(title, " ") {
			list = append(list, strings.ToLower(title))
		}
	})
	return list
}

// eachLine calls do with each line of a document and, where it is a heading, with
// its title and level.
func eachLine(doc string, do func(line, title string, level int)) {
	fenced := false
	for line := range strings.Lines(doc) {
		title := strings.TrimLeft(line, "#")
		level := len(line) - len(title)
		if strings.HasPrefix(line, "```") {
			fenced = !fenced
		}
		if fenced || level == 0 {
			title, level = "", 0
		}
		do(line, strings.TrimSpace(title), level)
	}
}
