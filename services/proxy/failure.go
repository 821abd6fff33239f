package proxy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/seed90475182/restspace/bus"
)

// answered is the failure of an upstream that has answered.
func answered(status int) error { return fmt.Errorf("the answer is a %d", status) }

// failed returns the error of the last try. With several upstreams it tells the
// log what each of them said.
func (c *call) failed(last outcome) error {
	told, ok := last.err.(*bus.Error)
	if ok && last.why != nil && len(c.upstreams) > 1 {
		told.Err = c.wrong
	}
	return last.err
}

// failures is what went wrong at upstreams: for the log.
type failures []error

// add notes why an upstream failed, once if it fails in the same way again.
func (f *failures) add(host string, why error) {
	text := host + ": " + why.Error()
	if !slices.ContainsFunc(*f, func(known error) bool { return known.Error() == text }) {
		*f = append(*f, fmt.Errorf("%s: %w", host, why))
	}
}

// Error returns all of it in one line.
func (f failures) Error() string {
	texts := make([]string, len(f))
	for i, err := range f {
		texts[i] = err.Error()
	}
	return strings.Join(texts, "; ")
}

// Unwrap returns all of it.
func (f failures) Unwrap() []error { return f }
