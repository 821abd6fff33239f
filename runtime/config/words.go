package config

import (
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/tailscale/hujson"

	"github.com/seed90475182/restspace/bus/spelling"
)

// found says what v is.
func found(v *hujson.Value) string {
	switch v.Value.Kind() {
	case 'n':
		return "null"
	case 't', 'f':
		return string(v.Value.(hujson.Literal))
	case '"':
		return "a string"
	case '0':
		return "the number " + string(v.Value.(hujson.Literal)[:min(len(v.Value.(hujson.Literal)), 32)])
	case '[':
		return "a list"
	}
	return "an object"
}

// wanted says what to write for a value of type t.
func wanted(t reflect.Type) string {
	switch {
	case t == nil:
		return "another value"
	case t == reflect.TypeFor[Duration](), t == reflect.TypeFor[time.Duration]():
		return `a duration such as "30s"`
	case t == reflect.TypeFor[Size]():
		return `a size such as "1MiB"`
	case t == reflect.TypeFor[Rate]():
		return `a rate such as "10/s"`
	case isText(t):
		return "a string"
	}
	return wantedOf(t)
}

// wantedOf is wanted for a type without a JSON form of its own.
func wantedOf(t reflect.Type) string {
	switch k := t.Kind(); {
	case k == reflect.String:
		return "a string"
	case k == reflect.Bool:
		return "true or false"
	case t.ConvertibleTo(reflect.TypeFor[float64]()):
		return wantedNumber(t)
	case k == reflect.Pointer:
		return wanted(t.Elem())
	case k == reflect.Slice && t.Elem().Kind() == reflect.Uint8:
		return "base64 in a string"
	case k == reflect.Slice, k == reflect.Array:
		return "a list"
	case k == reflect.Map, k == reflect.Struct:
		return "an object"
	}
	return "another value"
}

func wantedNumber(t reflect.Type) string {
	zero := reflect.Zero(t)
	switch most := int64(1)<<(t.Bits()-1) - 1; {
	case zero.CanFloat():
		return "a number"
	case zero.CanInt() && t.Bits() == 64:
		return "a whole number"
	case zero.CanInt():
		return fmt.Sprintf("a whole number from %d to %d", -most-1, most)
	case t.Bits() == 64:
		return "a whole number that is not negative"
	default:
		return fmt.Sprintf("a whole number from 0 to %d", 2*most+1)
	}
}

// unknown tells of a key that is none of fields.
func (r *reader) unknown(m *hujson.ObjectMember, at pointer, name string, fields []field, later []string) {
	if slices.Contains(later, name) {
		r.fault(&m.Name, at, "%q is not supported yet: leave it out", name)
		return
	}
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.name
	}
	if len(names) == 0 {
		r.fault(&m.Name, at, "unknown key %s: leave it out, there are none here", quote(name))
		return
	}
	if near := spelling.Nearest(name, names); near != "" {
		r.meant[at.Parent().AppendToken(near)] = true
	}
	r.fault(&m.Name, at, "unknown key %s: %s", quote(name), spelling.Choice(name, names))
}

// missing tells that v, at a pointer, has not a key that it must have. Where a
// key is there whose name is nearly the same, that was told already.
func (r *reader) missing(v *hujson.Value, at pointer, key, format string, args ...any) {
	if !r.meant[at.AppendToken(key)] {
		r.fault(v, at, format, args...)
	}
}
