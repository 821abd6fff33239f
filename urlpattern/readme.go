package urlpattern

import (
	_ "embed"
	"strings"
)

//go:embed README.md
var readme string

// Codes returns the tables of all codes of patterns, each with an example, as
// Markdown for people.
func Codes() string {
	_, after, _ := strings.Cut(readme, "\n## Codes\n\n")
	codes, _, _ := strings.Cut(after, "\n## ")
	return codes
}
