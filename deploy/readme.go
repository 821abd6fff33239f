// Package deploy holds what operators are told of running restspace on servers.
package deploy

import _ "embed"

//go:embed README.md
var readme string

// Doc returns what operators are told, as Markdown.
func Doc() string { return readme }
