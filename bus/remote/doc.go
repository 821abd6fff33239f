// Package remote calls other servers over HTTP, as a bus.Service.
//
// What a [Caller] sends is the message: no credentials, cookies or addresses of
// whoever asked are added, no proxy of the environment is used, and no redirect
// is followed. Where it may connect is checked when it dials, on the address
// that a name has led to ([Public]).
//
// Calls over https are net/http's, with HTTP/2 where the server offers it.
// Those over http are made here, in the goroutine of the caller: caller.go
// finds a connection (pool.go, conn.go), call.go has one exchange on it
// (head.go writes, ask.go waits, answer.go reads), and body.go is what comes
// after the head.
package remote
