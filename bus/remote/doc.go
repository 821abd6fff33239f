// Package remote calls other servers over HTTP, as a bus.Service.
//
// What a [Caller] sends is the message: nothing of a caller's credentials,
// cookies or addresses is added, no proxy of the environment is asked, and no
// redirect is followed. Where it may connect is checked when it dials, on the
// address that a name has led to ([Public]).
package remote
