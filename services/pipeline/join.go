package pipeline

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"strings"

	"github.com/seed90475182/restspace/bus"
)

// joiner makes one body of several messages.
type joiner interface {
	// join returns the body. It takes the parts as it needs them, none of them
	// has failed, and it closes those that it takes. Their names have been cut
	// to what they are called in the level.
	join(ctx context.Context, r *run, parts iter.Seq2[*message, error]) (*bus.Body, error)
}

func joinerNamed(word string) joiner {
	switch word {
	case "jsonObject":
		return jsonObject{}
	case "jsonArray":
		return jsonArray{}
	case "zip":
		return zipping{}
	case "multipart":
		return multiparts{}
	}
	return nil
}

// join has the joiner of a stage make one message of a flow. A part that failed
// is what it makes.
func (r *run) join(ctx context.Context, s *stage, entry string, f flow) *message {
	joined := &message{name: entry, status: http.StatusOK, vars: f.vars}
	body, err := s.joiner.join(ctx, r, f.parts(entry))
	if failed, ok := errors.AsType[*partError](err); ok {
		joined.fail(failed.named())
	} else if err != nil {
		joined.fail(&failure{err: r.explained(s.at, err)})
	}
	if joined.over == nil {
		joined.body = body
	}
	return joined
}

// parts yields the messages of a flow under the names that a joiner sees, up to
// the first one that failed.
func (f flow) parts(entry string) iter.Seq2[*message, error] {
	return func(yield func(*message, error) bool) {
		i := 0
		for m := range f.all() {
			m.name = partName(m.name, entry, i)
			if m.over != nil {
				if f.one != nil {
					m.name = "" // it was never split
				}
				yield(nil, &partError{m.over, m.name})
				return
			}
			if !yield(m, nil) {
				return
			}
			i++
		}
	}
}

// partName returns what a part is called in a level: without the name of what
// the level began with, and by its number if it has no other name.
func partName(name, entry string, index int) string {
	if entry != "" {
		if name == entry {
			name = ""
		}
		name = strings.TrimPrefix(name, entry+".")
	}
	if name == "" {
		return fmt.Sprint(index)
	}
	return name
}

// partError is the failure of a part, or without a name that of the message
// that there is instead of parts.
type partError struct {
	*failure
	name string
}

// Error names the part.
func (e *partError) Error() string {
	if e.err != nil {
		return fmt.Sprintf("part %s: %v", e.name, e.err)
	}
	return fmt.Sprintf("part %s: status %d", e.name, e.reply.Status)
}

// named returns the failure as what the joined message ends with.
func (e *partError) named() *failure {
	if e.err == nil || e.name == "" {
		return e.failure
	}
	return &failure{err: &located{"part " + e.name, true, e.err}}
}

// Unwrap returns the cause.
func (e *partError) Unwrap() error { return e.err }
