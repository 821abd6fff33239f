// Package schema holds JSON documents to a JSON Schema (2020-12, or an earlier
// draft that $schema names): what github.com/santhosh-tekuri/jsonschema/v6
// decides, said in words and with a JSON Pointer (RFC 6901) for each error.
//
// A schema stands alone: a reference that leads out of it is an error, and
// nothing is read from a file or another server. The formats of strings, such as
// email, are checked.
package schema

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/seed90475182/restspace/urlpattern"
)

// MaxSize is the most bytes of the text of a schema: the time that it takes to
// read one grows with the square of how many schemas are in it.
const MaxSize = 128 << 10

// A Schema is what documents are held to. It does not change, keeps nothing of
// the text that it was made of, and is safe for concurrent use.
type Schema struct {
	compiled *jsonschema.Schema
	opposite *jsonschema.Schema  // what does not satisfy compiled satisfies it
	plain    bool                // it does not take long to check a document
	name     *urlpattern.Pattern // nil: it says nothing of names
}

// base is the URL of each schema to the compiler. No reference leads to it by
// chance.
const base = "schema:///"

// opposite is the URL of what is wrapped around a schema: in a not, the library
// only looks whether a value satisfies it, and keeps no error for each value.
const opposite = "opposite:///"

// maxExplained bounds the work of a document of which is said what is wrong:
// each of its values may have an error, which holds a copy of where it is.
const maxExplained = 2 << 20

// Compile reads a schema. text is JSON without two members of one name. The
// error is [Errors].
func Compile(text []byte) (*Schema, error) {
	if len(text) > MaxSize {
		return nil, Errors{{Detail: fmt.Sprintf("the schema has %d bytes: write one of at most %d", len(text), MaxSize)}}
	}
	value, _, err := decode(text)
	if err != nil {
		return nil, err
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	c.AssertFormat()
	c.UseLoader(nowhere{})
	if err := c.AddResource(base, value); err != nil {
		return nil, Errors{{Detail: err.Error()}}
	}
	compiled, err := c.Compile(base)
	if err != nil {
		return nil, explain(err, value)
	}
	if err := c.AddResource(opposite, map[string]any{"not": map[string]any{"$ref": base}}); err != nil {
		return nil, Errors{{Detail: err.Error()}}
	}
	unmet, err := c.Compile(opposite)
	if err != nil {
		return nil, explain(err, value)
	}
	name, err := pathPattern(value)
	if err != nil {
		return nil, err
	}
	return &Schema{compiled, unmet, isPlain(compiled), name}, nil
}

// nowhere loads nothing.
type nowhere struct{}

func (nowhere) Load(string) (any, error) {
	return nil, errors.New("it leads out of this schema")
}

// Check returns nil if a document satisfies s, else [Errors]. document is valid
// JSON without two members of one name. It may take 200 times the size of that
// in memory.
func (s *Schema) Check(document []byte) error {
	value, work, err := decode(document)
	if err != nil {
		return err
	}
	load, most := s.load(value, document)
	switch {
	case load > most:
		return Errors{{Detail: "it takes too long to check, since it goes through alternatives of the schema over and over: nest it less deeply"}}
	case s.admits(value):
		return nil
	case work > maxExplained, load > most/explainedPart:
		return Errors{{Detail: "it has too many values, or nested too deeply, to say where it does not fit: make several documents of it"}}
	}
	err = s.compiled.Validate(value)
	invalid, ok := errors.AsType[*jsonschema.ValidationError](err)
	if !ok {
		return err
	}
	return errorsOf(invalid)
}

// Admits reports whether Check returns nil for a document. It
// takes less memory than to say why not.
func (s *Schema) Admits(document []byte) bool {
	value, _, err := decode(document)
	if err != nil {
		return false
	}
	load, most := s.load(value, document)
	return load <= most && s.admits(value)
}

// load returns how often the values of a document are looked at, 0 where that
// can't be much, and how often they may be.
func (s *Schema) load(value any, document []byte) (count, most int) {
	l := load{most: baseLoad + loadOfByte*len(document)}
	if !s.plain {
		l.value(value, ways{s.compiled: 1})
	}
	return l.count, l.most
}

func (s *Schema) admits(value any) bool { return s.opposite.Validate(value) != nil }

// Errors are what is wrong with a document, in the order of their pointers: of
// more than 10,000, some.
type Errors []Error

// An Error is what is wrong with one value.
type Error struct {
	Pointer string `json:"pointer"` // JSON Pointer of the value
	Detail  string `json:"detail"`
}

// Error returns the first error, and how many more there are.
func (e Errors) Error() string {
	if len(e) == 0 {
		return "no error"
	}
	text := e[0].Error()
	switch {
	case len(e) >= maxErrors:
		text += " (and many more)"
	case len(e) > 1:
		text += fmt.Sprintf(" (and %d more)", len(e)-1)
	}
	return text
}

// Error returns where and what.
func (e Error) Error() string {
	if e.Pointer == "" {
		return e.Detail
	}
	return e.Pointer + ": " + e.Detail
}

func (e Errors) sorted() Errors {
	slices.SortFunc(e, func(a, b Error) int {
		return cmp.Or(strings.Compare(a.Pointer, b.Pointer), strings.Compare(a.Detail, b.Detail))
	})
	return slices.Compact(e)
}
