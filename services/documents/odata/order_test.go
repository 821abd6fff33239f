package odata_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/services/documents/odata"
)

func sorted(t *testing.T, by string, docs ...string) []string {
	order, err := odata.ParseOrder(by)
	require.NoError(t, err, by)
	slices.SortStableFunc(docs, func(a, b string) int {
		return order.Compare(order.Rank([]byte(a)), order.Rank([]byte(b)))
	})
	return docs
}

func TestOrderOfMixedTypes(t *testing.T) {
	up := []string{`{}`, `{"a":null}`, `7`, `{"a":false}`, `{"a":true}`, `{"a":-1e9}`, `{"a":9007199254740992}`, `{"a":9007199254740993}`,
		`{"a":""}`, `{"a":"B"}`, `{"a":"a"}`, `{"a":[2]}`, `{"a":{}}`, `{"a":[1]}`}
	assert.Equal(t, up, sorted(t, "a", up[8], up[5], up[0], up[11], up[3], up[7], up[6], up[1], up[2], up[4], up[12], up[13], up[10], up[9]))
	assert.Equal(t, []string{`{"a":[1]}`, `{"a":"x"}`, `{"a":1}`, `{}`}, sorted(t, "a desc", `{}`, `{"a":1}`, `{"a":"x"}`, `{"a":[1]}`))
}

func TestOrderByMoreThanOne(t *testing.T) {
	assert.Equal(t, []string{`{"a":2,"b":{"c":1}}`, `{"a":2,"b":{"c":3}}`, `{"a":1,"b":{"c":2}}`},
		sorted(t, "a desc, b/c asc", `{"a":1,"b":{"c":2}}`, `{"a":2,"b":{"c":3}}`, `{"a":2,"b":{"c":1}}`))
	assert.Equal(t, []string{`{"n":"a"}`, `{"n":"B"}`}, sorted(t, "tolower(n)", `{"n":"B"}`, `{"n":"a"}`))
}

func TestOrdersThatCantBeRead(t *testing.T) {
	for by, want := range map[string]string{
		"":                                  "byte 0: a member or a value is missing",
		"a,":                                "byte 2: a member or a value is missing",
		"-age":                              `byte 0: "-age" can't stand here: write age desc`,
		"a, -age":                           `byte 3: "-age" can't stand here: write age desc`,
		"'x'":                               "byte 0: a value is the same for all documents: write a member",
		"a,5":                               "byte 2: a value is the same for all documents",
		"a DESC":                            `byte 2: "DESC" can't stand here: write desc`,
		"a up":                              `byte 2: "up" can't stand here: write a member, then asc or desc`,
		"a.b":                               "byte 1: \".b\" can't stand here: write /",
		"a asc desc":                        "byte 6",
		"a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a": "more than 16 to sort by",
	} {
		_, err := odata.ParseOrder(by)
		assert.ErrorContains(t, err, want, by)
	}
}

func TestSelections(t *testing.T) {
	doc := []byte(` { "a" : 1.10, "b\u0063":[1, 2], "d":{ "e":"x", "f":{"g" : null}}, "h":{} }`)
	for fields, want := range map[string]string{
		"a":        `{"a":1.10}`,
		"bc , a":   `{"a":1.10,"b\u0063":[1, 2]}`,
		"gone":     `{}`,
		"d/f/g":    `{"d":{"f":{"g":null}}}`,
		"d/e,d/f":  `{"d":{"e":"x","f":{"g" : null}}}`,
		"d/e,d":    `{"d":{ "e":"x", "f":{"g" : null}}}`,
		"d,d/e":    `{"d":{ "e":"x", "f":{"g" : null}}}`,
		"a/x":      `{}`,
		"h/x,bc/x": `{"h":{}}`,
		`"a",a`:    `{"a":1.10}`,
	} {
		s, err := odata.ParseSelection(fields)
		if assert.NoError(t, err, fields) {
			assert.Equal(t, want, string(s.Append(nil, doc)), fields)
			assert.Equal(t, "{}", string(s.Append(nil, []byte(`"text"`))))
		}
	}
	for fields, want := range map[string]string{
		"":    "byte 0: a member or a value is missing",
		"*":   "byte 0: a member",
		"a b": `byte 2: "b" can't stand here`,
		"a/":  "byte 2: a member",
		"a.b": "write / before a member of a member",
	} {
		_, err := odata.ParseSelection(fields)
		assert.ErrorContains(t, err, want, fields)
	}
}
