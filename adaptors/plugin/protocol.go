package plugin

import _ "embed"

//go:embed adaptor.proto
var protocol string

// Protocol returns the text of adaptor.proto, which is the protocol between a
// server and a plugin in the language of Protocol Buffers.
func Protocol() string { return protocol }
