package config

import (
	"log/slog"
	"net/netip"
	"reflect"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/tailscale/hujson"
)

// schema is a JSON Schema, as far as it is needed here.
type schema struct {
	Schema      string `json:"$schema,omitzero"`
	Title       string `json:"title,omitzero"`
	Ref         string `json:"$ref,omitzero"`
	Description string `json:"description,omitzero"`
	Default     any    `json:"default,omitzero"`
	Examples    []any  `json:"examples,omitzero"`

	Type    string   `json:"type,omitzero"`
	Const   any      `json:"const,omitzero"`
	Enum    []string `json:"enum,omitzero"`
	Pattern string   `json:"pattern,omitzero"`
	Minimum *int64   `json:"minimum,omitzero"`
	Maximum *int64   `json:"maximum,omitzero"`

	Items                *schema            `json:"items,omitzero"`
	MaxItems             int                `json:"maxItems,omitzero"`
	Properties           map[string]*schema `json:"properties,omitzero"`
	AdditionalProperties any                `json:"additionalProperties,omitzero"` // *schema or false
	Required             []string           `json:"required,omitzero"`

	AnyOf []*schema `json:"anyOf,omitzero"`
	OneOf []*schema `json:"oneOf,omitzero"`
	AllOf []*schema `json:"allOf,omitzero"`
	Not   *schema   `json:"not,omitzero"`
	If    *schema   `json:"if,omitzero"`
	Then  *schema   `json:"then,omitzero"`

	// Words that editors know, beside those of the standard.
	AllowComments       bool `json:"allowComments,omitzero"`
	AllowTrailingCommas bool `json:"allowTrailingCommas,omitzero"`

	Defs map[string]*schema `json:"$defs,omitzero"`
}

func refTo(name string) *schema { return &schema{Ref: "#/$defs/" + name} }

// oneOfThese returns the schema of a value that is one of list.
func oneOfThese(list []*schema) *schema {
	if len(list) == 0 {
		return &schema{Not: &schema{}}
	}
	return &schema{OneOf: list}
}

// when returns that then holds for an object with that value at key; there
// says that one without the key is none.
func when(key, value string, there bool, then *schema) *schema {
	s := &schema{If: &schema{Properties: map[string]*schema{key: {Const: value}}}, Then: then}
	if there {
		s.If.Required = []string{key}
	}
	return s
}

// object returns the schema of an object with these keys and no others.
func (g *generator) object(fields []field) *schema {
	s := &schema{Type: "object", Properties: make(map[string]*schema, len(fields)), AdditionalProperties: false}
	for _, f := range fields {
		s.Properties[f.name] = g.property(f)
		switch required := f.tag.Get("required"); required {
		case "":
		case "true":
			s.Required = append(s.Required, f.name)
		default:
			other := strings.TrimPrefix(required, "or ")
			s.AllOf = append(s.AllOf, &schema{AnyOf: []*schema{{Required: []string{f.name}}, {Required: []string{other}}}})
		}
	}
	return s
}

func (g *generator) property(f field) *schema {
	s := g.value(f.value)
	if form := f.tag.Get("form"); form != "" {
		s = refTo(form)
	}
	if values := f.enum(); values != nil {
		s = textOr(&schema{Enum: values})
	}
	if example := f.tag.Get("example"); example != "" {
		s.Examples = []any{jsontext.Value(example)}
	}
	s.Description = f.tag.Get("doc")
	s.Default = defaultOf(f.value)
	return s
}

// defaultOf returns what a new config has at v, nil if that is nothing.
func defaultOf(v reflect.Value) any {
	switch k := v.Kind(); {
	case v.Type() == reflect.TypeFor[slog.Level]():
		return strings.ToLower(v.Interface().(slog.Level).String())
	case k == reflect.Struct && !isText(v.Type()), v.IsZero() && k != reflect.Bool: // its keys have defaults of their own
		return nil
	case v.Type() == reflect.TypeFor[time.Duration]():
		return Duration(v.Interface().(time.Duration))
	}
	return v.Interface()
}

// value returns the schema of what [reader.decode] decodes into v.
func (g *generator) value(v reflect.Value) *schema {
	t := v.Type()
	if form := formOf(t); form != "" {
		return refTo(form)
	}
	switch {
	case takesNull(t), t.Kind() == reflect.Pointer && t.Elem() == reflect.TypeFor[hujson.Value]():
		return &schema{}
	case isText(t):
		return refTo("text")
	}
	switch k := t.Kind(); {
	case k == reflect.Pointer:
		return g.value(reflect.New(t.Elem()).Elem())
	case k == reflect.Struct:
		return g.object(appendFields(nil, v))
	case k == reflect.Slice && t.Elem().Kind() != reflect.Uint8:
		return &schema{Type: "array", Items: g.value(reflect.New(t.Elem()).Elem())}
	case k == reflect.Map:
		return &schema{Type: "object", AdditionalProperties: g.value(reflect.New(t.Elem()).Elem())}
	case k == reflect.Bool:
		return &schema{Type: "boolean"}
	case v.CanFloat():
		return &schema{Type: "number"}
	case v.CanInt(), v.CanUint():
		return whole(t)
	}
	return refTo("text")
}

// whole returns the schema of a whole number.
func whole(t reflect.Type) *schema {
	s := &schema{Type: "integer"}
	if reflect.Zero(t).CanUint() {
		s.Minimum = new(int64)
		if t.Bits() < 64 {
			s.Maximum = new(int64(1)<<t.Bits() - 1)
		}
	} else if t.Bits() < 64 {
		s.Minimum, s.Maximum = new(int64(-1)<<(t.Bits()-1)), new(int64(1)<<(t.Bits()-1)-1)
	}
	return s
}

// formOf returns the form of a type that has one by itself.
func formOf(t reflect.Type) string {
	switch t {
	case reflect.TypeFor[Duration](), reflect.TypeFor[time.Duration]():
		return "duration"
	case reflect.TypeFor[Size]():
		return "size"
	case reflect.TypeFor[Rate]():
		return "rate"
	case reflect.TypeFor[slog.Level]():
		return "level"
	case reflect.TypeFor[netip.Prefix]():
		return "network"
	case reflect.TypeFor[Origin]():
		return "origin"
	}
	return ""
}

// forms returns the schemas of what a string may look like, by name.
func forms() map[string]*schema {
	text := func() *schema { return &schema{Type: "string"} }
	like := func(pattern string, examples ...any) *schema {
		return &schema{Type: "string", Pattern: pattern, Examples: examples}
	}
	outside := &schema{
		Description: `a value from outside the file, which is never printed or logged: {"$env": "NAME"} or {"$file": "/path"}`,
		Type:        "object",
		Properties: map[string]*schema{
			"$env":    {Type: "string", Description: "the name of a variable of the environment"},
			"$file":   {Type: "string", Description: "the name of a file; the newline at its end does not count"},
			"default": {Type: "string", Description: "the value where there is none"},
		},
		AdditionalProperties: false,
		OneOf:                []*schema{{Required: []string{"$env"}}, {Required: []string{"$file"}}},
	}
	const number = `([0-9]+(\.[0-9]*)?|\.[0-9]+)`
	return map[string]*schema{
		"outside":  outside,
		"text":     textOr(text()),
		"duration": textOr(like(`^\+?(0|(`+number+`(ns|us|µs|μs|ms|s|m|h))+)$`, "250ms", "30s", "5m", "1h")),
		"size":     textOr(like(`^[0-9]+(B|KiB|MiB|GiB)$`, "512B", "64KiB", "1MiB", "2GiB")),
		"rate":     textOr(like(`^0*[1-9][0-9]*/[sm]$`, "10/s", "100/m")),
		"level":    textOr(&schema{Enum: []string{"debug", "info", "warn", "error"}}),
		"network":  textOr(&schema{Type: "string", Examples: []any{"10.0.0.0/8", "192.168.0.1"}}),
		"origin":   textOr(&schema{Type: "string", Examples: []any{"https://app.example.org", "http://localhost:5173", "*"}}),
		"pattern":  textOr(&schema{Type: "string", Examples: []any{"/users/${email}"}}),
		"roles":    textOr(&schema{Type: "string", Examples: []any{"all", "none", "E A", "{email} A", "all /private A"}}),
		"schema":   {AnyOf: []*schema{{Type: "object"}, {Type: "boolean"}}, Examples: []any{map[string]any{"type": "object", "required": []string{"name"}}}},
		"json":     {Examples: []any{map[string]any{"days": 30}}},
		"pipeline": {Type: "array", Examples: []any{[]any{"GET /contacts/$>0"}}},
		"name":     like(`^[A-Za-z0-9._-]{1,64}$`),
		"basePath": like(`^/[^?#]*$`, "/", "/orders", "/orders."),
	}
}

// textOr returns the schema of a string as s has it, or of one from outside
// the file.
func textOr(s *schema) *schema { return &schema{AnyOf: []*schema{s, refTo("outside")}} }
