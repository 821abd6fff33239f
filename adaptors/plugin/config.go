package plugin

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/seed90475182/restspace/adaptors/plugin/wire"
)

// decode reads a config, which is an object, into a new one of its Kind, and
// returns what is wrong with it.
func decode(text []byte, into any) []*wire.Fault {
	if err := json.Unmarshal(text, into, json.RejectUnknownMembers(true)); err != nil {
		return []*wire.Fault{faultOf(err, into)}
	}
	faults := missing(text, into)
	if checker, ok := into.(interface{ Check() error }); ok && len(faults) == 0 {
		for _, err := range flatten(checker.Check()) {
			faults = append(faults, &wire.Fault{Pointer: pointerOf(err), Message: err.Error()})
		}
	}
	return faults
}

// missing tells of the keys that are required and not there.
func missing(text []byte, config any) (faults []*wire.Fault) {
	var members map[string]jsontext.Value
	if json.Unmarshal(text, &members) != nil {
		return nil
	}
	for _, f := range keysOf(reflect.TypeOf(config)) {
		if _, ok := members[f.name]; !ok && f.tag.Get("required") == "true" {
			faults = append(faults, &wire.Fault{Message: fmt.Sprintf("there is no %q: write %s", f.name, f.means())})
		}
	}
	return faults
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

// faultOf says what is wrong in the words of the configuration.
func faultOf(err error, config any) *wire.Fault {
	semantic, ok := errors.AsType[*json.SemanticError](err)
	if !ok {
		return &wire.Fault{Message: err.Error()}
	}
	at := semantic.JSONPointer
	fault := &wire.Fault{Pointer: string(at)}
	switch {
	case errors.Is(err, json.ErrUnknownName):
		fault.Message = fmt.Sprintf("unknown key %q: %s", at.LastToken(), choice(config, at))
	case semantic.GoType != nil && semantic.JSONKind != 0:
		fault.Message = fmt.Sprintf("this is %s: write %s", found(semantic.JSONKind), wanted(semantic.GoType))
	default:
		fault.Message = err.Error()
	}
	return fault
}

// key is a key that a config may have.
type key struct {
	name string
	tag  reflect.StructTag
}

// means says what the key is for.
func (k *key) means() string {
	if doc := k.tag.Get("doc"); doc != "" {
		return doc
	}
	return "it"
}

// keysOf returns the keys of a struct, or of what points to one.
func keysOf(t reflect.Type) (list []key) {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return nil
	}
	for f := range t.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.IsExported() && name != "-" {
			if name == "" {
				name = f.Name
			}
			list = append(list, key{name, f.Tag})
		}
	}
	return list
}

// choice says what may stand in the place of an unknown key.
func choice(config any, at jsontext.Pointer) string {
	var names []string
	if at.Parent() == "" {
		for _, k := range keysOf(reflect.TypeOf(config)) {
			names = append(names, k.name)
		}
	}
	if len(names) == 0 {
		return "leave it out"
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
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return "a whole number that fits"
	}
	return "another value"
}
