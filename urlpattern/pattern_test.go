package urlpattern

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestParseRefuses(t *testing.T) {
	tests := []struct {
		pattern string
		offset  int
		message string
	}{
		{"/a/${b", 3, "not finished"},
		{"/a/${", 3, "not finished"},
		{"/a/${*b", 3, "not finished"},
		{"/a/$?(x", 3, "not finished"},
		{"/a/$>1:(x", 3, "not finished"},
		{"/a/$?()", 3, "query key"},
		{"/a/${b..c}", 7, "a name is missing"},
		{"/a/${b.}", 7, "a name is missing"},
		{"/a/${$}", 6, "variable"},
		{"/a/${$v-x}", 7, "variable"},
		{"/a/${b[0}", 6, "not closed"},
		{"/a//b", 3, "empty segment"},
		{"//a", 1, "empty segment"},
		{"/a/../b", 3, `".."`},
		{"/a/%2e%2e/$>0", 3, `".."`},
		{"/a%2", 2, "%25"},
		{"/a%2$>0", 2, "%25"},
		{"/a#b", 2, "fragment"},
		{"/a?b#c", 4, "fragment"},
		{"/a/$>0:(b?c)", 9, "%3F"},
		{"/a\n", 2, "control"},
		{"/a\xff", 2, "UTF-8"},
		{"/" + strings.Repeat("x", 256), 1, "255"},
		{strings.Repeat("x", 9000), 8192, "8 KiB"},
		{strings.Repeat("$>0", 129), 129 * 3, "128"},
		{"ftp://x/y", 0, "scheme"},
		{"http://a@b/c", 7, "host"},
		{"http:///c", 7, "host"},
		{"http://h$>0/c", 7, "the host is not a literal"},
		{"http://h:80$*", 7, "the host is not a literal"},
		{"http://$>0/c", 7, "the host is not a literal"},
		{"$>0://h/c", 5, "empty segment"},
		{"$?(url)", 0, "/contacts/$?(url)"},
		{"$?(url):(x)", 0, "whole URL"},
		{"${url}", 0, "whole URL"},
		{"${$v.url}", 0, "whole URL"},
	}
	for _, tt := range tests {
		t.Run(tt.pattern[:min(len(tt.pattern), 20)], func(t *testing.T) {
			_, err := Parse(tt.pattern)
			var fault *SyntaxError
			require.ErrorAs(t, err, &fault)
			assert.Equal(t, tt.offset, fault.Offset)
			assert.Contains(t, fault.Error(), tt.message)
		})
	}
}

// A '$' that begins no code and a ':' that begins no default are literals.
func TestLiterals(t *testing.T) {
	u := URL{Path: []string{"b", "x"}, Base: 1}
	for pattern, text := range map[string]string{
		"/a/$":          "/a/$",
		"/a/$>":         "/a/$>",
		"/a/$B":         "/a/$B",
		"/a/$S*":        "/a/$S*",
		"/a/$?x":        "/a/$?x",
		"/a/$x$>0":      "/a/$xx",
		"/a:b/$>0:b":    "/a:b/x:b",
		"/$>0:$x":       "/x:$x",
		"/$>0:$>0:(y)":  "/x:(y)",
		"/a?b=$>0?c":    "/a?b=x?c",
		"/a b/c%2Fd":    "/a b/c%2Fd",
		"http://h/$>0":  "http://h/x",
		"/$>0/$$/?q=$$": "/x/%2Fb%2Fx/?q=%2Fb%2Fx",
	} {
		p, err := Parse(pattern)
		require.NoError(t, err, pattern)
		texts, err := p.Text(&Values{URL: &u}, false)
		require.NoError(t, err, pattern)
		assert.Equal(t, []string{text}, texts, pattern)
		assert.Equal(t, pattern, p.String())
	}
}

func TestLiteral(t *testing.T) {
	for pattern, literal := range map[string]string{
		"/contacts":                 "/contacts",
		"/contacts/":                "/contacts/",
		"/":                         "/",
		"/contacts/$>0/":            "/contacts",
		"/contacts/$>0/x":           "/contacts",
		"/a/b%2Fc/d$>0":             "/a/b%2Fc",
		"contacts/${id}":            "/contacts",
		"/contacts$*":               "/",
		"$*":                        "/",
		"/$>0/contacts":             "/",
		"/contacts?x=$>0":           "/contacts",
		"HTTPS://Up.Example:8080/a": "https://up.example:8080/a",
		"http://[::1]:80/$*":        "http://[::1]:80/",
		"http://up?x=$>0":           "http://up/",
	} {
		p, err := Parse(pattern)
		require.NoError(t, err, pattern)
		assert.Equal(t, literal, p.Literal().String(), pattern)
		path, _, _ := strings.Cut(pattern, "?")
		assert.Equal(t, !strings.Contains(path, "$"), p.LiteralPath(), pattern)
	}
}

func TestArgs(t *testing.T) {
	p, err := Parse("/a/$>1:(x)/$B<2<0/$*/$P*/$N>0/$S<0/$$?q=$?(k)&$?*&b=${a.b[0]}&c=${*c}&d=${$v.e}")
	require.NoError(t, err)
	assert.Equal(t, []Arg{
		{Code: "$>1:(x)", Source: FromServicePath, Key: ">1", Optional: true},
		{Code: "$B<2<0", Source: FromBasePath, Key: "<2<0"},
		{Code: "$*", Source: FromServicePath, Key: "*"},
		{Code: "$P*", Source: FromFullPath, Key: "*"},
		{Code: "$N>0", Source: FromName, Key: ">0"},
		{Code: "$S<0", Source: FromSubPath, Key: "<0"},
		{Code: "$$", Source: FromURL, Key: "*"},
		{Code: "$?(k)", Source: FromQuery, Key: "k"},
		{Code: "$?*", Source: FromQuery, Key: "*"},
		{Code: "${a.b[0]}", Source: FromBody, Key: "a.b[0]"},
		{Code: "${*c}", Source: FromBody, Key: "c"},
		{Code: "${$v.e}", Source: FromVariable, Key: "v.e"},
	}, p.Args())
}

// FuzzParse: no text makes Parse panic, an offset is inside the text, and what
// is accepted says the same again.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"/json/$>0/$<1", "$B>0>1:(x)", "$S<0:$>0", "/a?b=$?(c)&$?*", "$$", "$P*$N*", "http://h/$*",
		"/x/${a.b[0].\"c d\"}/${*p}", "${$v[last()-1]}", "/x/${[a === 'x' && !(b < 3) || -$this.c % 2 != 0.5]}", "/a/${b", "/%2e%2e",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, err := ParseWholeURL(s)
		if err != nil {
			var fault *SyntaxError
			require.ErrorAs(t, err, &fault)
			assert.LessOrEqual(t, fault.Offset, len(s))
			return
		}
		assert.Equal(t, s, p.String())
		again, err := ParseText(p.String())
		require.NoError(t, err)
		assert.Equal(t, p.Args(), again.Args())
		for _, a := range p.Args() {
			assert.Contains(t, s, a.Code)
		}
		_, err = ParsePath(Path{Segments: p.Literal().Path}.String())
		assert.NoError(t, err)
	})
}
