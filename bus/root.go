package bus

import (
	"context"
	"sync/atomic"
	"time"
)

// A Root is a request from outside together with all calls that it leads to.
// It is the context of them all, with the time that the request has. Safe for
// concurrent use, but for the exported fields, which are set before the first
// call.
type Root struct {
	Allowance

	ID     string // of the request, as X-Request-Id shows it
	Trace  Trace
	Span   Span   // of the request as a whole; nil: its trace is not collected
	Client string // address that the request came from, without its port; "" is this process
	Host   string // that the client asked for, with its port if it named one; "" is this process
	Secure bool   // the client's connection is TLS
	Via    string // servers that the request has come through, as its field Via names them
	Table  *Table // the mounts as this request sees them to its end
	Limits Limits
	Seen   Seen

	// ForeignPage says that a page of another origin has a browser send the
	// request, and that it may change something. Once the mount is known, pages
	// that its cors lists are none of these.
	ForeignPage bool

	// ForeignCookie says the same of a request with cookies, which are not the
	// page's.
	ForeignCookie bool

	// Peer is what the request says of the server that it comes from. Nobody has
	// looked at it yet.
	Peer Peer

	// Traced says that a record of it, or of a part of it, is made: see package
	// record. It may be set at any time.
	Traced atomic.Bool

	calls    atomic.Int64
	buffered atomic.Int64
}

// Peer is what a request from another server of the installation brings with it.
// It may as well be a forgery.
type Peer struct {
	Token string // that the server has signed; "" is a request from anywhere else
	ID    string // that the request has there; "" where it is none
}

// Seen is what was found out about a request on its way, for its line in the
// log. It is written before the reply is returned, by the goroutine that has
// the message.
type Seen struct {
	Mount, User string
	Route       string        // base path of Mount
	Actor       string        // who acts as User, where that is somebody else
	Hidden      bool          // who User is was where no cache looks: in a cookie, or in a token of another server
	Upstream    string        // host of the other server that answered, or was asked last
	Tries       int           // of Upstream and of others in its place
	Waited      time.Duration // for the answers of these, to the header of the last
	Token       string        // why a token was not believed
	Err         error         // what Problem made a reply of

	Counter Counter // is told what comes of the request; nil: nobody is
}

// A Counter is told what has come of requests. It is safe for concurrent use.
type Counter interface {
	// Count is called when the reply has been written, or could not be.
	Count(o Outcome)
}

// Outcome is what has come of a request.
type Outcome struct {
	Method         string // as the client sent it
	Status         int
	Received, Sent int64         // bytes of the bodies
	Took           time.Duration // until the reply was written
	Err            error         // what Problem made a reply of, or why it was not written whole
}

// NewRoot returns the context of a request that has until timeout from now for
// the first byte of its answer; 0 is no limit.
func NewRoot(parent context.Context, timeout time.Duration) *Root {
	return NewRootAt(parent, time.Now(), timeout)
}

// NewRootAt is NewRoot for a request that began at start.
func NewRootAt(parent context.Context, start time.Time, timeout time.Duration) *Root {
	r := new(Root)
	r.begin(parent, start, timeout)
	return r
}

type rootKey struct{}

// RootOf returns the Root that ctx descends from, or nil.
func RootOf(ctx context.Context) *Root {
	if r, ok := ctx.(*Root); ok {
		return r
	}
	r, _ := ctx.Value(rootKey{}).(*Root)
	return r
}

// Value is part of context.Context.
func (r *Root) Value(key any) any {
	if _, ok := key.(rootKey); ok {
		return r
	}
	return r.Allowance.Value(key)
}
