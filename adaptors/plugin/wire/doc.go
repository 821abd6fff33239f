// Package wire is the protocol of adaptor plugins in Go: what protoc makes of
// adaptor.proto, and what its messages are in the terms of package adaptors.
// Authors of plugins use package plugin instead.
package wire

//go:generate protoc -I .. --go_out=. --go_opt=paths=source_relative --go-grpc_out=. --go-grpc_opt=paths=source_relative ../adaptor.proto

// Sizes that both sides keep to, in bytes.
const (
	MaxMessage = 16 << 20  // a message that is larger ends its call
	Chunk      = 256 << 10 // of a body
	Inline     = 64 << 10  // a body up to this goes in the message of its call
)
