package documents

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/seed90475182/restspace/bus"
)

// The limits of a JSON patch. A value that is taken apart costs many times its
// text.
const (
	maxOperations = 1_000
	maxValues     = 100_000 // in the lists and objects that the operations lead through, or compare
)

// A jsonPatch is a list of changes to a document (RFC 6902).
//
// It is applied here and not by a library, since those at hand write the names
// of members anew, do not find members with an empty name, take "01" for an
// index and do not say which operation failed.
type jsonPatch []operation

// An operation is one change of a jsonPatch. It is complete: what its op needs
// is there.
type operation struct {
	op         string
	path, from pointer
	value      string // JSON text
}

// operationText is an operation as it is written.
type operationText struct {
	Op    *string        `json:"op"`
	Path  *string        `json:"path"`
	From  *string        `json:"from"`
	Value jsontext.Value `json:"value"`
}

// parseJSONPatch reads a patch that CheckJSON takes.
func parseJSONPatch(data []byte) (jsonPatch, error) {
	decoder := jsontext.NewDecoder(bytes.NewBuffer(data))
	if decoder.PeekKind() != '[' {
		return nil, bus.Errorf(http.StatusBadRequest, `a JSON patch is a list: write [{"op": "replace", "path": "/name", "value": "Ann"}]`)
	}
	if _, err := decoder.ReadToken(); err != nil {
		return nil, err
	}
	var p jsonPatch
	for decoder.PeekKind() != ']' {
		if len(p) == maxOperations {
			return nil, bus.Errorf(http.StatusRequestEntityTooLarge, "the patch has more than %d operations: send several", maxOperations)
		}
		o, err := readOperation(decoder)
		if err != nil {
			return nil, &bus.Error{Status: http.StatusBadRequest,
				Detail:  fmt.Sprintf("operation %d, counted from 0: %v", len(p), err),
				Members: map[string]any{"operation": len(p)}}
		}
		p = append(p, o)
	}
	return p, nil
}

func readOperation(decoder *jsontext.Decoder) (operation, error) {
	var text operationText
	if decoder.PeekKind() != '{' {
		return operation{}, errors.New(`it is no object: write {"op": ..., "path": ...}`)
	}
	if err := json.UnmarshalDecode(decoder, &text); err != nil {
		return operation{}, errors.New(`"op", "path" and "from" are strings`)
	}
	return text.operation()
}

// operation returns what the text means. What its op does not need is ignored.
func (t *operationText) operation() (o operation, err error) {
	if t.Op == nil {
		return o, errors.New(`it has no "op": write add, remove, replace, move, copy or test`)
	}
	if o.path, err = readPointer("path", t.Path); err != nil {
		return o, err
	}
	o.op = *t.Op
	switch o.op {
	case "remove":
	case "add", "replace", "test":
		if t.Value == nil {
			return o, fmt.Errorf(`%s has no "value"`, o.op)
		}
		o.value = string(t.Value)
	case "move", "copy":
		if o.from, err = readPointer("from", t.From); err != nil {
			return o, err
		}
		if o.op == "move" && o.from.above(o.path) {
			return o, fmt.Errorf("a value can't be moved into itself, from %s to %s", o.from, o.path)
		}
	default:
		return o, fmt.Errorf(`%q is no "op": write add, remove, replace, move, copy or test`, shorten(o.op))
	}
	return o, nil
}

func readPointer(name string, text *string) (pointer, error) {
	if text == nil {
		return nil, fmt.Errorf(`it has no %q: write a JSON Pointer such as "/name"`, name)
	}
	p, err := parsePointer(*text)
	if err != nil {
		return nil, fmt.Errorf("%q: %w", name, err)
	}
	return p, nil
}

// apply returns a document with all changes made, or the error of the first
// one that can't be. The document must be one that CheckJSON takes. What
// operations copy is at most most bytes in all.
func (p jsonPatch) apply(document []byte, most int64) ([]byte, error) {
	patching := patching{document: node{raw: string(document)}, copies: most, values: maxValues}
	for i := range p {
		if err := patching.apply(&p[i]); err != nil {
			return nil, p.failed(i, err)
		}
	}
	result := patching.document.appendTo(nil)
	if _, reason := findExcess(result); reason != "" {
		return nil, bus.Errorf(http.StatusConflict, "the patch does not apply: of the document after it, %s", reason)
	}
	return result, nil
}

// failed returns the error for an operation that can't be done.
func (p jsonPatch) failed(i int, err error) error {
	status, kind := http.StatusConflict, ""
	if errors.Is(err, errCopies) || errors.Is(err, errValues) {
		status, kind = http.StatusRequestEntityTooLarge, bus.TypeBodyTooLarge
	}
	return &bus.Error{Status: status, Type: kind,
		Detail:  fmt.Sprintf("the patch does not apply: operation %d, counted from 0 (%s %s): %v", i, p[i].op, p[i].path, err),
		Members: map[string]any{"operation": i}}
}

var (
	errCopies = errors.New("the operations copy more than a document may hold")
	errValues = fmt.Errorf("the operations lead through lists and objects of more than %d values: send a merge patch, or PUT the document", maxValues)
)
