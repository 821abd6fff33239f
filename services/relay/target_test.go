package relay_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/seed90475182/restspace/services/relay"
)

func TestHere(t *testing.T) {
	target := &relay.Target{Scheme: "https", Host: "b.example", Path: []string{"api", "orders"}}
	base := []string{"shop", "a b"}
	for reference, want := range map[string]string{
		"/api/orders/7":                          "/shop/a%20b/7",
		"/api/orders":                            "/shop/a%20b",
		"/api/orders/":                           "/shop/a%20b/",
		"/api/orders/a%2Fb/?x=1&$after=n#part":   "/shop/a%20b/a%2Fb/?x=1&$after=n#part",
		"https://b.example/api/orders/7":         "/shop/a%20b/7",
		"https://asked.example/api/orders/7":     "/shop/a%20b/7",
		"http://b.example/api/orders/7":          "http://b.example/api/orders/7",
		"https://other.example/api/orders/7":     "https://other.example/api/orders/7",
		"https://b.example:8443/api/orders/7":    "https://b.example:8443/api/orders/7",
		"/api/ordersX":                           "/api/ordersX",
		"/api":                                   "/api",
		"/api/orders/../../secret":               "/api/orders/../../secret",
		"//b.example/api/orders/7":               "//b.example/api/orders/7",
		"7":                                      "7",
		"?x":                                     "?x",
		"":                                       "",
		"mailto:ann@example.com":                 "mailto:ann@example.com",
		"javascript:alert(1)//b.example/api/o/7": "javascript:alert(1)//b.example/api/o/7",
	} {
		assert.Equal(t, want, target.Here(reference, base, "asked.example"), reference)
	}
	root := &relay.Target{Scheme: "https", Host: "b.example"}
	assert.Equal(t, "/shop/7", root.Here("/7", []string{"shop"}, ""))
	assert.Equal(t, "7", root.Here("7", []string{"shop"}, ""), "from where the client is")
	assert.Equal(t, "/7", target.Here("/api/orders/7", nil, ""))
}

func TestLinks(t *testing.T) {
	here := func(reference string) string { return "[" + reference + "]" }
	for value, want := range map[string]string{
		`</a>; rel="next"`:                            `<[/a]>; rel="next"`,
		`</a>; rel=next, </b?x=1,2>; rel="prev"`:      `<[/a]>; rel=next, <[/b?x=1,2]>; rel="prev"`,
		`</a>; title="a <b> \"<c>\" d", <e>;rel=last`: `<[/a]>; title="a <b> \"<c>\" d", <[e]>;rel=last`,
		`</a`:        `</a`,
		`<>`:         `<[]>`,
		`"\`:         `"\`,
		`no link`:    `no link`,
		``:           ``,
		`<a>"<b>" <`: `<[a]>"<b>" <`,
	} {
		assert.Equal(t, want, relay.Links(value, here), value)
	}
}

func FuzzLinks(f *testing.F) {
	f.Add(`</a>; rel="next", <b>; title="\"<"`)
	f.Fuzz(func(t *testing.T, value string) {
		assert.Equal(t, value, relay.Links(value, func(reference string) string { return reference }))
	})
}
