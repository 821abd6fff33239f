package documents

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/tidwall/gjson"
)

// A container is an object or a list. Its errors are said of it: "has no ...".
type container interface {
	get(name string) (*node, error)
	add(name string, value *node) error
	remove(name string) (*node, error)
	appendTo(to []byte) []byte
}

// An object is a container of members, in their order.
type object struct {
	fields []field
	index  map[string]int // of fields, by name
}

// A field is a member of an object.
type field struct {
	name  string // as it is written, with quotes
	value *node  // nil once it was removed
}

// openObject takes an object apart. values counts down how many more members
// may be: below zero there are too many, and some are missing.
func openObject(v gjson.Result, values *int) *object {
	o := &object{index: make(map[string]int)}
	v.ForEach(func(name, value gjson.Result) bool {
		o.append(name.Str, name.Raw, &node{raw: value.Raw})
		*values--
		return *values >= 0
	})
	return o
}

func (o *object) append(name, written string, value *node) {
	o.index[name] = len(o.fields)
	o.fields = append(o.fields, field{written, value})
}

func (o *object) get(name string) (*node, error) {
	i, ok := o.index[name]
	if !ok {
		return nil, fmt.Errorf("has no member %q", shorten(name))
	}
	return o.fields[i].value, nil
}

func (o *object) add(name string, value *node) error {
	if i, ok := o.index[name]; ok {
		o.fields[i].value = value
		return nil
	}
	written, err := jsontext.AppendQuote(nil, name)
	if err != nil {
		return err
	}
	o.append(name, string(written), value)
	return nil
}

func (o *object) remove(name string) (*node, error) {
	old, err := o.get(name)
	if err != nil {
		return nil, err
	}
	o.fields[o.index[name]].value = nil
	delete(o.index, name)
	return old, nil
}

func (o *object) appendTo(to []byte) []byte {
	to = append(to, '{')
	first := len(to)
	for _, f := range o.fields {
		if f.value == nil {
			continue
		}
		if len(to) > first {
			to = append(to, ',')
		}
		to = append(append(to, f.name...), ':')
		to = f.value.appendTo(to)
	}
	return append(to, '}')
}

// An array is a container of elements.
type array struct{ elements []*node }

// openArray takes a list apart, as openObject does an object.
func openArray(v gjson.Result, values *int) *array {
	var a array
	v.ForEach(func(_, value gjson.Result) bool {
		a.elements = append(a.elements, &node{raw: value.Raw})
		*values--
		return *values >= 0
	})
	return &a
}

// find returns the index that name is, which must be less than end.
func (a *array) find(name string, end int) (int, error) {
	if name == "-" { // RFC 6901 section 4: the element after the last
		return 0, errors.New(`is a list, and has nothing at "-": that is where add appends`)
	}
	i, err := parseIndex(name)
	if err == nil && i >= end {
		err = fmt.Errorf("is a list of %d, too short for index %d", len(a.elements), i)
	}
	return i, err
}

func (a *array) get(name string) (*node, error) {
	i, err := a.find(name, len(a.elements))
	if err != nil {
		return nil, err
	}
	return a.elements[i], nil
}

func (a *array) add(name string, value *node) error {
	if name == "-" {
		a.elements = append(a.elements, value)
		return nil
	}
	i, err := a.find(name, len(a.elements)+1)
	if err != nil {
		return err
	}
	a.elements = slices.Insert(a.elements, i, value)
	return nil
}

func (a *array) remove(name string) (*node, error) {
	i, err := a.find(name, len(a.elements))
	if err != nil {
		return nil, err
	}
	old := a.elements[i]
	a.elements = slices.Delete(a.elements, i, i+1)
	return old, nil
}

func (a *array) appendTo(to []byte) []byte {
	to = append(to, '[')
	for i, element := range a.elements {
		if i > 0 {
			to = append(to, ',')
		}
		to = element.appendTo(to)
	}
	return append(to, ']')
}

var errIndex = errors.New("is a list: write an index as digits without leading zeros")

// parseIndex reads an index of a list.
func parseIndex(name string) (int, error) {
	if name == "" || len(name) > 1 && name[0] == '0' || strings.Trim(name, "0123456789") != "" {
		return 0, errIndex
	}
	index, err := strconv.Atoi(name)
	if err != nil {
		return 0, errIndex
	}
	return index, nil
}
