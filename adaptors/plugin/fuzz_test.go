package plugin

import (
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/assert"
)

// nested has a field of each shape.
type nested struct {
	Text  string            `json:"text" required:"true" enum:"a,b"`
	Wait  time.Duration     `json:"wait"`
	Count *int8             `json:"count"`
	Rest  []nested          `json:"rest"`
	Named map[string]nested `json:"named"`
	Bytes []byte            `json:"bytes"`
	Any   any               `json:"any"`
}

// FuzzDecode: whatever a config is, it is taken, or told of with words and a place.
func FuzzDecode(f *testing.F) {
	for _, text := range []string{
		`{}`, `{"text": "a"}`, `[]`, `null`, ``, `{"text": "a", "wait": "1s", "count": 5, "rest": [{"text": "b"}], "named": {"x": {"text": "c"}}}`,
		`{"rest": [[], {}, 1], "named": {"": null, "/~": {}}, "bytes": "AAA=", "any": [1, {"a": null}]}`, `{"a": 1, "a": 2}`, "{\"text\": \"\xff\"}",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, fault := range decode(text, &nested{}) {
			assert.NotEmpty(t, fault.GetMessage())
			assert.Truef(t, jsontext.Pointer(fault.GetPointer()).IsValid(), "%q", fault.GetPointer())
		}
	})
}
