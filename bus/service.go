package bus

import "context"

// A Service answers a request. It keeps nothing between calls and is safe for
// concurrent use.
//
// ctx carries the deadline, the cancellation and the [Root] of the request: the
// message holds all that a service must read to do its job. Serve owns m and
// may change it or return it as its reply. It returns a reply, which has a
// Status, or an error, never neither.
type Service interface {
	Serve(ctx context.Context, m *Message) (*Message, error)
}

// ServiceFunc is a function as a Service.
type ServiceFunc func(context.Context, *Message) (*Message, error)

// Serve calls f.
func (f ServiceFunc) Serve(ctx context.Context, m *Message) (*Message, error) { return f(ctx, m) }

// A Wrapper adds something to a Service: a rule, a limit, a recorder.
type Wrapper func(Service) Service
