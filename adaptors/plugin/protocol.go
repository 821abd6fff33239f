package plugin

import _ "embed"

//go:embed adaptor.proto
var protocol string

// Protocol returns the text of adaptor.proto, which is the protocol between a
// server and a plugin in the language of Protocol Buffers.
func Protocol() string { return protocol }

//go:embed README.md
var readme string

// Doc returns what there is to know about plugins, for who writes or mounts them:
// Markdown.
func Doc() string { return readme }
