package configstore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/bus"
)

// Apply takes a configuration over, or returns why it can't be and changes
// nothing. When ctx has ended it takes nothing over.
type Apply func(ctx context.Context, data []byte) error

// step is what a server does next.
type step int

const (
	rest   step = iota // nothing: it has what it should have
	wait               // another server has the turn
	refuse             // the version failed
	warn               // it failed, and this server has it
	tell               // this server could not take the version over: say so
	blame              // the server that had the turn is gone: the version failed
	take               // take the turn
	settle             // call the version good
	free               // give back a turn that came to nothing
)

// next returns what this server does about the version that the document has.
func (s *Shared) next(now *seen, version string) step {
	switch {
	case s.held(now):
		return wait
	case now.Version != version:
		return take
	case now.deserted(version) && now.Turn.Server != s.server:
		return blame
	}
	return s.own(now, version)
}

// own is next where no other server has a turn that counts, and the record is about
// the version.
func (s *Shared) own(now *seen, version string) step {
	f := now.Failed
	switch {
	case s.failed == version && (f == nil || f.Absent):
		return tell
	case f != nil && f.Absent && f.Server == s.server:
		return take
	case s.served.Version != version && f != nil:
		return refuse
	case s.served.Version != version:
		return take
	}
	return s.having(now, version)
}

// having is own for a server that has the version.
func (s *Shared) having(now *seen, version string) step {
	switch {
	case now.Turn != nil && now.Turn.Server == s.server:
		return free
	case now.Good != nil && now.Good.Version == version:
		return rest
	case now.Failed != nil:
		return warn
	case now.quiet() < goodTime:
		return rest
	}
	return settle
}

// Follow looks whether there is another version, and takes it over if it is this
// server's turn. changed says whether it did; with an error the others do not know of
// it yet, and the next call does it once more. The error is why this server, or
// another one, has not got what the document says, or why that can't be known.
func (s *Shared) Follow(ctx context.Context, apply Apply) (changed bool, err error) {
	s.acting.Lock()
	defer s.acting.Unlock()
	changed, err = s.follow(ctx, apply)
	if err == nil {
		s.trouble.Store(nil)
	} else {
		s.trouble.Store(&err)
	}
	return changed, err
}

func (s *Shared) follow(ctx context.Context, apply Apply) (changed bool, err error) {
	version, err := s.offered(ctx)
	if err != nil {
		return false, s.unread(err)
	}
	if s.settled(version) {
		return false, nil // nobody writes to the record before there is another version
	}
	now, err := s.look(ctx)
	if err == nil {
		version, err = s.offered(ctx) // after the record, which may be about a newer one than was seen before
	}
	if err != nil {
		return false, s.unread(err)
	}
	do := s.next(now, version)
	if do != wait {
		s.waits = ""
	}
	switch do {
	case wait:
		return false, s.waited(now.Turn.Server)
	case take:
		return s.take(ctx, now, version, apply, s.fail)
	case refuse:
		return false, s.refusal(now)
	case warn:
		return false, s.split(now)
	case tell:
		next := now.record
		next.Turn, next.Failed = nil, failureOf(s.server, s.why)
		return false, errors.Join(s.why, s.tried(s.write(ctx, now, next)))
	case blame:
		return false, s.blame(ctx, now)
	case free:
		s.release(ctx)
	case settle:
		next := now.record
		next.Good = &s.served
		next.Turn = nil
		return false, s.tried(s.write(ctx, now, next))
	}
	return false, nil
}

// waited says so where one server has had the turn for longer than it takes: it
// lives, but goes no further.
func (s *Shared) waited(server string) error {
	if s.waits != server {
		s.waits, s.since = server, time.Now()
	}
	if time.Since(s.since) < longTurn {
		return nil
	}
	return fmt.Errorf("%s is not taken over yet, since the server %s has been at it for more than %s: look there, or end it", s.name, server, longTurn)
}

// deserted reports whether who has the turn, which is stale, is the first to try
// a version.
func (s *seen) deserted(version string) bool {
	return s.Turn != nil && s.Turn.Version == version && s.Version == version && len(s.Servers) == 0
}

// blame notes that a version failed, since who has the turn is gone.
func (s *Shared) blame(ctx context.Context, now *seen) error {
	next := now.record
	next.Turn, next.Failed = nil, now.absence()
	return s.tried(s.write(ctx, now, next))
}

// absence is the failure of who has the turn and is gone.
func (s *seen) absence() *failure {
	return &failure{s.Turn.Server, "it was not heard of any more while it was the first to take that over", true}
}

// settled reports whether nothing is left to do about a version.
func (s *Shared) settled(version string) bool {
	r := s.seen
	return r != nil && r.Turn == nil && r.Version == version && r.Good != nil && r.Good.Version == version && s.served.Version == version
}

// tried returns the error of a write that another server may be before.
func (s *Shared) tried(err error) error {
	if err == nil || errors.Is(err, adaptors.ErrCondition) {
		return nil
	}
	return s.unread(err)
}

// take takes the turn, if no other server is before, and then the version. fail
// ends a turn in which that could not be done.
func (s *Shared) take(ctx context.Context, now *seen, version string, apply Apply, fail func(context.Context, string, error) error) (changed bool, err error) {
	next := now.record
	if next.Version != version {
		next.Servers = nil
	}
	next.Version, next.Failed, next.Turn = version, nil, &turn{Server: s.server, Version: version}
	begun := time.Now()
	if err := s.write(ctx, now, next); err != nil {
		return false, s.tried(err)
	}
	var c content
	err = s.holding(ctx, begun, func(ctx context.Context) error {
		data, info, err := s.document(ctx)
		if err != nil || versionOf(info) != version {
			return err
		}
		c = content{version, data}
		return apply(ctx, data)
	})
	switch {
	case errors.Is(err, errLost): // whether it could be taken over is not known: that is for the next turn
		return false, err
	case c.Version == "": // it can't be read, or there is another one by now
		s.release(ctx)
		return false, s.unread(err)
	case err != nil && ctx.Err() != nil && errors.Is(err, ctx.Err()):
		s.release(ctx)
		return false, err
	case err != nil:
		return false, fail(ctx, version, err)
	}
	s.has = version
	return true, s.done(ctx, c)
}

// maxServers is how many servers a record names: the last ones.
const maxServers = 100

// done notes that this server has a version.
func (s *Shared) done(ctx context.Context, c content) error {
	err := s.mine(ctx, func(r *record) {
		r.Turn = nil
		r.Servers = append(slices.Clone(r.Servers[max(0, len(r.Servers)-maxServers+1):]), s.server)
		if r.Good == nil {
			r.Good = &c
		}
	})
	if noted := s.seen.Version == c.Version && slices.Contains(s.seen.Servers, s.server); errors.Is(err, errLost) && noted {
		err = nil // only the answer was lost
	}
	if err == nil {
		s.served = c
	}
	return s.unread(err) // where it is not noted, the next Follow does so
}

// fail notes why a version can't be taken over. This server does not try it
// again: where that can't be noted now, the next Follow does so.
func (s *Shared) fail(ctx context.Context, version string, why error) error {
	s.failed, s.why = version, why
	err := s.mine(ctx, func(r *record) { r.Turn, r.Failed = nil, failureOf(s.server, why) })
	if err != nil {
		return errors.Join(why, s.unread(err))
	}
	return why
}

// refusal says why no more servers take the version.
func (s *Shared) refusal(now *seen) error {
	if now.Failed.Server == s.server && s.failed == now.Version {
		return s.why
	}
	return fmt.Errorf("%s is not taken over, since the server %s could not: %s\nMend that and put it there again, the same content too",
		s.name, now.Failed.Server, now.Failed.Error)
}

// split says that this server has a version that no more servers take.
func (s *Shared) split(now *seen) error {
	return fmt.Errorf("%s is served here, but not by all, since the server %s could not take it over: %s\nPut there what all can serve, such as the last good content, with which servers start",
		s.name, now.Failed.Server, now.Failed.Error)
}

// unread says of what an error of the store is; nil stays nil.
func (s *Shared) unread(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("there is no %s: put it there", s.name)
	}
	return &StoreError{s.name, err}
}

// A StoreError is why a configuration can't be read or written for now.
type StoreError struct {
	name  string
	cause error
}

// Error is part of error. What a store says to clients is left out.
func (e *StoreError) Error() string {
	var known *bus.Error
	switch {
	case errors.As(e.cause, &known) && known.Err != nil:
		return e.name + ": " + known.Err.Error()
	case errors.Is(e.cause, context.DeadlineExceeded):
		return e.name + ": the server of the store does not answer: check that it runs, and what is between"
	}
	return e.name + ": " + e.cause.Error()
}

// Unwrap returns the cause.
func (e *StoreError) Unwrap() error { return e.cause }
