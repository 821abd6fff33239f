package runtime

import (
	"context"
	"fmt"
	"io"
	"net/http"

	"golang.org/x/sync/semaphore"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/runtime/coding"
	"github.com/seed90475182/restspace/runtime/config"
	"github.com/seed90475182/restspace/runtime/metrics"
	"github.com/seed90475182/restspace/services"
)

// mounted is an instance at its mount, with the limits of the mount: what every
// call of it passes, from outside and from inside.
type mounted struct {
	*bus.Mount
	conf     *config.Service
	route    string // its base path
	instance *instance
	maxBody  int64               // of any body; what is held in memory may be less
	places   *semaphore.Weighted // nil: no limit of its own
	rates    *rates              // nil: no limit
	shadows  []shadow            // service paths that deeper mounts answer
	cache    string              // Cache-Control of successful GETs
	cors     cors
	coder    *coding.Coder
	meter    *metrics.Mount
}

// Serve holds m to the limits and passes it on. The place that m takes is free
// again when its reply is written.
func (s *mounted) Serve(ctx context.Context, m *bus.Message) (*bus.Message, error) {
	if err := s.admit(ctx, m); err != nil {
		_ = m.Close()
		return nil, err
	}
	if s.places == nil {
		return s.instance.Serve(ctx, m)
	}
	leave := func() { s.places.Release(1) }
	handed := false
	defer func() {
		if !handed {
			leave()
		}
	}()
	reply, err := s.instance.Serve(ctx, m)
	if err == nil && reply != nil && reply.Body != nil && reply.Status != http.StatusSwitchingProtocols {
		handed = true
		reply.Body.OnClose(leave)
	}
	return reply, err
}

// Accepts is part of services.Accepting.
func (s *mounted) Accepts(call services.Call) error { return s.conf.Accepts(call) }

// admit checks the limits. With a nil error a place is taken.
func (s *mounted) admit(ctx context.Context, m *bus.Message) error {
	switch size := m.Body.Size(); {
	case size > s.maxBody:
		return tooLarge(s.maxBody)
	case size < 0:
		m.Body = limit(m.Body, s.maxBody)
	}
	if err := s.rates.admit(ctx, m); err != nil {
		return err
	}
	if s.places != nil && !s.places.TryAcquire(1) {
		return &bus.Error{Status: http.StatusServiceUnavailable, Type: bus.TypeBusy,
			Detail: "this service answers as many requests as it may: try again",
			Header: bus.Header{{Name: "Retry-After", Value: "1"}}}
	}
	return nil
}

func tooLarge(limit int64) error {
	return &bus.Error{Status: http.StatusRequestEntityTooLarge, Type: bus.TypeBodyTooLarge,
		Detail: fmt.Sprintf("the body is larger than the limit of %d bytes here", limit)}
}

// limit returns a body of unknown size that fails when it is larger than most.
func limit(b *bus.Body, most int64) *bus.Body {
	limited := bus.NewStream(&limitedStream{Reader: b.Reader(), left: most, most: most}, -1, b.MediaType())
	limited.SetTrailer(b.Trailer)
	limited.OnClose(func() { _ = b.Close() })
	return limited
}

type limitedStream struct {
	io.Reader
	left, most int64
}

// Read is part of io.Reader.
func (l *limitedStream) Read(p []byte) (int, error) {
	n, err := l.Reader.Read(p)
	if l.left -= int64(n); l.left < 0 {
		return 0, tooLarge(l.most)
	}
	return n, err
}

// Close is part of io.Closer: the body closes what it was made of.
func (l *limitedStream) Close() error { return nil }
