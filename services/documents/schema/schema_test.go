package schema_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/services/documents/schema"
)

func TestWhatIsWrongWithADocument(t *testing.T) {
	for _, row := range []struct{ schema, document, want string }{
		{`true`, `1`, ``},
		{`false`, `1`, `may not be there`},
		{`{}`, `{"a":[1,null,true,"x",{}]}`, ``},
		{`{"type":"string"}`, `1`, `is of the type number: write string`},
		{`{"type":["string","null"]}`, `[]`, `is of the type array: write null or string`},
		{`{"type":"integer"}`, `1.0`, ``},
		{`{"type":"integer"}`, `1e2`, ``},
		{`{"type":"integer"}`, `1.5`, `is of the type number: write integer`},
		{`{"const":9007199254740993}`, `9007199254740992`, `value must be 9007199254740993`},
		{`{"const":1.10}`, `1.1`, ``},
		{`{"required":["a","b"]}`, `{}`, "has no member \"a\", which has to be there\nhas no member \"b\", which has to be there"},
		{`{"additionalProperties":false}`, `{"b":1,"a/~":2}`, "/a~1~0: may not be there\n/b: may not be there"},
		{`{"properties":{"x":{"minLength":2,"pattern":"^b"}}}`, `{"x":"é"}`, "/x: does not match the pattern ^b\n/x: has 1 character: write at least 2"},
		{`{"maxLength":1}`, `"éa"`, `has 2 characters: write at most 1`},
		{`{"items":{"minimum":0.5,"exclusiveMaximum":2}}`, `[0,1,2]`, "/0: is too small: write at least 0.5\n/2: is too large: write less than 2"},
		{`{"maximum":0.1,"multipleOf":0.1}`, `0.25`, "is no multiple of 0.1\nis too large: write at most 0.1"},
		{`{"exclusiveMinimum":1}`, `1`, `is too small: write more than 1`},
		{`{"format":"email"}`, `"x"`, `is no email: missing @`},
		{`{"format":"nobody-knows"}`, `"x"`, ``},
		{`{"minItems":1}`, `[]`, `has 0 elements: write at least 1`},
		{`{"maxItems":1,"uniqueItems":true}`, `[1,1.0]`, "has 2 elements: write at most 1\nhas the same element at 0 and at 1"},
		{`{"minProperties":1}`, `{}`, `has 0 members: write at least 1`},
		{`{"maxProperties":0}`, `{"a":1}`, `has 1 member: write at most 0`},
		{`{"not":{"type":"string"}}`, `"x"`, `is what may not be there`},
		{`{"dependentRequired":{"a":["b"]}}`, `{"a":1}`, `has no member "b", which has to be there beside "a"`},
		{`{"propertyNames":{"maxLength":1}}`, `{"abc":1}`, `has a member "abc", whose name does not fit: has 3 characters: write at most 1`},
		{`{"anyOf":[{"type":"string"},{"required":["x"]}]}`, `{}`,
			`fits none of the alternatives: is of the type object: write string; or has no member "x", which has to be there`},
		{`{"oneOf":[{"type":"string"},{"minimum":2}]}`, `1`,
			`fits none of the alternatives: is of the type number: write string; or is too small: write at least 2`},
		{`{"oneOf":[{},{"minimum":2}]}`, `3`, `fits the alternatives 0 and 1, counted from 0: only one may fit`},
		{`{"allOf":[{"type":"string"},{"type":"null"}]}`, `1`, "is of the type number: write null\nis of the type number: write string"},
		{`{"if":{"type":"string"},"else":{"type":"null"}}`, `1`, `is of the type number: write null`},
		{`{"$ref":"#/$defs/a","$defs":{"a":{"properties":{"n":{"$ref":"#"}},"required":["n"]}}}`, `{"n":{}}`,
			`/n: has no member "n", which has to be there`},
		{`{"$ref":"#"}`, `1`, `can't be checked, since a $ref of the schema leads back to itself`},
		{`{"maximum":1}`, `1e401`, `is a number with an exponent of more than 400: write it as a string`},
		{`{"maximum":1}`, `{"a":-1e-99999999999999999999}`, `/a: is a number with an exponent of more than 400: write it as a string`},
		{`{"prefixItems":[{"type":"string"}],"items":false}`, `["a",1]`, `/1: may not be there`},
		{`{"$schema":"http://json-schema.org/draft-07/schema#","items":[{"type":"string"}],"additionalItems":false}`, `["a",1]`,
			`last 1 additionalItem(s) not allowed`},
	} {
		s, err := schema.Compile([]byte(row.schema))
		require.NoError(t, err, row.schema)
		assert.Equal(t, row.want, lines(s.Check([]byte(row.document))), "%s for %s", row.document, row.schema)
	}
}

const drafts = "https://json-schema.org/draft/2020-12/schema, https://json-schema.org/draft/2019-09/schema, " +
	"http://json-schema.org/draft-07/schema#, http://json-schema.org/draft-06/schema#, http://json-schema.org/draft-04/schema#, or leave it out for the first"

func TestWhatIsNoSchema(t *testing.T) {
	for _, row := range []struct{ schema, want string }{
		{`1`, `is of the type number: write boolean or object`},
		{`{"minLength":-1,"properties":{"a/b":7}}`, "/minLength: is too small: write at least 0\n/properties/a~1b: is of the type number: write boolean or object"},
		{`{"properties":{"a":{"pattern":"("}}}`, "/properties/a/pattern: is no regex: error parsing regexp: missing closing ): `(`"},
		{`{"properties":{"a/b":{"$ref":"#/$defs/x"}}}`, `/properties/a~1b/$ref: "#/$defs/x" leads to nothing in this schema`},
		{`{"items":{"$ref":"#x"}}`, `/items/$ref: "#x" leads to nothing in this schema`},
		{`{"$ref":"person.json#/x"}`, `/$ref: "person.json" leads out of this schema, where nothing is read: put what it stands for into $defs`},
		{`{"$ref":"/etc/passwd"}`, `/$ref: "etc/passwd" leads out of this schema, where nothing is read: put what it stands for into $defs`},
		{`{"$ref":"file:///etc/passwd"}`, `/$ref: "file:///etc/passwd" leads out of this schema, where nothing is read: put what it stands for into $defs`},
		{`{"$schema":"http://127.0.0.1/x"}`, `/$schema: "http://127.0.0.1/x" is no draft of JSON Schema that is known: write one of ` + drafts},
		{`{"$schema":"draft7"}`, `/$schema: "draft7" is no draft of JSON Schema that is known: write one of ` + drafts},
		{`{"maximum":1e1000000}`, `/maximum: is a number with an exponent of more than 400: write it as a string`},
	} {
		_, err := schema.Compile([]byte(row.schema))
		require.Error(t, err, row.schema)
		assert.Equal(t, row.want, lines(err), row.schema)
	}
	_, err := schema.Compile([]byte(`"` + strings.Repeat("x", schema.MaxSize) + `"`))
	assert.EqualError(t, err, "the schema has 131074 bytes: write one of at most 131072")
}

func TestReferencesWithinASchema(t *testing.T) {
	s, err := schema.Compile([]byte(`{"$id":"https://example.org/tree","type":"object","properties":{"below":{"items":{"$ref":"tree"}},"leaf":{"$ref":"https://example.org/leaf"}},
		"$defs":{"leaf":{"$id":"leaf","type":"string"}}}`))
	require.NoError(t, err)
	assert.NoError(t, s.Check([]byte(`{"below":[{"below":[]}],"leaf":"x"}`)))
	assert.Equal(t, "/below/0/below/0: is of the type number: write object\n/leaf: is of the type number: write string",
		lines(s.Check([]byte(`{"below":[{"below":[1]}],"leaf":1}`))))
	s, err = schema.Compile([]byte(`{"properties":{"schema":{"$ref":"https://json-schema.org/draft/2020-12/schema"}}}`))
	require.NoError(t, err, "the standard's own schemas are there")
	assert.Error(t, s.Check([]byte(`{"schema":{"minLength":-1}}`)))
}

func TestSchemaKeepsNothingOfItsText(t *testing.T) {
	text := []byte(`{"properties":{"name":{"const":"x"}}}`)
	s, err := schema.Compile(text)
	require.NoError(t, err)
	copy(text, strings.Repeat("#", len(text)))
	assert.NoError(t, s.Check([]byte(`{"name":"x"}`)))
	assert.Error(t, s.Check([]byte(`{"name":"y"}`)))
}

func TestErrorsAreBounded(t *testing.T) {
	s, err := schema.Compile([]byte(`{"items":{"type":"string"},"additionalProperties":false}`))
	require.NoError(t, err)
	list := s.Check([]byte("[1" + strings.Repeat(",1", 20_000) + "]"))
	assert.Len(t, list, 10_000)
	assert.EqualError(t, list, "/0: is of the type number: write string (and many more)")
	var object strings.Builder
	for i := range 20_000 {
		fmt.Fprintf(&object, `,"%d":1`, i)
	}
	assert.Len(t, s.Check([]byte("{"+object.String()[1:]+"}")), 10_000)
}

func TestNothingIsSaidOfTooMuch(t *testing.T) {
	s, err := schema.Compile([]byte(`{"type":"array","items":{"$ref":"#"}}`))
	require.NoError(t, err)
	const deep, wide = 60, 100_000
	document := []byte(strings.Repeat("[", deep) + "1" + strings.Repeat(",1", wide) + strings.Repeat("]", deep))
	assert.False(t, s.Admits(document))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	err = s.Check(document)
	runtime.ReadMemStats(&after)
	assert.EqualError(t, err, "it has too many values, or nested too deeply, to say where it does not fit: make several documents of it")
	assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(16*wide*deep), "there is no error with its place for each value")

	document = []byte(strings.ReplaceAll(string(document), "1", "[]"))
	assert.True(t, s.Admits(document))
	assert.NoError(t, s.Check(document))
}

func TestAlternativesThatLeadToAlternatives(t *testing.T) {
	s, err := schema.Compile([]byte(`{"oneOf":[{"type":"number"},
		{"type":"object","properties":{"op":{"const":"and"},"of":{"items":{"$ref":"#"}}},"required":["op"]},
		{"type":"object","properties":{"op":{"const":"or"},"of":{"items":{"$ref":"#"}}},"required":["op"]},
		{"type":"object","properties":{"op":{"const":"not"},"of":{"items":{"$ref":"#"}}},"required":["op"]}]}`))
	require.NoError(t, err)
	nested := func(levels int, inside string) []byte {
		return []byte(strings.Repeat(`{"op":"or","of":[`, levels) + inside + strings.Repeat("]}", levels))
	}
	assert.NoError(t, s.Check(nested(9, "1")))
	assert.ErrorContains(t, s.Check(nested(3, `"x"`)), "/of/0: fits none")
	assert.EqualError(t, s.Check(nested(10, `"x"`)), "it has too many values, or nested too deeply, to say where it does not fit: make several documents of it")
	for _, inside := range []string{"1", `"x"`} {
		assert.EqualError(t, s.Check(nested(31, inside)), "it takes too long to check, since it goes through alternatives of the schema over and over: nest it less deeply")
		assert.False(t, s.Admits(nested(31, inside)))
	}

	s, err = schema.Compile([]byte(`{"anyOf":[{"type":["string","number"]},{"type":"array","items":{"$ref":"#"}},{"type":"object","additionalProperties":{"$ref":"#"}}]}`))
	require.NoError(t, err)
	assert.NoError(t, s.Check([]byte("[1"+strings.Repeat(",1", 200_000)+"]")), "many values alone are not much")
	assert.NoError(t, s.Check([]byte(strings.Repeat(`{"a":[`, 30)+"1"+strings.Repeat("]}", 30))), "nor is depth where the type tells the way")
}

// lines returns all errors, in lines.
func lines(err error) string {
	if err == nil {
		return ""
	}
	var all []string
	for _, e := range err.(schema.Errors) {
		all = append(all, e.Error())
	}
	return strings.Join(all, "\n")
}

func valid(text string) bool { return len(text) < 1000 && jsontext.Value(text).IsValid() }

func FuzzCheck(f *testing.F) {
	f.Add(`{"properties":{"a":{"multipleOf":0.1,"maximum":1e300}},"uniqueItems":true}`, `{"a":1e-400}`)
	f.Add(`{"$ref":"#/$defs/a","$defs":{"a":{"anyOf":[{"$ref":"#"},true]}}}`, `[1,"x"]`)
	f.Add(`{"$id":"urn:x","$dynamicRef":"#m","$dynamicAnchor":"m","unevaluatedItems":{"contains":{"pattern":"a"}}}`, `[[1e5,"a"]]`)
	f.Fuzz(func(t *testing.T, text, document string) {
		if !valid(text) || !valid(document) {
			return
		}
		s, err := schema.Compile([]byte(text))
		if err != nil {
			require.NotEmpty(t, err)
			return
		}
		if err := s.Check([]byte(document)); err != nil {
			assert.NotEmpty(t, err.(schema.Errors))
			assert.Equal(t, err, s.Check([]byte(document)), "the same errors in the same order")
		}
	})
}
