package plugin

import (
	"cmp"
	"errors"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// key is a key that an object may have, and the Go value behind it.
type key struct {
	name  string
	value reflect.Value
	tag   reflect.StructTag
}

// means says what the key is for.
func (k *key) means() string { return cmp.Or(k.tag.Get("doc"), "it") }

// keysOf returns the keys of a struct, with those of embedded ones.
func keysOf(v reflect.Value) (list []key) {
	for i := range v.NumField() {
		f := v.Type().Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous && name == "" && f.Type.Kind() == reflect.Struct:
			list = append(list, keysOf(v.Field(i))...)
		case f.IsExported() && name != "-":
			list = append(list, key{cmp.Or(name, f.Name), v.Field(i), f.Tag})
		}
	}
	return list
}

// choice says what may stand in the place of an unknown key.
func choice(keys []key) string {
	if len(keys) == 0 {
		return "leave it out"
	}
	var names []string
	for _, k := range keys {
		names = append(names, k.name)
	}
	slices.Sort(names)
	return "the keys are " + strings.Join(names, ", ")
}

func found(kind jsontext.Kind) string {
	switch kind {
	case '"':
		return "a string"
	case '0':
		return "a number"
	case '{':
		return "an object"
	case '[':
		return "a list"
	}
	return kind.String() // null, true, false
}

func wanted(t reflect.Type) string {
	switch {
	case t == nil:
		return "another value"
	case t == reflect.TypeFor[time.Duration]():
		return `a duration such as "30s"`
	case isText(t):
		return "a string"
	}
	switch t.Kind() {
	case reflect.Pointer:
		return wanted(t.Elem())
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "true or false"
	case reflect.Slice, reflect.Array:
		return "a list"
	case reflect.Struct, reflect.Map:
		return "an object"
	case reflect.Float32, reflect.Float64:
		return "a number"
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return "a whole number that fits"
	}
	return "another value"
}

// pointerOf returns where in the config an error of Check belongs.
func pointerOf(err error) string {
	if at, ok := errors.AsType[interface {
		error
		Pointer() string
	}](err); ok {
		return at.Pointer()
	}
	return ""
}

// flatten returns the errors that were joined in err.
func flatten(err error) (list []error) {
	joined, ok := err.(interface{ Unwrap() []error })
	switch {
	case ok:
		for _, e := range joined.Unwrap() {
			list = append(list, flatten(e)...)
		}
	case err != nil:
		list = []error{err}
	}
	return list
}
