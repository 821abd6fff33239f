package urlpattern

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestQueryPairs(t *testing.T) {
	for raw, pairs := range map[string][]string{
		"":                  nil,
		"a=1":               {"a", "1"},
		"a=1&b=2&a=3":       {"a", "1", "b", "2", "a", "3"},
		"flag":              {"flag", ""},
		"=x":                {"", "x"},
		"a=1=2":             {"a", "1=2"},
		"&&a=1&":            {"a", "1"},
		"a+b=c+d":           {"a b", "c d"},
		"a%20b=%C3%A9%2B":   {"a b", "é+"},
		"p=100%&q=%zz&r=%2": {"p", "100%", "q", "%zz", "r", "%2"},
		"a;b=1":             {"a;b", "1"},
	} {
		var got []string
		for k, v := range QueryPairs(raw) {
			got = append(got, k, v)
		}
		assert.Equal(t, pairs, got, raw)
	}
}

func TestQueryValue(t *testing.T) {
	value, ok := QueryValue("a=1&b=2&b=3&flag", "b")
	assert.True(t, ok)
	assert.Equal(t, "2", value)
	value, ok = QueryValue("a=1&flag", "flag")
	assert.True(t, ok)
	assert.Empty(t, value)
	_, ok = QueryValue("a=1", "A")
	assert.False(t, ok)
	assert.Zero(t, testing.AllocsPerRun(100, func() { QueryValue("a=1&b=2&c=3", "c") }))
}

func TestParseURL(t *testing.T) {
	tests := []struct {
		text string
		url  URL
		back string
	}{
		{"", URL{Dir: true}, "/"},
		{"?a=b", URL{Dir: true, Query: "a=b"}, "/?a=b"},
		{"/a?b?c", URL{Path: []string{"a"}, Query: "b?c"}, "/a?b?c"},
		{"/a?b c\u00e9\"", URL{Path: []string{"a"}, Query: "b%20c%C3%A9%22"}, "/a?b%20c%C3%A9%22"},
		{"/a#b?c", URL{Path: []string{"a"}}, "/a"},
		{"/a?u=http://h/", URL{Path: []string{"a"}, Query: "u=http://h/"}, "/a?u=http://h/"},
		{"HTTP://Example.COM", URL{Scheme: "http", Host: "example.com", Dir: true}, "http://example.com/"},
		{"https://h:8443?x", URL{Scheme: "https", Host: "h:8443", Dir: true, Query: "x"}, "https://h:8443/?x"},
		{"http://127.0.0.1:80/a", URL{Scheme: "http", Host: "127.0.0.1:80", Path: []string{"a"}}, "http://127.0.0.1:80/a"},
		{"http://[2001:DB8::1]:8080/", URL{Scheme: "http", Host: "[2001:db8::1]:8080", Dir: true}, "http://[2001:db8::1]:8080/"},
	}
	for _, tt := range tests {
		t.Run(tt.text, func(t *testing.T) {
			u, err := ParseURL(tt.text)
			require.NoError(t, err)
			if tt.url.Path == nil {
				tt.url.Path = []string{}
			}
			assert.Equal(t, tt.url, u)
			assert.Equal(t, tt.back, u.String())
		})
	}
}

func TestParseURLRefuses(t *testing.T) {
	for text, offset := range map[string]int{
		"ftp://h/":             0,
		"://h/":                0,
		"http://":              7,
		"http://u:p@h/":        7,
		"http://h:0/":          7,
		"http://h:65536/":      7,
		"http://h:x/":          7,
		"http://h:/":           7,
		"http://h%2Fx/":        7,
		"http://h\\x/":         7,
		"http://é/":            7,
		"http://::1/":          7,
		"http://[::1/":         7,
		"http://[::1]x/":       7,
		"http://[fe80::1%25a]": 7,
		"http://[1.2.3.4]/":    7,
		"http://h//a":          9,
		"http://h/a/../b":      11,
		"//h/a":                1,
		"/x/http://h":          9,
		"/a?b\r\nc":            4,
	} {
		_, err := ParseURL(text)
		var fault *PathError
		require.ErrorAs(t, err, &fault, text)
		assert.Equal(t, offset, fault.Offset, text)
	}
}

func TestPartsOfURL(t *testing.T) {
	path := []string{"a", "b", "c", "d"}
	tests := []struct {
		base, sub                  int
		basePath, service, main, s []string
	}{
		{0, 0, path[:0], path, path, path[4:]},
		{1, 0, path[:1], path[1:], path[1:], path[4:]},
		{1, 2, path[:1], path[1:], path[1:2], path[2:]},
		{2, 9, path[:2], path[2:], path[:0], path[2:]},
		{9, 9, path, path[:0], path[:0], path[:0]},
		{-1, -1, path[:0], path, path, path[:0]},
	}
	for _, tt := range tests {
		u := URL{Path: path, Base: tt.base, Sub: tt.sub}
		assert.Equal(t, [][]string{tt.basePath, tt.service, tt.main, tt.s},
			[][]string{u.BasePath(), u.ServicePath(), u.MainPath(), u.SubPath()}, "%d %d", tt.base, tt.sub)
	}
}
