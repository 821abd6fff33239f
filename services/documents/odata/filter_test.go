package odata_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/services/documents/odata"
)

const ann = ` {"name":"Ann O'Hara","age":41,"big":9007199254740993,"price":1.10,"ok":true,"no":false,"none":null,
	"address":{"city":"Köln","zip":"50667"},"tags":["a","b"],"born":"1985-02-03","seen":"2026-05-04T12:00:00+02:00",
	"first name":"Ann","a\"b":1,"and":2,"esc\u0061pe":3,"0":4,"a.b":5,"@this":6,"":7,"x*":8}`

func TestFilters(t *testing.T) {
	for filter, want := range map[string]bool{
		"age gt 30":                              true,
		"age gt 41":                              false,
		"age ge 41 and age le 41":                true,
		"age lt 41.0000000000000000000001":       true,
		"age eq 4.1e1":                           true,
		"age ne 41":                              false,
		"41 eq age":                              true,
		"big eq 9007199254740993":                true,
		"big eq 9007199254740992":                false,
		"big gt 9007199254740992":                true,
		"big lt 1e400":                           true,
		"price eq 1.1":                           true,
		"name eq 'Ann O''Hara'":                  true,
		"startswith(name,'Ann')":                 true,
		"startswith( name , 'ann' )":             false,
		"endswith(tolower(name),'hara')":         true,
		"contains(name,'''')":                    true,
		"contains(name,'''') eq true":            true,
		"length(address/city) eq 4":              true,
		"length(name) gt length(address/city)":   true,
		"address/city eq 'Köln'":                 true,
		"address/city/x eq null":                 true,
		"address eq null":                        false,
		"address ne 'x'":                         true,
		"address eq address":                     false,
		"ok":                                     true,
		"no":                                     false,
		"not no":                                 true,
		"not not ok":                             true,
		"ok eq true and no eq false":             true,
		"ok gt no":                               true,
		"age":                                    false,
		"not age":                                false,
		"none eq null":                           true,
		"gone eq null":                           true,
		"gone ne null":                           false,
		"age ne null":                            true,
		"gone gt 1":                              false,
		"gone ge null":                           false,
		"not (gone gt 1)":                        true,
		"gone ne 1":                              true,
		"not startswith(gone,'A')":               false,
		"startswith(gone,'A') or ok":             true,
		"startswith(gone,'A') eq null":           true,
		"age eq '41'":                            false,
		"age lt '5' or age gt '5'":               false,
		"age in (1,41,'x')":                      true,
		"age in (1)":                             false,
		"gone in (null)":                         true,
		"not (age in (1,2))":                     true,
		"address/city in ('Bonn','Köln') and ok": true,
		"ok or no and no":                        true,
		"(ok or no) and no":                      false,
		"born lt 2000-01-01":                     true,
		"born eq 1985-02-03T00:00:00Z":           true,
		"seen eq 2026-05-04T10:00:00Z":           true,
		"seen eq 2026-05-04T10:00:00.000Z":       true,
		"seen gt 2026-05-04T10:00:00+01:00":      true,
		"seen in (2026-05-04T12:00:00+02:00)":    true,
		"name gt 2000-01-01":                     false,
		"name ne 2000-01-01":                     true,
		"born eq '1985-02-03'":                   true,
		"tags eq null":                           false,
		`"first name" eq 'Ann'`:                  true,
		`"a""b" eq 1`:                            true,
		`"and" eq 2`:                             true,
		"escape eq 3":                            true,
		`"0" eq 4`:                               true,
		`"a.b" eq 5`:                             true,
		`"@this" eq 6`:                           true,
		`"" eq 7`:                                true,
		`"x*" eq 8`:                              true,
		`"na*" eq null`:                          true,
		`name/"#" eq null`:                       true,
		"null eq null":                           true,
		"(ok and age) eq 41":                     false,
		"true":                                   true,
	} {
		f, err := odata.ParseFilter(filter)
		if assert.NoError(t, err, filter) {
			assert.Equal(t, want, f.Match([]byte(ann)), filter)
		}
	}
}

func TestFiltersOfWhatIsNoObject(t *testing.T) {
	f, err := odata.ParseFilter(`a eq null and "0" eq null`)
	require.NoError(t, err)
	for _, doc := range []string{`[1]`, `1`, `"{\"a\":1}"`, `[{"a":1}]`, `null`, `{}`, ``} {
		assert.True(t, f.Match([]byte(doc)), doc)
	}
}

func TestFiltersThatCantBeRead(t *testing.T) {
	for filter, want := range map[string]string{
		"":                                    "byte 0: a member or a value is missing",
		"age":                                 "",
		"'a'":                                 "byte 0: a condition has to stand here: write a comparison, such as age gt 30",
		"ok and 5":                            "byte 7: a condition has to stand here",
		"length(a) or ok":                     "byte 0: a condition has to stand here",
		"age gt":                              "byte 6: a member or a value is missing",
		"age > 3":                             `byte 4: ">" can't stand here: write gt`,
		"age>=3":                              `byte 3: ">=" can't stand here: write ge`,
		"(age <= 3)":                          `byte 5: "<=" can't stand here: write le`,
		"age = 3":                             `byte 4: "=" can't stand here: write eq`,
		"age == 3":                            `byte 4: "==" can't stand here: write eq`,
		"age != 3":                            `byte 4: "!=" can't stand here: write ne`,
		"ok && no":                            `byte 3: "&&" can't stand here: write and`,
		"age eq 3 || no":                      `byte 9: "||" can't stand here: write or`,
		"!ok":                                 `byte 0: "!" can't stand here: write not`,
		"age EQ 3":                            `byte 4: "EQ" can't stand here: write eq`,
		"tags[0] eq 'a'":                      `byte 4: "[" can't stand here: what is in lists can't be searched`,
		"ok eq True":                          `byte 6: True is no value: write true, or "True" in double quotes`,
		"NULL eq age":                         `byte 0: NULL is no value: write null`,
		`name eq "Ann O'H"`:                   `byte 8: a text stands in single quotes: write 'Ann O''H' (a member`,
		`startswith(name,"A")`:                `byte 16: a text stands in single quotes: write 'A'`,
		`name eq "A`:                          `byte 8: a text is not closed`,
		"age gt 3 AND ok":                     `byte 9: "AND" can't stand here: write and`,
		"age gt 3 and":                        "byte 12: a member or a value is missing",
		"and ok":                              `byte 0: a member or a value is missing before and: write one, or "and" in double quotes`,
		"not age eq 3":                        "byte 4: not stands before a comparison: write not ( ... ) around it",
		"not not age in (3)":                  "not stands before a comparison",
		"address.city eq 'x'":                 `byte 7: ".city" can't stand here: write / before a member of a member`,
		"name eq 'x":                          "byte 8: a text is not closed: write ' at its end, and '' for one within it",
		"(ok":                                 "byte 3: a parenthesis is not closed",
		"ok)":                                 `byte 2: ")" can't stand here`,
		"age in 3":                            "byte 7: in needs a list: write in ('a','b')",
		"age in ()":                           "byte 8: a value is missing",
		"age in (3 4)":                        "byte 10: the list is not closed",
		"age in (b)":                          "byte 8: a value is missing",
		"indexof(a,'b') eq 1":                 "byte 0: there is no function indexof: write startswith, endswith, contains, tolower or length",
		"startswith(a)":                       "byte 0: startswith takes 2 of what stands in its parentheses, not 1",
		"startswith(a,5)":                     "byte 13: startswith is of texts",
		"tolower(a":                           "byte 9: the arguments of tolower are not closed",
		"age eq 05":                           `byte 7: "05" is neither a number nor a date: write 12, 1.5e3`,
		"age eq 2026-13-01":                   "is neither a number nor a date",
		"a eq 2026-01-01T00:00:00 02:00":      `(a + of a zone is %2B in a URL)`,
		"a eq +1":                             `"+1" is neither`,
		"tags/0 eq 1":                         "byte 5: a member or a value is missing",
		"true/a eq 1":                         `byte 4: "/a" can't stand here`,
		"a/ eq 1":                             "byte 2: a member or a value is missing",
		strings.Repeat("(", 40) + "ok":        "byte 33: nested more than 32 deep",
		strings.Repeat("not ", 40) + "ok":     "nested more than 32 deep",
		strings.Repeat("tolower(", 40) + "a":  "nested more than 32 deep",
		"ok" + strings.Repeat(" and ok", 300): "more than 200 names",
		"a eq '" + strings.Repeat("x", 9000) + "'": "byte 8192: it is longer than 8192 bytes",
		"a eq " + strings.Repeat("9", 1001):        "is neither a number",
	} {
		_, err := odata.ParseFilter(filter)
		if want == "" {
			assert.NoError(t, err, filter)
			continue
		}
		var syntax *odata.SyntaxError
		if assert.ErrorAs(t, err, &syntax, filter) {
			assert.Contains(t, err.Error(), want, filter)
		}
	}
}

func TestMatchDoesNotAllocate(t *testing.T) {
	f, err := odata.ParseFilter("age gt 30 and startswith(name,'Ann') and address/city ne 'Bonn'")
	require.NoError(t, err)
	doc := []byte(ann)
	assert.Zero(t, testing.AllocsPerRun(100, func() { f.Match(doc) }))
}

func FuzzFilter(f *testing.F) {
	for _, text := range []string{"age gt 30 and startswith(name,'A')", `not (a/b in (1,'x',null)) or "c d" le 2026-05-04`, "length(tolower(x)) eq -1.5e3"} {
		f.Add(text, ann)
	}
	f.Fuzz(func(t *testing.T, text, doc string) {
		filter, err := odata.ParseFilter(text)
		if err == nil {
			filter.Match([]byte(doc))
		} else {
			var syntax *odata.SyntaxError
			require.ErrorAs(t, err, &syntax)
			assert.LessOrEqual(t, syntax.Offset, len(text))
		}
		if order, err := odata.ParseOrder(text); err == nil {
			rank := order.Rank([]byte(doc))
			assert.Zero(t, order.Compare(rank, rank))
		}
		if s, err := odata.ParseSelection(text); err == nil {
			s.Append(nil, []byte(doc))
		}
	})
}
