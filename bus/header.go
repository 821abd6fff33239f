package bus

import (
	"iter"
	"slices"
	"strings"
)

// A Field is one line of a header.
type Field struct{ Name, Value string }

// Header is the fields of a message in their order. Names are compared without
// regard to case. A message has few fields, so that a scan is cheaper than a
// map, and an edge fills it without copying. The zero value is ready to use.
type Header []Field

// Get returns the first value of the field, or "".
func (h Header) Get(name string) string {
	for i := range h {
		if sameName(h[i].Name, name) {
			return h[i].Value
		}
	}
	return ""
}

// Has reports whether the field is there, be it empty.
func (h Header) Has(name string) bool {
	for i := range h {
		if sameName(h[i].Name, name) {
			return true
		}
	}
	return false
}

// Values yields all values of the field in their order.
func (h Header) Values(name string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for i := range h {
			if sameName(h[i].Name, name) && !yield(h[i].Value) {
				return
			}
		}
	}
}

// List returns all values of the field in one, with commas between them: that
// of a field that is a list (RFC 9110 section 5.3).
func (h Header) List(name string) string {
	list, found := "", false
	for i := range h {
		switch {
		case !sameName(h[i].Name, name):
		case found:
			list += ", " + h[i].Value
		default:
			list, found = h[i].Value, true
		}
	}
	return list
}

// All yields the fields in their order.
func (h Header) All() iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for i := range h {
			if !yield(h[i].Name, h[i].Value) {
				return
			}
		}
	}
}

// Add appends a field.
func (h *Header) Add(name, value string) { *h = append(*h, Field{name, value}) }

// Set replaces all values of the field with one, in the place of the first.
func (h *Header) Set(name, value string) {
	for i := range *h {
		if sameName((*h)[i].Name, name) {
			(*h)[i].Value = value
			tail := (*h)[i+1:]
			kept := slices.DeleteFunc(tail, func(f Field) bool { return sameName(f.Name, name) })
			*h = (*h)[:i+1+len(kept)]
			return
		}
	}
	h.Add(name, value)
}

// Del removes all values of the field.
func (h *Header) Del(name string) {
	*h = slices.DeleteFunc(*h, func(f Field) bool { return sameName(f.Name, name) })
}

// sameName compares field names; most are spelled alike.
func sameName(a, b string) bool {
	return len(a) == len(b) && (a == b || strings.EqualFold(a, b))
}
