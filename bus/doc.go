// Package bus carries messages between services.
//
// A [Service] is a function from a [Message] to a [Message]. Everything that
// moves in this module is one of the two: the table of mounts is a Service
// that chooses a service, a limit or a log line is a [Wrapper], a call to
// another server is a Service that speaks HTTP.
//
//	request -> Table -> Mount -> Service
//	                             | calls others through the Service it was given
//	                             v
//	                           Table -> ...
//
// # Who owns what
//
// The message goes with the call: the caller keeps nothing of it. Bytes in a
// [Body] are never changed; who wants other bytes makes a new Body. A stream is
// read once, and whoever does not pass it on closes it. What a request holds
// (strings of its URL and headers, bytes of its body) lives until its reply has
// been written: who keeps some of it longer clones it, since the edge that made
// it reuses the memory.
//
// # Errors
//
// Serve returns an error for its own failures, an [*Error] where the fact is
// known. [Problem] is the one place that decides what a client sees of an
// error. A Message with a status of 400 or more is returned only to relay
// another server's reply.
//
// # What happened
//
// Package record keeps the calls of a request as a tree where somebody asks for
// it. A Service that does something worth a node begins one with record.Begin;
// where nothing is recorded, that is a look at one flag of the [Root].
//
// # Doors to net/http
//
// [Handler] shows a Service as an http.Handler, [FromHandler] the reverse.
// [Transport] lets any http.Client talk to a Service in the process, and
// [FromTransport] is the reverse: package remote calls other servers with it.
package bus
