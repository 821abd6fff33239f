package schema

import (
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/assert"
)

// FuzzOpposite sees that a schema and its opposite never agree.
func FuzzOpposite(f *testing.F) {
	f.Add(`{"properties":{"a":{"multipleOf":0.1,"maximum":1e300}},"uniqueItems":true,"dependentRequired":{"a":["b"]}}`, `{"a":1e-400}`)
	f.Add(`{"$ref":"#/$defs/a","$defs":{"a":{"anyOf":[{"$ref":"#"},true]}}}`, `[1,"x"]`)
	f.Add(`{"$id":"urn:x","$dynamicRef":"#m","$dynamicAnchor":"m","unevaluatedItems":{"contains":{"pattern":"a"}}}`, `[[1e5,"a"]]`)
	f.Add(`{"oneOf":[{"required":["a"]},{"properties":{"a":true}}],"unevaluatedProperties":false}`, `{"a":1,"b":2}`)
	f.Add(`{"$schema":"http://json-schema.org/draft-04/schema#","items":[{"type":"string"}],"additionalItems":{"not":{"$ref":"#"}}}`, `["a",1]`)
	f.Add(`{"$schema":"https://json-schema.org/draft/2019-09/schema","$recursiveAnchor":true,"items":{"$recursiveRef":"#"},"minItems":1,"if":{"maxItems":1},"else":false}`, `[[[1]]]`)
	f.Fuzz(func(t *testing.T, text, document string) {
		for _, text := range []string{text, document} {
			if len(text) > 1000 || !jsontext.Value(text).IsValid() {
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
		assert.Equal(t, s.compiled.Validate(value) == nil, s.admits(value))
	})
}
