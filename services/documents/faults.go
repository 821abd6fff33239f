package documents

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/seed90475182/restspace/bus"
)

// maxFaults is how many entries an answer names.
const maxFaults = 100

// faults are the entries of a zip that can't be stored.
type faults struct {
	told   []badEntry
	count  int
	status int
}

// A badEntry is what is wrong with one entry of a zip.
type badEntry struct {
	Name   string `json:"name"`
	Detail string `json:"detail"`
}

// add notes what is wrong with the entry of a name. An error that is not the
// entry's, such as a disk that can't be read, it returns.
func (f *faults) add(name string, err error) error {
	if err == nil {
		return nil
	}
	known := bus.Classify(explain(err))
	if known.Status >= bus.StatusClientClosed {
		return err
	}
	switch f.count++; {
	case f.count == 1:
		f.status = known.Status
	case f.status != known.Status:
		f.status = http.StatusBadRequest
	}
	if f.count <= maxFaults {
		f.told = append(f.told, badEntry{shorten(strings.ToValidUTF8(name, "\uFFFD")), known.Detail})
	}
	return nil
}

// err returns the error for all that is wrong, and nil where nothing is.
func (f *faults) err() error {
	if f.count == 0 {
		return nil
	}
	more := ""
	if f.count > 1 {
		more = fmt.Sprintf("; there are %d bad entries", f.count)
	}
	return &bus.Error{
		Status:  f.status,
		Detail:  fmt.Sprintf("nothing was stored, since the entry %q can't be: %s%s", f.told[0].Name, f.told[0].Detail, more),
		Members: map[string]any{"entries": f.told, "bad": f.count},
	}
}
