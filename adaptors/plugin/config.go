package plugin

import (
	"bytes"
	"encoding"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/seed90475182/restspace/adaptors/plugin/wire"
)

// decode reads a config, which is an object, into a new one of its Kind, and
// returns all that is wrong with it.
func decode(text []byte, into any) []*wire.Fault {
	r := &reader{}
	var value jsontext.Value
	if err := json.Unmarshal(text, &value); err != nil {
		r.fault("", "the config is no JSON: %v", err)
		return r.faults
	}
	if value.Kind() != '{' {
		r.mistyped(value, "", "an object")
		return r.faults
	}
	r.value(value, "", reflect.ValueOf(into).Elem())
	if len(r.faults) == r.unknown { // so it is sound, whatever stands beside it
		for _, err := range flatten(check(into)) {
			r.faults = append(r.faults, &wire.Fault{Pointer: pointerOf(err), Message: err.Error()})
		}
	}
	return r.faults
}

// check calls the Check of a config, which is what into points to or, where that
// is a pointer, what that does.
func check(into any) error {
	for v := reflect.ValueOf(into); v.Kind() == reflect.Pointer && !v.IsNil(); v = v.Elem() {
		if checker, ok := v.Interface().(interface{ Check() error }); ok {
			return checker.Check()
		}
	}
	return nil
}

// reader decodes a value part by part: one fault does not hide the next.
type reader struct {
	faults  []*wire.Fault
	unknown int // of them, those that are about an unknown key
}

func (r *reader) fault(at jsontext.Pointer, format string, args ...any) {
	r.faults = append(r.faults, &wire.Fault{Pointer: string(at), Message: fmt.Sprintf(format, args...)})
}

func (r *reader) mistyped(value jsontext.Value, at jsontext.Pointer, wanted string) {
	r.fault(at, "this is %s: write %s", found(value.Kind()), wanted)
}

// value decodes a value into a Go value.
func (r *reader) value(value jsontext.Value, at jsontext.Pointer, into reflect.Value) {
	t := into.Type()
	switch {
	case decodesItself(t):
		r.leaf(value, at, into)
	case t.Kind() == reflect.Pointer && value.Kind() != 'n':
		into.Set(reflect.New(t.Elem()))
		r.value(value, at, into.Elem())
	case t.Kind() == reflect.Struct && value.Kind() == '{':
		r.object(value, at, into)
	case t.Kind() == reflect.Map && t.Key().Kind() == reflect.String && value.Kind() == '{':
		into.Set(reflect.MakeMap(t))
		for _, m := range membersOf(value) {
			element := reflect.New(t.Elem()).Elem()
			r.value(m.value, at.AppendToken(m.name), element)
			into.SetMapIndex(reflect.ValueOf(m.name).Convert(t.Key()), element)
		}
	case t.Kind() == reflect.Slice && value.Kind() == '[':
		elements := elementsOf(value)
		into.Set(reflect.MakeSlice(t, len(elements), len(elements)))
		for i, element := range elements {
			r.value(element, at.AppendToken(strconv.Itoa(i)), into.Index(i))
		}
	default:
		r.leaf(value, at, into)
	}
}

// object decodes the members of an object, each into the field of its name.
func (r *reader) object(value jsontext.Value, at jsontext.Pointer, into reflect.Value) {
	keys := keysOf(into)
	there := make(map[string]bool)
	for _, m := range membersOf(value) {
		there[m.name] = true
		i := slices.IndexFunc(keys, func(k key) bool { return k.name == m.name })
		if i < 0 {
			r.fault(at.AppendToken(m.name), "unknown key %q: %s", m.name, choice(keys))
			r.unknown++
			continue
		}
		before := len(r.faults)
		r.value(m.value, at.AppendToken(m.name), keys[i].value)
		if len(r.faults) == before {
			r.among(at.AppendToken(m.name), &keys[i])
		}
	}
	for _, k := range keys {
		if !there[k.name] && k.tag.Get("required") == "true" {
			r.fault(at, "there is no %q: write %s", k.name, k.means())
		}
	}
}

// among holds a string to the values that its tag enum has.
func (r *reader) among(at jsontext.Pointer, k *key) {
	enum := k.tag.Get("enum")
	if enum == "" || k.value.Kind() != reflect.String || slices.Contains(strings.Split(enum, ","), k.value.String()) {
		return
	}
	r.fault(at, "%q is not known: write \"%s\"", k.value.String(), strings.ReplaceAll(enum, ",", `" or "`))
}

// leaf decodes a value as a whole.
func (r *reader) leaf(value jsontext.Value, at jsontext.Pointer, into reflect.Value) {
	t := into.Type()
	switch {
	case value.Kind() == 'n' && !takesNull(t):
		r.mistyped(value, at, wanted(t)+", or leave the key out")
		return
	case value.Kind() != '"' && isText(t):
		r.mistyped(value, at, wanted(t))
		return
	}
	err := json.Unmarshal(value, into.Addr().Interface(), json.RejectUnknownMembers(true), json.WithUnmarshalers(json.UnmarshalFunc(duration)))
	if err == nil {
		return
	}
	semantic, ok := errors.AsType[*json.SemanticError](err)
	switch {
	case !ok:
		r.fault(at, "%v", err)
	case semantic.Err == nil, errors.Is(semantic.Err, strconv.ErrSyntax), errors.Is(semantic.Err, strconv.ErrRange):
		r.fault(at+semantic.JSONPointer, "this is %s: write %s", found(semantic.JSONKind), wanted(semantic.GoType))
	default:
		r.fault(at+semantic.JSONPointer, "%v", semantic.Err)
	}
}

// duration reads a duration such as "30s".
func duration(text []byte, into *time.Duration) error {
	var s string
	if err := json.Unmarshal(text, &s); err != nil {
		return errors.New(`not a string: write a duration such as "30s"`)
	}
	d, err := time.ParseDuration(s)
	if err != nil {
		return fmt.Errorf(`%q is no duration: write it as "30s", "1m30s" or "250ms"`, s)
	}
	*into = d
	return nil
}

// decodesItself reports whether a type has a JSON form of its own.
func decodesItself(t reflect.Type) bool {
	return takesNull(t) || isText(t) || t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Uint8
}

// takesNull reports whether null may mean something to a type, since it takes
// any JSON.
func takesNull(t reflect.Type) bool {
	p := reflect.PointerTo(t)
	return t.Kind() == reflect.Interface ||
		p.Implements(reflect.TypeFor[json.Unmarshaler]()) || p.Implements(reflect.TypeFor[json.UnmarshalerFrom]())
}

// isText reports whether the JSON form of a type is a string.
func isText(t reflect.Type) bool {
	return !takesNull(t) && (t == reflect.TypeFor[time.Duration]() ||
		reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]()))
}

// member is one of an object.
type member struct {
	name  string
	value jsontext.Value
}

// membersOf returns the members of an object that is known to be one.
func membersOf(object jsontext.Value) (list []member) {
	d := within(object)
	for d.PeekKind() == '"' {
		name, _ := d.ReadToken()
		m := member{name: name.String()} // before the next reading
		value, _ := d.ReadValue()
		m.value = value.Clone()
		list = append(list, m)
	}
	return list
}

// elementsOf returns the elements of a list that is known to be one.
func elementsOf(array jsontext.Value) (list []jsontext.Value) {
	d := within(array)
	for d.PeekKind() != ']' {
		value, err := d.ReadValue()
		if err != nil {
			break // which it is not: the whole was read once
		}
		list = append(list, value.Clone())
	}
	return list
}

// within returns what reads the inside of an object or a list.
func within(value jsontext.Value) *jsontext.Decoder {
	d := jsontext.NewDecoder(bytes.NewReader(value))
	_, _ = d.ReadToken() // there are no errors in what was read once
	return d
}
