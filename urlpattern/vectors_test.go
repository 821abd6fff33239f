package urlpattern

import (
	"encoding/json"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"
)

// vector is a row of testdata/vectors.json.
type vector struct {
	Pattern     string
	URL         string
	ServicePath *string
	BasePath    string
	Sub         int `json:"subPathElementCount"`
	Query       json.RawMessage
	Name        string
	Body        json.RawMessage
	Variables   map[string]json.RawMessage
	Decode      bool
	Unsafe      bool
	Error       bool
	Hangs       bool
	Expected    json.RawMessage
	Data        json.RawMessage // of a selector
	Path        string
}

func vectors(t *testing.T) (file struct{ URLPattern, JSONPath, URL []vector }) {
	t.Helper()
	content, err := os.ReadFile("testdata/vectors.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(content, &file))
	require.NotEmpty(t, file.URLPattern)
	return file
}

// values makes the request that a vector describes.
func (v vector) values(t *testing.T) *Values {
	t.Helper()
	text := v.URL
	if v.ServicePath != nil {
		text = "/" + strings.TrimPrefix(v.BasePath+"/"+strings.TrimPrefix(*v.ServicePath, "/"), "/")
		var query map[string][]string
		if v.Query != nil {
			require.NoError(t, json.Unmarshal(v.Query, &query))
		}
		text += "?" + url.Values(query).Encode()
	}
	u, err := ParseURL(text)
	require.NoError(t, err)
	base, err := ParsePath(v.BasePath)
	require.NoError(t, err)
	u.Base, u.Sub = len(base.Segments), v.Sub
	return &Values{URL: &u, Body: v.Body, Name: v.Name, Var: func(name string) []byte { return v.Variables["$"+name] }}
}

// expected are the texts that a vector says.
func (v vector) expected(t *testing.T) []string {
	t.Helper()
	var one string
	if json.Unmarshal(v.Expected, &one) == nil {
		return []string{one}
	}
	var list []string
	require.NoError(t, json.Unmarshal(v.Expected, &list))
	return list
}

func TestVectorsOfPatterns(t *testing.T) {
	// What differs from the vectors, and why.
	exceptions := map[string]struct{ expected, reason string }{
		"/x?u=$$ http://h.com/a b/b?x=1&y=2": {
			"/x?u=http%3A%2F%2Fh.com%2Fa%2520b%2Fb%3Fx%3D1%26y%3D2", "$$ encodes the canonical URL"},
		"/p?$?* /x?q=a%26b&flag&z=1":            {"/p?q=a%26b&flag&z=1", "a key without a value is kept"},
		"$* and $* /x/a":                        {"a and a", "all occurrences are replaced"},
		"$>0 /x/a%20b":                          {"a%20b", "an inserted value is encoded"},
		"$>0 /x/100%25":                         {"100%25", "an inserted value is encoded"},
		"$>0 /x/100%25 decode":                  {"100%", "a decoded value is not decoded again"},
		"/j/$>0 /x/${secret} unsafe":            {"/j/$%7Bsecret%7D", "what is inserted is not looked at again"},
		"/j/$?(q) /x?q=${secret} unsafe":        {"/j/$%7Bsecret%7D", "what is inserted is not looked at again"},
		"/j/${a}${b} /x unsafe":                 {"/j/$%7Bb%7DB", "what is inserted is not looked at again"},
		"/j/${email} /x ../../admin?x=1 unsafe": {"/j/..%2F..%2Fadmin%3Fx%3D1", "a value is one segment"},
		"/j/${email} /x a$&b unsafe":            {"/j/a$%26b", "a value has no replacement codes"},
	}
	for _, v := range vectors(t).URLPattern {
		name := strings.TrimSpace(v.Pattern + " " + v.URL)
		if v.Decode {
			name += " decode"
		}
		if email := gjson.GetBytes(v.Body, "email"); v.Unsafe && email.Exists() {
			name += " " + email.Str
		}
		if v.Unsafe {
			name += " unsafe"
		}
		t.Run(name, func(t *testing.T) {
			p, err := ParseText(v.Pattern)
			require.NoError(t, err)
			texts, err := p.Text(v.values(t), v.Decode)
			exception, excepted := exceptions[name]
			delete(exceptions, name)
			switch {
			case excepted:
				require.NoError(t, err)
				assert.Equal(t, []string{exception.expected}, texts, exception.reason)
			case v.Error:
				assert.Error(t, err)
			default:
				require.NoError(t, err)
				assert.Equal(t, v.expected(t), texts)
			}
		})
	}
	assert.Empty(t, exceptions, "each exception is that of a vector")
}

func TestVectorsOfSelectors(t *testing.T) {
	for _, v := range vectors(t).JSONPath {
		t.Run(v.Path+" of "+string(v.Data), func(t *testing.T) {
			s, err := ParseSelector(v.Path)
			if v.Hangs {
				assert.Error(t, err)
				return
			}
			require.NoError(t, err)
			raw, ok := s.Raw(v.Data)
			// A name of null is absent here, not an error.
			if v.Error || strings.Contains(string(v.Expected), "$undefined") {
				assert.False(t, ok)
				return
			}
			require.True(t, ok)
			assert.JSONEq(t, string(v.Expected), string(raw))
		})
	}
}

func TestVectorsOfURLs(t *testing.T) {
	for _, v := range vectors(t).URL {
		t.Run(v.URL, func(t *testing.T) {
			var expected struct {
				PathElements           []string
				IsDirectory            bool
				Query                  map[string][]string
				Domain, Scheme, String string
			}
			require.NoError(t, json.Unmarshal(v.Expected, &expected))
			u, err := ParseURL(v.URL)
			if strings.HasPrefix(v.URL, "ftp:") { // no scheme but http and https
				assert.Error(t, err)
				return
			}
			require.NoError(t, err)
			for i, e := range expected.PathElements { // these are decoded here
				expected.PathElements[i] = strings.ReplaceAll(e, "%2F", "/")
			}
			assert.Equal(t, expected.PathElements, append([]string{}, u.Path...))
			assert.Equal(t, expected.IsDirectory, u.Dir)
			assert.Equal(t, expected.Domain, u.Host)
			assert.Equal(t, strings.TrimSuffix(expected.Scheme, "://"), u.Scheme)
			query := map[string][]string{}
			for key, value := range QueryPairs(u.Query) {
				query[key] = append(query[key], value)
			}
			if v.URL == "/a?x=1=2" { // what follows a second '=' is kept
				expected.Query = map[string][]string{"x": {"1=2"}}
			}
			assert.Equal(t, expected.Query, query)
			again, err := ParseURL(u.String())
			require.NoError(t, err)
			assert.Equal(t, u, again)
			assert.False(t, slices.Contains(u.Path, ""))
		})
	}
}
