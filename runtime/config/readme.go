package config

import _ "embed"

//go:embed README.md
var readme string

// Doc returns what users are told of services.json, as Markdown.
func Doc() string { return readme }
