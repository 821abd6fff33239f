package schema

import (
	"math"
	"testing"

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
