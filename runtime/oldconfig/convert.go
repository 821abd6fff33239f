package oldconfig

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/tailscale/hujson"
)

// A Result is what an old configuration becomes.
type Result struct {
	Text  []byte   // of the new services.json
	Notes []string // what was not carried over, a line each: FILE:LINE:COLUMN: what, and what to do
}

// Convert reads an old configuration. name is its file, for messages. An error
// says that it is neither of the older forms at all, or too large.
func Convert(name string, data []byte) (*Result, error) {
	c := newConverter(name, data)
	if err := c.read(); err != nil {
		return nil, err
	}
	text, err := c.text()
	if err != nil {
		return nil, err
	}
	result := &Result{Text: text}
	slices.SortStableFunc(c.notes, func(a, b note) int { return a.offset - b.offset })
	for _, n := range c.notes {
		result.Notes = append(result.Notes, c.place(n.offset)+": "+oneLine(n.text))
	}
	return result, nil
}

// Is reports whether data is a configuration in one of the older forms, with a
// service at least.
func Is(data []byte) bool {
	c := newConverter("", data)
	return c.read() == nil && len(c.blocks) > 0
}

// A note is what is told of something in the file.
type note struct {
	offset int
	text   string
}

// converter is a configuration on its way.
type converter struct {
	file   string
	data   []byte
	hosts  *hujson.Value // that the server answers; nil if the file does not say
	blocks []block
	notes  []note
	names  map[string]bool   // of services, as they are written
	roots  map[string]string // titles of services by the directories that they keep
}

func newConverter(name string, data []byte) *converter {
	return &converter{file: name, data: bytes.TrimPrefix(data, []byte("\ufeff")), names: make(map[string]bool), roots: make(map[string]string)}
}

// read reads the whole file.
func (c *converter) read() error {
	if c.isPresent() {
		return fmt.Errorf("%s is of this version already: there is nothing to import", c.file)
	}
	root, err := c.parse()
	if err != nil {
		return err
	}
	return c.form(root)
}

// isPresent reports whether the file is of the present form, which may have
// comments.
func (c *converter) isPresent() bool {
	root, err := hujson.Parse(c.data)
	if err != nil {
		return false
	}
	return root.Find("/services/0/service") != nil && root.Find("/services/0/serviceName") == nil
}

// parse reads the text, which is strict JSON in the older forms.
func (c *converter) parse() (*hujson.Value, error) {
	if at, err := fault(c.data); err != nil {
		return nil, fmt.Errorf("%s: %s", c.place(at), strings.TrimPrefix(err.Error(), "jsontext: "))
	}
	root, err := hujson.Parse(c.data)
	return &root, err
}

// fault returns what is wrong with JSON, and where.
func fault(data []byte) (offset int, err error) {
	decoder := jsontext.NewDecoder(bytes.NewBuffer(data))
	if err := decoder.SkipValue(); err != nil {
		if syntax, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
			return int(syntax.ByteOffset), syntax.Err
		}
		return len(data), errors.New("there is no JSON value")
	}
	if _, err := decoder.ReadToken(); !errors.Is(err, io.EOF) {
		return int(decoder.InputOffset()), errors.New("something follows the end of the JSON value")
	}
	return 0, nil
}

// place says where an offset is.
func (c *converter) place(offset int) string {
	before := c.data[:min(offset, len(c.data))]
	line := 1 + bytes.Count(before, []byte{'\n'})
	column := 1 + utf8.RuneCount(before[1+bytes.LastIndexByte(before, '\n'):])
	return fmt.Sprintf("%s:%d:%d", c.file, line, column)
}

// note tells of something at v.
func (c *converter) note(v *hujson.Value, format string, args ...any) {
	c.notes = append(c.notes, note{v.StartOffset, fmt.Sprintf(format, args...)})
}

// oneLine returns s with spaces for control characters, and for those that end
// a line elsewhere, which no comment may have.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.In(r, unicode.Zl, unicode.Zp) {
			return ' '
		}
		return r
	}, s)
}

var errForm = errors.New("this is neither of the older forms: they have a list or a map of services, each with a serviceName or a source")

// form finds the services, and the rest.
func (c *converter) form(root *hujson.Value) error {
	object, ok := root.Value.(*hujson.Object)
	if !ok || isMounts(object) {
		return c.services(root)
	}
	top := newKeys(object)
	services := top.take("services")
	if services == nil {
		return fmt.Errorf("%s: %w", c.file, errForm)
	}
	c.hosts = top.take("domainsServing")
	if err := c.services(services); err != nil {
		return err
	}
	for _, m := range top.rest {
		c.note(&m.Name, "%q is left out: nothing here corresponds to it", textOf(&m.Name))
	}
	return nil
}

// isMounts reports whether an object is the map of services itself.
func isMounts(object *hujson.Object) bool {
	for i := range object.Members {
		if !strings.HasPrefix(textOf(&object.Members[i].Name), "/") {
			return false
		}
	}
	return len(object.Members) > 0
}

// services reads the list or the map of the services.
func (c *converter) services(v *hujson.Value) error {
	switch all := v.Value.(type) {
	case *hujson.Array:
		for i := range all.Elements {
			if err := c.service("", &all.Elements[i]); err != nil {
				return err
			}
		}
	case *hujson.Object:
		for i := range all.Members {
			if err := c.service(textOf(&all.Members[i].Name), &all.Members[i].Value); err != nil {
				return err
			}
		}
	default:
		return fmt.Errorf("%s: %w", c.file, errForm)
	}
	return nil
}

// keys are the members of an object that nobody has read yet.
type keys struct{ rest []*hujson.ObjectMember }

func newKeys(object *hujson.Object) *keys {
	var k keys
	for i := range object.Members {
		k.rest = append(k.rest, &object.Members[i])
	}
	return &k
}

// take reads the first member that has one of the names, nil if none does.
func (k *keys) take(names ...string) *hujson.Value {
	for _, name := range names {
		for i, m := range k.rest {
			if textOf(&m.Name) == name {
				k.rest = append(k.rest[:i], k.rest[i+1:]...)
				return &m.Value
			}
		}
	}
	return nil
}

// textOf returns a string, "" if v is nil or none.
func textOf(v *hujson.Value) string {
	if v == nil {
		return ""
	}
	if literal, ok := v.Value.(hujson.Literal); ok && literal.Kind() == '"' {
		return literal.String()
	}
	return ""
}
