// Package plugin makes a program of an adaptor, for a server to start: the
// package of those who write plugins.
//
//	func main() { plugin.Serve(plugin.Store(open)) }
//
//	func open(ctx context.Context, c Config, env adaptors.Env) (adaptors.Store, error) { ... }
//
// What a plugin serves is what a server has built in: any [adaptors.Kind] can be
// served, and package adaptors tells what it has to keep to. Calls come side by
// side. Package adaptortest tests a Store, and "restspace plugin test" any
// program. README.md tells of the protocol, for other languages.
package plugin
