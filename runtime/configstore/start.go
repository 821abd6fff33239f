package configstore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"time"

	"github.com/seed90475182/restspace/bus"
)

// startTime is how long a server that starts waits for a store that does not
// answer.
const startTime = 30 * time.Second

// Start gives apply what a server starts with: the last good content. Where none
// is known, or this server can't start with it, that is the document, if it has
// not failed elsewhere, once it is this server's turn. An error of apply is
// Start's.
func (s *Shared) Start(ctx context.Context, apply Apply) error {
	s.acting.Lock()
	defer s.acting.Unlock()
	b := &beginning{Shared: s, apply: apply}
	for {
		if done, err := b.try(ctx); done || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(s.Due()):
		}
	}
}

// beginning is a server that starts.
type beginning struct {
	*Shared
	apply  Apply
	waits  string // for what other server
	tried  string // the good version that this server can't start with,
	refuse error  // and why
}

// try starts the server if that is possible now. The error is why it never will
// be.
func (b *beginning) try(ctx context.Context) (done bool, err error) {
	now, version, err := b.read(ctx)
	if err != nil {
		return false, err
	}
	if good := now.Good; good != nil {
		if b.serves(ctx, good) {
			return true, nil
		}
		if version == "" || version == good.Version || version == now.Version && now.Failed != nil || ctx.Err() != nil {
			return false, b.stuck(nil)
		}
	}
	if b.held(now) {
		b.wait(now.Turn.Server)
		return false, nil
	}
	if b.refuse != nil && now.deserted(version) {
		return false, b.blame(ctx, now)
	}
	done, err = b.take(ctx, now, version, b.apply, b.leave)
	if done {
		return true, nil // what could not be noted, the first Follow notes
	}
	if err != nil && b.refuse != nil {
		err = b.stuck(err)
	}
	return false, err
}

// serves reports whether the server starts with the last good content, which it
// tries once.
func (b *beginning) serves(ctx context.Context, good *content) bool {
	if good.Version == b.tried {
		return false
	}
	if b.refuse = b.apply(ctx, good.Content); b.refuse != nil {
		b.tried = good.Version
		return false
	}
	b.served, b.has = *good, good.Version
	return true
}

// read returns the record, and the version of the document: "" is none.
func (b *beginning) read(ctx context.Context) (now *seen, version string, err error) {
	err = Patiently(ctx, b.note, func(ctx context.Context) error {
		if now, err = b.look(ctx); err == nil {
			version, err = b.offered(ctx)
		}
		if errors.Is(err, fs.ErrNotExist) && now.Good != nil {
			version, err = "", nil
		}
		return b.unread(err)
	})
	return now, version, err
}

// wait says once that another server has the turn.
func (b *beginning) wait(server string) {
	if b.waits != server {
		b.waits = server
		b.note("waiting for the server " + server + ", which takes " + b.name + " over")
	}
}

// leave gives the turn back: that a server can't start says little about a
// configuration that others may serve.
func (b *beginning) leave(ctx context.Context, _ string, why error) error {
	b.release(ctx)
	return why
}

// stuck says why the server can't start with the last good content, nor, for
// the reason now, with what the document has.
func (b *beginning) stuck(now error) error {
	return errors.Join(now, fmt.Errorf("%w\nThis is the last good content of %s. Mend what keeps it from being served here, or put another one there", b.refuse, b.name))
}

// Patiently calls try until it succeeds, fails for another reason than a store
// that does not answer, or half a minute is over, with which the context of try
// ends. note is told once what it waits for.
func Patiently(ctx context.Context, note func(string), try func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	told, pause := false, 250*time.Millisecond
	for {
		err := try(ctx)
		if err == nil || !passes(err) || ctx.Err() != nil {
			return err
		}
		if !told {
			told = true
			note(err.Error() + ": trying for " + startTime.String())
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(pause):
			pause = min(2*pause, lookTime)
		}
	}
}

// passes reports whether an error of a store may pass.
func passes(err error) bool {
	status := bus.Classify(err).Status
	return status == http.StatusServiceUnavailable || errors.Is(err, context.DeadlineExceeded)
}
