package runtime

import (
	"errors"
	"sync/atomic"

	"github.com/seed90475182/restspace/runtime/metrics"
)

// lastCall is how the last call of an adaptor went.
type lastCall struct {
	failure atomic.Pointer[error] // nil: it did not fail
}

// note notes what came of a call. One that was refused or canceled may not have got
// to what is behind the adaptor: it says nothing.
func (l *lastCall) note(err error) {
	switch metrics.OutcomeOf(err) {
	case "error":
		failure := errors.New(err.Error()) // what err holds is not to stay
		l.failure.Store(&failure)
	case "ok", "missing", "conflict":
		if l.failure.Load() != nil {
			l.failure.Store(nil)
		}
	}
}

// err returns why the last call failed.
func (l *lastCall) err() error {
	if failure := l.failure.Load(); failure != nil {
		return *failure
	}
	return nil
}
