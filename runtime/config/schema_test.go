package config_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	adaptorlist "github.com/seed90475182/restspace/adaptors/all"
	"github.com/seed90475182/restspace/runtime/config"
	servicelist "github.com/seed90475182/restspace/services/all"
)

// allKinds are those of the tests, which have each type, and the built-in ones.
func allKinds() map[string]config.Kinds {
	return map[string]config.Kinds{
		"of the tests": testKinds(),
		"built-in":     {Services: servicelist.Registry(), Adaptors: adaptorlist.Registry()},
	}
}

// TestSchemaHasTheKeysOfTheParser asks the parser, wherever the schema has an
// object, which keys it knows there.
func TestSchemaHasTheKeysOfTheParser(t *testing.T) {
	for name, kinds := range allKinds() {
		t.Run(name, func(t *testing.T) {
			objects := 0
			newTree(t, kinds).walk(func(o object) {
				objects++
				keys := knownKeys(t, kinds, o)
				if !slices.Contains(o.keys(), "createRoles") { // known everywhere, to say why it has no meaning
					keys = slices.DeleteFunc(keys, func(k string) bool { return k == "createRoles" && o.at.Parent() == "/services" })
				}
				assert.ElementsMatch(t, keys, o.keys(), "%s where %v", o.at, o.where)
			})
			assert.Greater(t, objects, 10)
		})
	}
}

// knownKeys returns the keys that an error of the parser names for an object.
func knownKeys(t *testing.T, kinds config.Kinds, o object) []string {
	const unknown = "zzzzzzzzzzzzzzzzzzzz"
	at := o.at.AppendToken(unknown)
	where := maps.Clone(o.where)
	where[at] = "1"
	_, err := config.Parse("x", documentOf(where), kinds, config.Lookup{})
	list, ok := err.(config.Errors)
	require.True(t, ok, "%s", documentOf(where))
	for _, e := range list {
		if e.Pointer == string(at) {
			_, names, _ := strings.Cut(e.Message, ": write ")
			return strings.FieldsFunc(strings.TrimPrefix(names, "one of "), func(r rune) bool { return r == ',' || r == ' ' })
		}
	}
	require.Fail(t, "nothing is wrong with an unknown key", "%s: %v", documentOf(where), err)
	return nil
}

// TestEachKeyIsDescribed holds the keys to the tag that editors show, and to
// the texts that restspace help does.
func TestEachKeyIsDescribed(t *testing.T) {
	kinds := allKinds()["built-in"]
	tree := newTree(t, kinds)
	common := tree.defs["service"].(map[string]any)["properties"].(map[string]any)
	tree.walk(func(o object) {
		for key, value := range o.schema["properties"].(map[string]any) {
			property := value.(map[string]any)
			if common[key] != nil && len(property) == 0 {
				continue // described once for all Kinds
			}
			doc, _ := property["description"].(string)
			assert.NotEmpty(t, doc, "%s/%s where %v: give its field a tag doc", o.at, key, o.where)
			assert.Greater(t, len(property), 1, "%s/%s: give its field a type that says what it is, or a tag form", o.at, key)
			if strings.Contains(doc, "not supported yet") {
				continue
			}
			assert.Regexp(t, "[`\"]"+regexp.QuoteMeta(key)+"[`\"]", helpOn(kinds, o), "%s/%s where %v: put it into the README", o.at, key, o.where)
		}
	})
}

func TestSchemaHasTheExamples(t *testing.T) {
	found := map[string]any{}
	newTree(t, testKinds()).walk(func(o object) {
		for key, value := range o.schema["properties"].(map[string]any) {
			examples := value.(map[string]any)["examples"]
			if strings.HasPrefix(string(o.at), "/services/") && (key == "headers" || key == "summary") {
				found[key] = examples
			}
		}
	})
	assert.Equal(t, map[string]any{
		"headers": []any{map[string]any{"X-Sender": "shop"}},
		"summary": []any{[]any{"title"}},
	}, found)
}

// helpOn returns what users are told of an object.
func helpOn(kinds config.Kinds, o object) string {
	text := config.Doc()
	for _, value := range o.where {
		name := strings.Trim(value, `"`)
		service, _ := kinds.Services.Kind(name)
		adaptor, _ := kinds.Adaptors.Kind(name)
		text += service.Doc + adaptor.Doc
	}
	return text
}

// tree is a schema as JSON has it.
type tree struct{ top, defs map[string]any }

func newTree(t *testing.T, kinds config.Kinds) tree {
	var top map[string]any
	require.NoError(t, json.Unmarshal(config.Schema(kinds), &top))
	return tree{top, top["$defs"].(map[string]any)}
}

// object is a schema of an object that has these keys only, where it is in a
// document, and what is elsewhere in one.
type object struct {
	schema map[string]any
	at     jsontext.Pointer
	where  map[jsontext.Pointer]string // JSON
}

func (o object) keys() []string {
	return slices.Collect(maps.Keys(o.schema["properties"].(map[string]any)))
}

// walk calls see for each of the objects.
func (s tree) walk(see func(object)) {
	s.visit(object{schema: s.top, where: map[jsontext.Pointer]string{}}, see)
}

func (s tree) visit(o object, see func(object)) {
	if ref, ok := o.schema["$ref"].(string); ok && ref != "#/$defs/outside" {
		s.visit(object{s.defs[strings.TrimPrefix(ref, "#/$defs/")].(map[string]any), o.at, o.where}, see)
	}
	if o.schema["additionalProperties"] == false && o.schema["properties"] != nil {
		see(o)
	}
	below := func(at jsontext.Pointer, inner any, where map[jsontext.Pointer]string) {
		if inner, ok := inner.(map[string]any); ok {
			s.visit(object{inner, at, where}, see)
		}
	}
	properties, _ := o.schema["properties"].(map[string]any)
	for key, inner := range properties {
		below(o.at.AppendToken(key), inner, o.where)
	}
	below(o.at.AppendToken("0"), o.schema["items"], o.where)
	below(o.at.AppendToken("x"), o.schema["additionalProperties"], o.where)
	for _, word := range []string{"anyOf", "oneOf", "allOf"} {
		list, _ := o.schema[word].([]any)
		for _, inner := range list {
			below(o.at, inner, o.where)
		}
	}
	if condition, ok := o.schema["if"].(map[string]any); ok {
		where := maps.Clone(o.where)
		for key, value := range condition["properties"].(map[string]any) {
			where[o.at.AppendToken(key)] = fmt.Sprintf("%q", value.(map[string]any)["const"])
		}
		below(o.at, o.schema["then"], where)
	}
}

// documentOf returns the document that has these values.
func documentOf(values map[jsontext.Pointer]string) []byte {
	var root any
	for at, value := range values {
		root = put(root, slices.Collect(at.Tokens()), json.RawMessage(value))
	}
	text, err := json.Marshal(root)
	if err != nil {
		panic(err)
	}
	return text
}

// put returns in with a value below it. Lists have one element.
func put(in any, at []string, value any) any {
	if len(at) == 0 {
		return value
	}
	if at[0] == "0" {
		list, ok := in.([]any)
		if !ok {
			list = []any{nil}
		}
		list[0] = put(list[0], at[1:], value)
		return list
	}
	members, ok := in.(map[string]any)
	if !ok {
		members = make(map[string]any)
	}
	members[at[0]] = put(members[at[0]], at[1:], value)
	return members
}

func TestSchemaIsTheSameEachTime(t *testing.T) {
	for name, kinds := range allKinds() {
		t.Run(name, func(t *testing.T) {
			first := config.Schema(kinds)
			for range 10 {
				assert.True(t, bytes.Equal(first, config.Schema(kinds)))
			}
		})
	}
}

func TestSummary(t *testing.T) {
	for doc, want := range map[string]string{
		"":                              "",
		"# only a heading":              "",
		"# name\n\nOne. Two.":           "One",
		"# name\nOne\nline.\n\nTwo.":    "One line",
		"No heading\n\nand more.":       "No heading",
		"# a\n## b\n\nVersion 1.5 now.": "Version 1.5 now",
	} {
		assert.Equal(t, want, config.Summary(doc), "%q", doc)
	}
}
