package schema

import (
	"math"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestLoad(t *testing.T) {
	for _, row := range []struct {
		schema, document string
		want             int
	}{
		{`true`, `1`, 1},
		{`{"allOf":[{},{}],"not":{},"if":{},"then":{},"else":{}}`, `1`, 7},
		{`{"type":"string","allOf":[{},{}]}`, `{}`, 1},
		{`{"type":["array","object"],"allOf":[{},{}]}`, `{}`, 3},
		{`{"properties":{"a":{"$ref":"#"}}}`, `{"a":{"a":{"b":1}}}`, 1 + 2 + 2},
		{`{"anyOf":[{"items":{"$ref":"#"}},{"items":{"$ref":"#"}}]}`, `[[[]]]`, 3 + 2*4 + 4*4},
		{`{"anyOf":[{"items":{"$ref":"#"}},{"items":{"$ref":"#"}}]}`, `[[],[]]`, 3 + 2*2*4},
		{`{"patternProperties":{"^a":{"$ref":"#"}},"additionalProperties":{"allOf":[{}]}}`, `{"ab":{"a":1},"c":1}`, 1 + 2 + 2 + 2},
		{`{"prefixItems":[{"allOf":[{}]}],"items":{"$ref":"#/prefixItems/0"},"contains":{}}`, `[1,2]`, 1 + 2 + 3 + 2},
		{`{"$schema":"http://json-schema.org/draft-07/schema","items":[{},{}],"additionalItems":{"allOf":[{}]}}`, `[1,2,3]`, 5},
		{`{"$schema":"http://json-schema.org/draft-07/schema","dependencies":{"a":{"allOf":[{}]},"b":["a"]}}`, `{}`, 3},
		{`{"propertyNames":{"allOf":[{},{}]}}`, `{"a":1,"b":2}`, 1 + 3 + 3},
		{`{"dependentSchemas":{"a":{}},"unevaluatedProperties":{}}`, `{"b":1}`, 3},
		{`{"$dynamicAnchor":"x","unevaluatedItems":{"$dynamicRef":"#x"}}`, `[[1]]`, 5},
		{`{"$schema":"https://json-schema.org/draft/2019-09/schema","items":{"$recursiveRef":"#"}}`, `[[1]]`, 5},
	} {
		s, err := Compile([]byte(row.schema))
		require.NoError(t, err, row.schema)
		value, _, err := decode([]byte(row.document))
		require.NoError(t, err)
		l := load{most: math.MaxInt}
		l.value(value, ways{s.compiled: 1})
		assert.Equal(t, row.want, l.count, "%s of %s", row.document, row.schema)
	}
}

func TestIsPlain(t *testing.T) {
	for text, want := range map[string]bool{
		`{"properties":{"a":{"items":{"type":"string"}}}}`:                          true,
		`{"properties":{"a":{"$ref":"#/$defs/b"}},"$defs":{"b":{"allOf":[{},{}]}}}`: true,
		`{"properties":{"a":{"$ref":"#"}}}`:                                         false,
		`{"$dynamicAnchor":"x","prefixItems":[{"$dynamicRef":"#x"}]}`:               false,
	} {
		s, err := Compile([]byte(text))
		require.NoError(t, err)
		assert.Equal(t, want, s.plain, text)
	}
}

// FuzzLoad sees that values are not looked at more often than was counted.
func FuzzLoad(f *testing.F) {
	for _, text := range []string{
		`{"dependentSchemas":{"a":{"propertyNames":{"maxLength":1}}},"properties":{"a":{"maximum":1}}}`,
		`{"$ref":"#/$defs/a","$defs":{"a":{"anyOf":[{"$ref":"#"},true,{"items":{"$ref":"#"}}]}}}`,
		`{"$id":"urn:x","$dynamicRef":"#m","$dynamicAnchor":"m","unevaluatedItems":{"contains":{"pattern":"a"}}}`,
		`{"oneOf":[{"required":["a"]},{}],"unevaluatedProperties":{"type":"number"},"patternProperties":{"^a":{"not":{"$ref":"#"}}}}`,
		`{"$schema":"http://json-schema.org/draft-04/schema#","items":[{}],"additionalItems":{"$ref":"#"},"dependencies":{"a":{"additionalProperties":{"$ref":"#"}}}}`,
		`{"$schema":"https://json-schema.org/draft/2019-09/schema","$recursiveAnchor":true,"items":{"$recursiveRef":"#"},"if":{"maxItems":1},"else":false}`,
		`{"prefixItems":[{},{"$ref":"#"}],"items":{"allOf":[{"$ref":"#"},{"$ref":"#"}]}}`,
	} {
		f.Add(text, `{"a":1e-4,"b":{"a":[{"a":1},[1]]}}`)
		f.Add(text, `[1,"x",[["a",[1,2,3,{}]]]]`)
	}
	f.Fuzz(func(t *testing.T, text, document string) {
		for _, text := range []string{text, document} {
			if len(text) > 400 || !jsontext.Value(text).IsValid() {
				return
			}
		}
		s, err := Compile([]byte(text))
		if err != nil {
			return
		}
		value, _, err := decode([]byte(document))
		if err != nil {
			return
		}
		l := load{most: 100_000}
		l.value(value, ways{s.compiled: 1})
		if looks := countLooks(s.compiled); l.count <= l.most {
			_ = s.compiled.Validate(value)
			assert.LessOrEqual(t, *looks, l.count)
		}
	})
}

// countLooks has a format of all schemas in s count how often they look further
// than at the type of a value.
func countLooks(s *jsonschema.Schema) *int {
	count := new(int)
	seen := make(map[*jsonschema.Schema]bool)
	var walk func(*jsonschema.Schema)
	walk = func(s *jsonschema.Schema) {
		if seen[s] {
			return
		}
		seen[s] = true
		s.Format = &jsonschema.Format{Validate: func(any) error { *count++; return nil }}
		for _, sub := range append(inPlace(s), below(s)...) {
			walk(sub)
		}
	}
	walk(s)
	return count
}
