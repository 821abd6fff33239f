package metrics

import (
	"context"
	"errors"
	"io/fs"
	"time"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/bus"
)

// Adaptor counts the calls of an adaptor.
type Adaptor struct {
	calls [operations][outcomes]durations
}

// Called is part of adaptors.Watcher, of which the rest is others'.
func (a *Adaptor) Called(operation adaptors.Operation, took time.Duration, err error) {
	a.calls[operation][outcomeOf(err)].observe(took)
}

const operations = int(adaptors.Render) + 1

// outcomes is how many there are in outcomeNames.
const outcomes = 6

var outcomeNames = [outcomes]string{"ok", "missing", "conflict", "refused", "canceled", "error"}

// OutcomeOf returns the name of what an error says of a call of an adaptor.
func OutcomeOf(err error) string { return outcomeNames[outcomeOf(err)] }

// outcomeOf returns what an error says of a call: what it asked for may not be
// there, or not be as it must, or be something that can't be had; nobody may
// wait any more. All else is a failure of the adaptor.
func outcomeOf(err error) int {
	switch {
	case err == nil:
		return 0
	case errors.Is(err, fs.ErrNotExist):
		return 1
	case errors.Is(err, adaptors.ErrCondition), errors.Is(err, fs.ErrExist):
		return 2
	case errors.Is(err, adaptors.ErrRange), errors.Is(err, adaptors.ErrKey), errors.Is(err, adaptors.ErrReadOnly), errors.Is(err, adaptors.ErrRecipient):
		return 3
	case errors.Is(err, context.Canceled):
		return 4
	}
	if told, ok := errors.AsType[*bus.Error](err); ok && told.Status < 500 {
		return 3
	}
	return 5
}
