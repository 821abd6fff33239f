package record_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/assert"

	"github.com/seed90475182/restspace/bus/record"
)

func TestRedacts(t *testing.T) {
	r := record.NewRedactor([]string{"s3same", "", "with \"quotes\" & more", "s3same-longer"})
	for text, want := range map[string]string{
		``:                                ``,
		`/contacts/ann?page=2`:            `/contacts/ann?page=2`,
		`/a/s3same/b`:                     `/a/[redacted]/b`,
		`/a/s3same-longer/b`:              `/a/[redacted]/b`,
		`{"a":"with \"quotes\" & more"}`:  `{"a":"[redacted]"}`,
		`/x?a=with+%22quotes%22+%26+more`: `/x?a=[redacted]`,
		`/x?token=abc&page=2`:             `/x?token=[redacted]&page=2`,
		`/x?page=2&api_key=abc#f`:         `/x?page=2&api_key=[redacted]#f`,
		`/x?X-Amz-Signature=abc`:          `/x?X-Amz-Signature=[redacted]`,
		`/x?pass%77ord=abc`:               `/x?pass%77ord=[redacted]`,
		`/x?tokens=abc`:                   `/x?tokens=abc`,
		`password=abc&name=jo`:            `password=[redacted]&name=jo`,
		`https://jo:pw@example.com/x`:     `https://[redacted]@example.com/x`,
		`https://jo@example.com/x`:        `https://[redacted]@example.com/x`,
		`https://example.com/x@y`:         `https://example.com/x@y`,
		`Authorization: Digest abc`:       `Authorization: [redacted]`,
		"a\r\nCookie: a=b; c=d\r\nX: y":   "a\r\nCookie: [redacted]\r\nX: y",
		"Set-Cookie: a=b":                 "Set-Cookie: [redacted]",
		"x-api-key: abc":                  "x-api-key: [redacted]",
		"with Bearer abcdefghi.jkl":       "with Bearer [redacted]",
		"/reset/eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJhIn0.c2ln-_/x": "/reset/[redacted]/x",
		`["eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJhIn0."]`:            `["[redacted]"]`,
		`/eyJx/a.b.c`:                              `/eyJx/a.b.c`,
		`{"password":"a\"b","x":1}`:                `{"password":"[redacted]","x":1}`,
		`{"apiKey" : 17, "x":1}`:                   `{"apiKey" : "[redacted]", "x":1}`,
		`{"secret":{"a":[1,"}"]},"x":1}`:           `{"secret":"[redacted]","x":1}`,
		`{"a":{"access_token":null}}`:              `{"a":{"access_token":"[redacted]"}}`,
		`{"pass\u0077ord":"abc"}`:                  `{"pass\u0077ord":"[redacted]"}`,
		"{\"password\"\n:\n\"abc\"}":               "{\"password\"\n:\n\"[redacted]\"}",
		"{\n  \"client-secret\": true,\n\"a\": 1}": "{\n  \"client-secret\": \"[redacted]\",\n\"a\": 1}",
		`{"x":1,"token":"not who`:                  `{"x":1,"token":"[redacted]"`,
		`{"tokens":5,"secretary":"jo"}`:            `{"tokens":5,"secretary":"jo"}`,
		`{"auth":{"reset":{"hash":"ab"}},"x":1}`:   `{"auth":"[redacted]","x":1}`,
		`/x?auth=abc&author=jo`:                    `/x?auth=[redacted]&author=jo`,
		`["password"]`:                             `["password"]`,
		`{"a":"` + "\\":                            `{"a":"` + "\\",
	} {
		assert.Equal(t, want, r.Text(text), text)
	}
}

func TestRedactsFields(t *testing.T) {
	var r *record.Redactor
	for _, name := range []string{"Authorization", "cookie", "Set-Cookie", "X-API-Key", "Proxy-Authorization", "X-Auth-Token", "X-Amz-Security-Token"} {
		assert.Equal(t, "[redacted]", r.Field(name, "abc"), name)
	}
	assert.Equal(t, "/x?token=[redacted]", r.Field("Location", "/x?token=abc"))
	assert.Equal(t, "text/html", r.Field("Content-Type", "text/html"))
}

func FuzzRedact(f *testing.F) {
	f.Add(`{"password":"`, `"}`)
	f.Add(`/x?a=b&token=`, `&c`)
	f.Fuzz(func(t *testing.T, before, after string) {
		text := record.NewRedactor([]string{"s3same-value"}).Text(before + "s3same-value" + after)
		if strings.Contains(text, "s3same-value") {
			t.Errorf("%q", text)
		}
	})
}

// FuzzRedactMembers has a secret stand in a document of which nothing else is
// known.
func FuzzRedactMembers(f *testing.F) {
	f.Add(`a"b`, `\\`, "x")
	f.Fuzz(func(t *testing.T, key, before, after string) {
		quote := func(s string) string {
			quoted, _ := jsontext.AppendQuote(nil, strings.ToValidUTF8(s, "?"))
			return string(quoted)
		}
		var r *record.Redactor
		for _, text := range []string{
			fmt.Sprintf(`{%s:%s,"password":{"a":["s3same-value"]},%s:1}`, quote(key), quote(before), quote(after)),
			fmt.Sprintf(`[%s, {"apiKey" : "s3same-value"}, %s]`, quote(before), quote(after)),
			fmt.Sprintf(`[%s,{"token":"%s s3same-value`, quote(before), strings.Trim(quote(after), `"`)),
			fmt.Sprintf(`/%s?%s=1&token=s3same-value&%s`, url.PathEscape(key), url.QueryEscape(before), url.QueryEscape(after)),
		} {
			if made := r.Text(text); strings.Contains(made, "s3same-value") {
				t.Errorf("%s is %s", text, made)
			}
		}
	})
}
