package configstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"time"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/bus"
)

// Replace makes next the document if that is old; nil is none. If not, the error
// is adaptors.ErrCondition. The caller has made sure that it can serve next, and
// does so once this returns: it has the turn then for some seconds at least, and
// the next Follow ends it. Where another server has it, the error is of status 503.
func (s *Shared) Replace(ctx context.Context, old, next []byte) error {
	if !s.acting.TryLock() {
		return busy("this server")
	}
	defer s.acting.Unlock()
	begun := time.Now()
	if err := s.takeToReplace(ctx); err != nil {
		return err
	}
	err := s.holding(ctx, begun, func(ctx context.Context) error { return s.put(ctx, old, next) })
	if err != nil {
		s.release(ctx)
		if errors.Is(err, errLost) {
			err = &bus.Error{Status: http.StatusServiceUnavailable, Type: bus.TypeUnavailable, Err: err,
				Detail: "the storage is too slow for this server to keep its turn, and may have stored the change: GET what it has"}
		}
		return fmt.Errorf("replace %s: %w", s.name, err)
	}
	select {
	case s.changed <- struct{}{}:
	default:
	}
	return nil
}

// takeToReplace takes the turn for another version, which has no name yet.
func (s *Shared) takeToReplace(ctx context.Context) error {
	now, err := s.look(ctx)
	if err != nil {
		return err
	}
	if s.held(now) {
		return busy(now.Turn.Server)
	}
	next := now.record
	next.Turn = &turn{Server: s.server}
	switch { // what nobody has noted yet of the version that is there
	case now.Turn != nil && now.Turn.Server != s.server && now.deserted(now.Version):
		next.Failed = now.absence()
	case s.why != nil && s.failed == now.Version && now.Failed == nil:
		next.Failed = failureOf(s.server, s.why)
	}
	err = s.write(ctx, now, next)
	if errors.Is(err, adaptors.ErrCondition) {
		return busy("another server")
	}
	return err
}

// put replaces the document.
func (s *Shared) put(ctx context.Context, old, next []byte) error {
	data, info, err := s.document(ctx)
	condition := adaptors.Condition{Match: []string{info.ETag}}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		data, condition = nil, adaptors.Condition{Absent: true}
	case err != nil:
		return err
	}
	if (data == nil) != (old == nil) || !bytes.Equal(data, old) {
		return adaptors.ErrCondition
	}
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	_, err = s.store.Put(ctx, s.key, bus.NewBody(next, "application/json"), condition)
	return err
}

// busy is the error for a change while a server takes another one over.
func busy(server string) error {
	return &bus.Error{Status: http.StatusServiceUnavailable, Type: bus.TypeUnavailable,
		Detail: server + " is just taking a configuration over: try again in a few seconds",
		Header: bus.Header{{Name: "Retry-After", Value: "5"}}}
}
