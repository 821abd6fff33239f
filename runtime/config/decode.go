package config

import (
	"cmp"
	"encoding"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/tailscale/hujson"
)

// field is a key that an object may have, and the Go value behind it.
type field struct {
	name  string
	value reflect.Value
	tag   reflect.StructTag // see doc.go
}

// enum returns the values that a string may have, nil if it may have any.
func (f *field) enum() []string {
	if values := f.tag.Get("enum"); values != "" {
		return strings.Split(values, ",")
	}
	return nil
}

// fieldsOf returns the keys of the struct that v points to: those of its json
// tags, with those of embedded structs.
func fieldsOf(v any) []field { return appendFields(nil, reflect.ValueOf(v).Elem()) }

func appendFields(list []field, v reflect.Value) []field {
	for i := range v.NumField() {
		f := v.Type().Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous && name == "" && f.Type.Kind() == reflect.Struct:
			list = appendFields(list, v.Field(i))
		case f.IsExported() && name != "-":
			list = append(list, field{cmp.Or(name, f.Name), v.Field(i), f.Tag})
		}
	}
	return list
}

// object decodes the members of v, each into the field of its name. later are
// names of what is to come. It reports whether v is an object at all.
func (r *reader) object(v *hujson.Value, at pointer, fields []field, later ...string) bool {
	object, ok := v.Value.(*hujson.Object)
	if !ok {
		r.mistyped(v, at, such("{}"))
		return false
	}
	for _, m := range r.known(object, at, fields) {
		name := nameOf(m)
		r.unknown(m, at.AppendToken(name), name, fields, later)
	}
	return true
}

// whole decodes an object, and reports whether each of the fields has what the
// file says. Keys that are none of them, and mean none, don't matter for that.
func (r *reader) whole(object *hujson.Object, at pointer, fields []field) bool {
	faults, meant := len(r.faults), len(r.meant)
	others := r.known(object, at, fields)
	whole := faults == len(r.faults)
	for _, m := range others {
		name := nameOf(m)
		r.unknown(m, at.AppendToken(name), name, fields, nil)
	}
	return whole && meant == len(r.meant)
}

// known decodes the members that have a field, and returns the others.
func (r *reader) known(object *hujson.Object, at pointer, fields []field) (others []*hujson.ObjectMember) {
	for i := range object.Members {
		m := &object.Members[i]
		name := nameOf(m)
		if f := fieldNamed(fields, name); f != nil {
			r.fill(&m.Value, at.AppendToken(name), f)
		} else {
			others = append(others, m)
		}
	}
	return others
}

func fieldNamed(fields []field, name string) *field {
	for i := range fields {
		if fields[i].name == name {
			return &fields[i]
		}
	}
	return nil
}

// fill decodes v into a field.
func (r *reader) fill(v *hujson.Value, at pointer, f *field) {
	if example := f.tag.Get("example"); example != "" && byte(v.Value.Kind()) != example[0] {
		r.mistyped(v, at, such(example))
		return
	}
	r.decode(v, at, f.value)
	r.among(v, at, f)
}

// such says what kind of value an example is one of: an object or a list.
func such(example string) string {
	if example[0] == '[' {
		return "a list, such as " + example
	}
	return "an object, such as " + example
}

// decode decodes v into a Go value, part by part: one error does not hide the
// next.
func (r *reader) decode(v *hujson.Value, at pointer, into reflect.Value) {
	t := into.Type()
	switch {
	case t == reflect.TypeFor[*hujson.Value](): // for who reads it later
		into.Set(reflect.ValueOf(v))
		return
	case r.broken[v.StartOffset]:
		return
	case decodesItself(t):
		r.leaf(v, at, into)
		return
	}
	switch t.Kind() {
	case reflect.Pointer:
		into.Set(reflect.New(t.Elem()))
		r.decode(v, at, into.Elem())
	case reflect.Struct:
		r.object(v, at, appendFields(nil, into))
	case reflect.Slice:
		r.list(v, at, into)
	case reflect.Map:
		r.members(v, at, into)
	default:
		r.leaf(v, at, into)
	}
}

// among holds a string to the values that its tag enum has.
func (r *reader) among(v *hujson.Value, at pointer, f *field) {
	values := f.enum()
	if values == nil || r.broken[v.StartOffset] {
		return
	}
	if s, last := f.value.String(), len(values)-1; !slices.Contains(values, s) {
		r.faultAbout(v, v, at, fmt.Sprintf("%s is not known: write \"%s\" or %q", quote(s), strings.Join(values[:last], `", "`), values[last]))
	}
}

// text returns a string that is shown to callers, so that it has to stand in
// the file itself.
func (r *reader) text(v *hujson.Value, at pointer) (s string, ok bool) {
	known := len(r.faults)
	r.decode(v, at, reflect.ValueOf(&s).Elem())
	if known == len(r.faults) && len(r.secretsIn(v)) > 0 {
		r.fault(v, at, "a value from outside the file, which is never shown, while this one is: write it here")
	}
	return s, !r.broken[v.StartOffset]
}

// positive tells of the numbers of a member that are there but not above zero.
func (r *reader) positive(v *hujson.Value, at, name pointer, fields []field) {
	for _, f := range fields {
		if f.value.CanInt() && f.value.Int() <= 0 || f.value.CanFloat() && f.value.Float() <= 0 {
			r.member(v, at, name.AppendToken(f.name), errors.New("not above zero: write more, or leave the key out"))
		}
	}
}

// member tells of what is wrong with a value in v, at name, if it is there and
// nothing was told of it yet. A nil error is nothing.
func (r *reader) member(v *hujson.Value, at, name pointer, err error) {
	if err == nil {
		return
	}
	if m := v.Find(string(name)); m != nil && !r.broken[m.StartOffset] {
		r.faultAbout(m, m, at+name, err.Error())
	}
}

// decodesItself reports whether a type has a JSON form of its own.
func decodesItself(t reflect.Type) bool {
	return takesNull(t) || isText(t) || t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Uint8
}

// takesNull reports whether a type takes any JSON, so that null may mean
// something to it.
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

func (r *reader) list(v *hujson.Value, at pointer, into reflect.Value) {
	array, ok := v.Value.(*hujson.Array)
	if !ok {
		r.mistyped(v, at, such("[]"))
		return
	}
	into.Set(reflect.MakeSlice(into.Type(), len(array.Elements), len(array.Elements)))
	for i := range array.Elements {
		r.decode(&array.Elements[i], at.AppendToken(strconv.Itoa(i)), into.Index(i))
	}
}

// members decodes an object with keys of any name.
func (r *reader) members(v *hujson.Value, at pointer, into reflect.Value) {
	object, ok := v.Value.(*hujson.Object)
	if !ok {
		r.mistyped(v, at, such("{}"))
		return
	}
	into.Set(reflect.MakeMapWithSize(into.Type(), len(object.Members)))
	for i := range object.Members {
		m := &object.Members[i]
		name, value := nameOf(m), reflect.New(into.Type().Elem()).Elem()
		r.decode(&m.Value, at.AppendToken(name), value)
		into.SetMapIndex(reflect.ValueOf(name).Convert(into.Type().Key()), value)
	}
}

// leaf decodes a value as a whole.
func (r *reader) leaf(v *hujson.Value, at pointer, into reflect.Value) {
	t, kind := into.Type(), v.Value.Kind()
	switch {
	case kind == 'n' && !takesNull(t):
		r.mistyped(v, at, wanted(t)+", or leave the key out")
		return
	case kind != '"' && isText(t):
		r.mistyped(v, at, wanted(t))
		return
	}
	err := json.Unmarshal(plain(v), into.Addr().Interface(), r.options)
	if err == nil {
		return
	}
	semantic, ok := errors.AsType[*json.SemanticError](err)
	if !ok {
		r.faultAbout(v, v, at, err.Error())
		return
	}
	inner := v.Find(string(semantic.JSONPointer))
	if inner == nil {
		inner = v
	}
	at += semantic.JSONPointer
	switch cause := semantic.Err; {
	case cause == nil, errors.Is(cause, strconv.ErrSyntax), errors.Is(cause, strconv.ErrRange):
		r.mistyped(inner, at, wanted(semantic.GoType))
	case errors.Is(cause, json.ErrUnknownName):
		r.fault(inner, at, "unknown key: leave it out")
	default:
		r.faultAbout(v, inner, at, cause.Error())
	}
}

// mistyped tells that v is of another type than what is wanted.
func (r *reader) mistyped(v *hujson.Value, at pointer, wanted string) {
	if !r.broken[v.StartOffset] {
		r.fault(v, at, "this is %s: write %s", found(v), wanted)
	}
}

// decoding returns how a leaf is decoded: with the types of the standard
// library that mean something of their own in a configuration.
func decoding() json.Options {
	return json.JoinOptions(json.RejectUnknownMembers(true), json.WithUnmarshalers(json.JoinUnmarshalers(
		fromString(parseDuration), fromString(parseLevel), fromString(parseNetwork),
	)))
}

func fromString[T any](parse func(string) (T, error)) *json.Unmarshalers {
	return json.UnmarshalFunc(func(text []byte, into *T) error {
		var s string
		if err := json.Unmarshal(text, &s); err != nil {
			return errors.New("not a string: write one")
		}
		v, err := parse(s)
		*into = v
		return err
	})
}

// plain returns v as JSON without comments and spaces.
func plain(v *hujson.Value) []byte {
	if literal, ok := v.Value.(hujson.Literal); ok {
		return literal
	}
	copied := v.Clone()
	copied.Minimize()
	return copied.Pack()
}
