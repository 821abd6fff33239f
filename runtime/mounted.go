package runtime

import (
	"context"
	"fmt"
	"net/http"
	"strconv"

	"golang.org/x/sync/semaphore"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/runtime/config"
)

// mounted is an instance at its mount, with the limits of the mount: what every
// call of it passes, from outside and from inside.
type mounted struct {
	*bus.Mount
	conf     *config.Service
	instance *instance
	maxBody  int64               // of any body; what is held in memory may be less
	places   *semaphore.Weighted // nil: no limit of its own
	rates    *rates              // nil: no limit
	shadows  [][]string          // service paths that deeper mounts answer
	cache    string              // Cache-Control of successful GETs
}

// Serve holds m to the limits and passes it on.
func (s *mounted) Serve(ctx context.Context, m *bus.Message) (*bus.Message, error) {
	if err := s.admit(ctx, m); err != nil {
		_ = m.Close()
		return nil, err
	}
	if s.places != nil {
		defer s.places.Release(1)
	}
	return s.instance.Serve(ctx, m)
}

// admit checks the limits. With a nil error a place is taken.
func (s *mounted) admit(ctx context.Context, m *bus.Message) error {
	if m.Body.Size() > s.maxBody {
		return &bus.Error{Status: http.StatusRequestEntityTooLarge, Type: bus.TypeBodyTooLarge,
			Detail: fmt.Sprintf("the body has %d bytes, more than the limit of %d here", m.Body.Size(), s.maxBody)}
	}
	if s.rates != nil {
		if wait := s.rates.take(caller(ctx, m)); wait > 0 {
			return &bus.Error{Status: http.StatusTooManyRequests, Type: bus.TypeRate,
				Detail: "too many requests of one caller in a short time",
				Header: bus.Header{{Name: "Retry-After", Value: strconv.Itoa(int(wait.Seconds()) + 1)}}}
		}
	}
	if s.places != nil && !s.places.TryAcquire(1) {
		return &bus.Error{Status: http.StatusServiceUnavailable, Type: bus.TypeBusy,
			Detail: "this service answers as many requests as it may: try again",
			Header: bus.Header{{Name: "Retry-After", Value: "1"}}}
	}
	return nil
}

// caller names who asks, for the rate limit: the user, or else the address.
func caller(ctx context.Context, m *bus.Message) string {
	if m.User != nil {
		return m.User.Email
	}
	if root := bus.RootOf(ctx); root != nil {
		return root.Client
	}
	return ""
}
