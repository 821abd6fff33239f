package documents

import (
	"errors"
	"net/http"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/services"
	"github.com/seed90475182/restspace/services/documents/schema"
)

// A Schema is a JSON Schema that documents are held to. Make one with
// [ParseSchema].
type Schema struct {
	text  []byte
	known *remembered
}

// ParseSchema reads a JSON Schema, which it keeps. What is wrong with it are
// errors that are joined, each with a Pointer() string: where it is, after at.
func ParseSchema(text []byte, at string) (*Schema, error) {
	compiled, err := schema.Compile(text)
	if err == nil {
		return &Schema{text, &remembered{schema: compiled}}, nil
	}
	all, ok := errors.AsType[schema.Errors](err)
	if !ok {
		return nil, err
	}
	var faults []error
	for _, e := range all {
		faults = append(faults, services.At(at+e.Pointer, errors.New(e.Detail)))
	}
	return nil, errors.Join(faults...)
}

// own answers a GET of the schema of the root where there is none but that of
// the configuration: nil for all else. It has no ETag, since no write replaces it.
func (d *Documents) own(key adaptors.Key) *bus.Message {
	if d.Schema == nil || len(key) != 1 || !d.isSchema(key) {
		return nil
	}
	return bus.Reply(http.StatusOK, bus.NewBody(d.Schema.text, mediaTypeJSON))
}
