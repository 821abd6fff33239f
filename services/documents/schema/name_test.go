package schema_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/services/documents/schema"
)

func TestNameOfADocument(t *testing.T) {
	for _, row := range []struct{ pattern, document, want, fault string }{
		{`${email}`, `{"email":"ann@x.y"}`, "ann@x.y", ""},
		{`${id}`, `{"id":9007199254740993}`, "9007199254740993", ""},
		{`${a.b}-${c}`, `{"a":{"b":"x"},"c":1}`, "x-1", ""},
		{`${name}`, `{"name":"a/b"}`, "a/b", ""},
		{`${name}`, `{"name":".schema"}`, "", "${name} gives a name that begins with a dot"},
		{`${name}`, `{"name":".."}`, "", "as a segment"},
		{`${name}`, `{"name":""}`, "", "an empty string"},
		{`${name}`, `{"name":null}`, "", "null where a value is needed"},
		{`${name}`, `{"nam":"x"}`, "", "there is no such value"},
		{`${name}`, `1`, "", "there is no such value"},
		{`${name}`, `{"name":["a","b"]}`, "", "more than 1 values"},
		{`${name}`, `{"name":[]}`, "", "${name} gives no name but a path or nothing"},
		{`${*name}`, `{"name":"a/b"}`, "", "${*name} gives no name but a path or nothing"},
		{`${name}`, `{"name":"a\u0000b"}`, "", "segment"},
		{`x`, `{}`, "", "pattern"},
		{`/x/${name}`, `{}`, "", "pattern"},
		{`${name}?x=1`, `{}`, "", "pattern"},
		{`$>0`, `{}`, "", "pattern"},
		{`${name`, `{}`, "", "pattern"},
	} {
		s, err := schema.Compile([]byte(`{"pathPattern":"` + row.pattern + `"}`))
		if row.fault == "pattern" {
			require.Error(t, err, row.pattern)
			assert.Equal(t, "/pathPattern", err.(schema.Errors)[0].Pointer)
			continue
		}
		require.NoError(t, err, row.pattern)
		name, err := s.Name([]byte(row.document))
		if row.fault != "" {
			assert.ErrorContains(t, err, row.fault, "%s for %s", row.pattern, row.document)
			continue
		}
		assert.NoError(t, err, "%s for %s", row.pattern, row.document)
		assert.Equal(t, row.want, name)
	}
	for _, text := range []string{`{}`, `true`} {
		s, err := schema.Compile([]byte(text))
		require.NoError(t, err)
		name, err := s.Name([]byte(`{}`))
		assert.NoError(t, err)
		assert.Empty(t, name, "it says nothing of names")
	}
	for _, value := range []string{`1`, `null`, `""`} {
		_, err := schema.Compile([]byte(`{"pathPattern":` + value + `}`))
		assert.EqualError(t, err, `/pathPattern: is no pattern of a name: write one without slashes, such as "${email}"`)
	}
}
