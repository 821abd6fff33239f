package pipeline

import (
	"cmp"
	"errors"
	"net/http"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/urlpattern"
)

// located is an error with its place: a step of a pipeline, or a part of a
// split. The log has the places of all pipelines on the way. A client is told
// those of what a pipeline itself can't do; what a service says stands alone.
type located struct {
	place string
	told  bool // to clients, too
	err   error
}

// Error is part of error.
func (e *located) Error() string { return e.place + ": " + e.err.Error() }

// Unwrap returns the error without its place.
func (e *located) Unwrap() error { return e.err }

// As is what errors.As asks: what a client is told begins with the place.
func (e *located) As(target any) bool {
	to, ok := target.(**bus.Error)
	if !ok || !e.told {
		return false
	}
	known := *bus.Classify(e.err)
	switch {
	case known.Detail != "":
		known.Detail = e.place + ": " + known.Detail
	case known.Status < http.StatusInternalServerError || known.Type != "":
		known.Detail = e.place + ": " + strings.ToLower(cmp.Or(known.Title, http.StatusText(known.Status)))
	}
	*to = &known
	return true
}

// explained says in which step of which pipeline an error came up.
func (r *run) explained(at jsontext.Pointer, err error) error {
	return &located{r.place(at), true, err}
}

// relayed is explained for an error that a call of the step was answered with.
func (r *run) relayed(at jsontext.Pointer, err error) error {
	inside, ok := errors.AsType[*located](err)
	return &located{r.place(at), ok && inside.told, err}
}

func (r *run) place(at jsontext.Pointer) string {
	url := &r.request.URL
	mount := urlpattern.Path{Segments: url.Path[:len(url.Path)-url.Sub]}
	return mount.String() + " step " + string(at)
}
