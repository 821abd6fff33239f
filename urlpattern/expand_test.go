package urlpattern

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// request is what the tables of this file expand for: mounted at /m, a sub path
// of one segment.
func request(t testing.TB, body string) *Values {
	t.Helper()
	u, err := ParseURL("http://h/m/one/two%2Fx/three%20y/?k=v&k=w%26&flag&sp=a+b&empty=")
	require.NoError(t, err)
	u.Base, u.Sub = 1, 1
	return &Values{URL: &u, Body: []byte(body), Name: "dir/file.txt", Var: func(name string) []byte {
		if name == "v" {
			return []byte(`{"p":["x","y"]}`)
		}
		return nil
	}}
}

func TestExpand(t *testing.T) {
	const body = `{"s":"a/b?c","dots":"..","n":1.50,"big":9007199254740993,"t":true,"l":["x","y"],"m":[1,2],"none":[],"path":"/p/q r/","esc":"\u0041\/"}`
	tests := []struct {
		pattern string
		urls    []string // as String writes them
	}{
		{"/json/$>0", []string{"/json/one"}},
		{"json/$>0/", []string{"/json/one/"}},
		{"https://up:8443/v1/$>1", []string{"https://up:8443/v1/two%2Fx"}},
		{"/json/$<0-$>0.json", []string{"/json/three%20y-one.json"}},
		{"/$B>0/$S>0/$P<3/$N>0/$N*", []string{"/m/three%20y/m/dir/dir/file.txt"}},
		{"/$>0>1/x", []string{"/one/two%2Fx/x"}},
		{"/$<9>9/x", []string{"/one/two%2Fx/three%20y/x"}},
		{"/$<1<0/x", []string{"/two%2Fx/three%20y/x"}},
		{"/$>1>9", []string{"/two%2Fx/three%20y"}},
		{"/a-$>0>2-b", []string{"/a-one/two%2Fx/three%20y-b"}},
		{"/j/$>9:(d)", []string{"/j/d"}},
		{"/j/$>9:(d/e%20f)/g", []string{"/j/d/e%20f/g"}},
		{"/j/$>9:()/g", []string{"/j/g"}},
		{"/j/$>9:()", []string{"/j/"}},
		{"/j/x$>9:()", []string{"/j/x"}},
		{"$>9:()", []string{"/"}},
		{"/j/$>9:$>0", []string{"/j/one"}},
		{"/j/$>9>10:$>0>1", []string{"/j/one/two%2Fx"}},
		{"/j/$?(none):(d)", []string{"/j/d"}},
		{"/j/$?(none):$>0", []string{"/j/one"}},
		{"/j/$?(k)", []string{"/j/v,w%26"}},
		{"/j/$?(sp)", []string{"/j/a%20b"}},
		{"/j?q=$?(k)&e=$?(empty)", []string{"/j?q=v%2Cw%26&e="}},
		{"/j?$?*", []string{"/j?k=v&k=w%26&flag&sp=a+b&empty="}},
		{"/j?a=b$?*", []string{"/j?a=b&k=v&k=w%26&flag&sp=a+b&empty="}},
		{"/j/$?*", []string{"/j/k%3Dv%26k%3Dw%2526%26flag%26sp%3Da%2Bb%26empty%3D"}},
		{"/j/$*", []string{"/j/one/two%2Fx/three%20y/?k=v&k=w%26&flag&sp=a+b&empty="}},
		{"/j/$*?x=1", []string{"/j/one/two%2Fx/three%20y/?k=v&k=w%26&flag&sp=a+b&empty=&x=1"}},
		{"$P*", []string{"/m/one/two%2Fx/three%20y/?k=v&k=w%26&flag&sp=a+b&empty="}},
		{"/j?p=$*", []string{"/j?p=one%2Ftwo%2Fx%2Fthree%20y%2F&k=v&k=w%26&flag&sp=a+b&empty="}},
		{"/j?p=$>1", []string{"/j?p=two%2Fx"}},
		{"/j?u=$$", []string{"/j?u=http%3A%2F%2Fh%2Fm%2Fone%2Ftwo%252Fx%2Fthree%2520y%2F%3Fk%3Dv%26k%3Dw%2526%26flag%26sp%3Da%2Bb%26empty%3D"}},
		{"/j/${s}", []string{"/j/a%2Fb%3Fc"}},
		{"/j?x=${s}", []string{"/j?x=a%2Fb%3Fc"}},
		{"/j/${n}/${t}/${big}/${esc}x", []string{"/j/1.50/true/9007199254740993/A%2Fx"}},
		{"/j/x${dots}y", []string{"/j/x..y"}},
		{"/j/${*path}", []string{"/j/p/q%20r/"}},
		{"/j/${*path}/z", []string{"/j/p/q%20r/z"}},
		{"/j/${*s}", []string{"/j/a/b%3Fc"}},
		{"/j/${l}/${m[]}", []string{"/j/x/1", "/j/x/2", "/j/y/1", "/j/y/2"}},
		{"/j/${m[$this > 1]}?l=${l[]}", []string{"/j/2?l=x", "/j/2?l=y"}},
		{"/j/${none}", []string{}},
		{"/j/${l[]}/${none}/${m}", []string{}},
		{"/j/${$v.p}", []string{"/j/x", "/j/y"}},
		{"/j/a%20b c?d e", []string{"/j/a%20b%20c?d%20e"}},
	}
	for _, tt := range tests {
		t.Run(tt.pattern, func(t *testing.T) {
			p, err := ParseText(tt.pattern)
			require.NoError(t, err)
			urls, err := p.Expand(request(t, body))
			require.NoError(t, err)
			texts := []string{}
			for _, u := range urls {
				texts = append(texts, u.String())
				again, err := ParseURL(u.String())
				require.NoError(t, err)
				assert.Equal(t, again, u)
			}
			assert.Equal(t, tt.urls, texts)
		})
	}
}

func TestExpandRefuses(t *testing.T) {
	const body = `{"dots":"..","deep":"a/../b","slash":"a/","nul":"a\u0000","empty":"","null":null,"o":{"k1":1,"k2":2},"l":["x",{}],"long":"` + longName + `","two":"a//b"}`
	tests := []struct{ pattern, code, reason string }{
		{"/json/$>9", "$>9", "the pattern /json/$>9 needs 10 path elements"},
		{"/json/$B>1", "$B>1", "needs a second base path element"},
		{"/json/$S<1", "$S<1", "needs a second sub path element from the right"},
		{"/json/$>7<0", "$>7<0", "needs path elements"},
		{"/json/$>5>2", "$>5>2", "needs path elements"},
		{"/json/$>9:$>8", "$>9:$>8", "needs 10 path elements"},
		{"/json/$?(none)", "$?(none)", "needs the query key none"},
		{"/json?x=$?(none)", "$?(none)", "needs the query key none"},
		{"/json/$?(empty)", "$?(empty)", "an empty value"},
		{"/json/$>9:(..)", "$>9:(..)", `".."`},
		{"/json/.$>9:(.)", "$>9:(.)", `".."`},
		{"/json/${dots}", "${dots}", `".."`},
		{"/json/${deep}", "${deep}", `".."`},
		{"/json/${*deep}", "${*deep}", `".."`},
		{"/json/${*two}", "${*two}", "an empty value"},
		{"/json/${slash}", "${slash}", "encoded slash"},
		{"/json/${nul}", "${nul}", "control"},
		{"/json/${long}", "${long}", "255"},
		{"/json/${empty}", "${empty}", "an empty string"},
		{"/json/${null}", "${null}", "null"},
		{"/json/${none}", "${none}", "no such value"},
		{"/json/${o.none}", "${o.none}", "no such value"},
		{"/json/${o}", "${o}", "an object"},
		{"/json/${l}", "${l}", "an object"},
		{"/json/${$w}", "${$w}", "no such value"},
		{"/json?x=${none}", "${none}", "no such value"},
		{"/" + strings.Repeat("$>0>2/", 22), "", "64 segments"},
		{"/x?" + strings.Repeat("$?*", 128), "$?*", ""},
	}
	for _, tt := range tests {
		t.Run(tt.pattern[:min(len(tt.pattern), 20)], func(t *testing.T) {
			p, err := Parse(tt.pattern)
			require.NoError(t, err)
			v := request(t, body)
			if tt.reason == "" {
				v.URL.Query = strings.Repeat("q", 200)
				tt.reason = "16 KiB"
			}
			_, err = p.Expand(v)
			var fault *ExpandError
			require.ErrorAs(t, err, &fault)
			assert.Contains(t, fault.Error(), tt.reason)
			assert.Equal(t, tt.pattern, fault.Pattern)
			if tt.code != "" {
				assert.Equal(t, tt.code, fault.Code)
			}
		})
	}
}

const longName = "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789" +
	"0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789" +
	"01234567890123456789012345678901234567890123456789012345"

// A client learns nothing of the body; the log learns its keys.
func TestExpandErrorKeys(t *testing.T) {
	p, err := Parse("/json/${o.none.x}")
	require.NoError(t, err)
	_, err = p.Expand(&Values{Body: []byte(`{"o":{"secret":1,"k2":"v"}}`)})
	var fault *ExpandError
	require.ErrorAs(t, err, &fault)
	assert.Equal(t, []string{"secret", "k2"}, fault.Keys)
	assert.Equal(t, "${o.none.x}: there is no such value", fault.Error())
	assert.Equal(t, `pattern "/json/${o.none.x}": ${o.none.x}: there is no such value (there are the keys ["secret" "k2"])`, fault.Detail())
}

func TestExpandLimit(t *testing.T) {
	p, err := Parse("/j/${[]}/${[]}")
	require.NoError(t, err)
	list := func(n int) []byte { return []byte("[" + strings.Repeat("1,", n-1) + "1]") }
	urls, err := p.Expand(&Values{Body: list(31)})
	require.NoError(t, err)
	assert.Len(t, urls, 961)
	_, err = p.Expand(&Values{Body: list(32)})
	assert.ErrorContains(t, err, "more than 1000 combinations")
	_, err = p.Expand(&Values{Body: list(1001)})
	assert.ErrorContains(t, err, "more than 1000 values")
	_, err = p.Expand(&Values{Body: list(4), Limit: 15})
	assert.ErrorContains(t, err, "more than 15 combinations")
	urls, err = p.Expand(&Values{Body: list(4), Limit: 16})
	require.NoError(t, err)
	assert.Len(t, urls, 16)
	_, err = p.Text(&Values{Body: list(32)}, false)
	assert.ErrorContains(t, err, "more than 1000 combinations")
}

func TestWholeURL(t *testing.T) {
	for _, s := range []string{"$?(url)", "${url}", "${$v.url}"} {
		p, err := ParseWholeURL(s)
		require.NoError(t, err)
		assert.True(t, p.FromData(), s)
	}
	for _, s := range []string{"/$?(url)", "${*url}", "$*", "$>0", "x${url}", "${a}${b}", "${url}?"} {
		p, err := ParseWholeURL(s)
		require.NoError(t, err)
		assert.False(t, p.FromData(), s)
	}

	p, err := ParseWholeURL("${url}")
	require.NoError(t, err)
	urls, err := p.Expand(&Values{Body: []byte(`{"url":["http://H/a%2Fb?c=d#e","/x/"]}`)})
	require.NoError(t, err)
	assert.Equal(t, []URL{{Scheme: "http", Host: "h", Path: []string{"a/b"}, Query: "c=d"}, {Path: []string{"x"}, Dir: true}}, urls)
	texts, err := p.Text(&Values{Body: []byte(`{"url":"http://h/a%2Fb"}`)}, false)
	require.NoError(t, err)
	assert.Equal(t, []string{"http://h/a%2Fb"}, texts)
	for _, bad := range []string{"ftp://x/", "http://user@h/", "/a/../b", "//h/a", "javascript://h/"} {
		_, err = p.Expand(&Values{Body: []byte(`{"url":"` + bad + `"}`)})
		assert.Error(t, err, bad)
	}

	p, err = ParseWholeURL("$?(u):(/a/b)")
	require.NoError(t, err)
	urls, err = p.Expand(&Values{URL: &URL{}})
	require.NoError(t, err)
	assert.Equal(t, "/a/b", urls[0].String())
	p, err = ParseWholeURL("$?(u):$>0")
	require.NoError(t, err)
	texts, err = p.Text(&Values{URL: &URL{Path: []string{"https://h/b"}}}, false)
	require.NoError(t, err)
	assert.Equal(t, []string{"https://h/b"}, texts)

	p, err = ParseWholeURL("$?(u)")
	require.NoError(t, err)
	_, err = p.Expand(&Values{URL: &URL{}})
	assert.ErrorContains(t, err, "needs the query key u")
}

// A pattern for text may have literals that make no URL; Expand says so.
func TestParseText(t *testing.T) {
	p, err := ParseText("see #$>0 // $?(x)")
	require.NoError(t, err)
	texts, err := p.Text(&Values{URL: &URL{Path: []string{"a b"}}}, true)
	require.NoError(t, err)
	assert.Equal(t, []string{"see #a b // "}, texts)
	_, err = p.Expand(&Values{})
	var fault *SyntaxError
	assert.ErrorAs(t, err, &fault)

	p, err = ParseText("${url}")
	require.NoError(t, err)
	urls, err := p.Expand(&Values{Body: []byte(`{"url":"http://h/a"}`)})
	require.NoError(t, err)
	assert.Equal(t, []URL{{Path: []string{"http://h/a"}}}, urls, "data stays one segment")
}

func TestText(t *testing.T) {
	const body = `{"s":"a/b c","path":"p q/r","l":["x","y"],"nul":null}`
	tests := []struct {
		pattern string
		decode  bool
		texts   []string
	}{
		{"$>1 $>9|$?(none)|$>9:( d )", false, []string{"two%2Fx || d "}},
		{"$>1 $>9|$?(none)|$>9:( d )", true, []string{"two/x || d "}},
		{"${s} ${*path}", false, []string{"a%2Fb%20c p%20q/r"}},
		{"${s} ${*path}", true, []string{"a/b c p q/r"}},
		{"?${s}", true, []string{"?a%2Fb%20c"}},
		{"what?", true, []string{"what?"}},
		{"$$", true, []string{"http://h/m/one/two%2Fx/three%20y/?k=v&k=w%26&flag&sp=a+b&empty="}},
		{"$?*", false, []string{"k%3Dv%26k%3Dw%2526%26flag%26sp%3Da%2Bb%26empty%3D"}},
		{"$* $*?x", false, []string{"one/two%2Fx/three%20y/ one/two%2Fx/three%20y/?k=v&k=w%26&flag&sp=a+b&empty=&k=v&k=w%26&flag&sp=a+b&empty=&x"}},
		{"$N*-$N<0", false, []string{"dir/file.txt-file.txt"}},
		{"${l}-${l[0]}?${l}", false, []string{"x-x?x", "x-x?y", "y-x?x", "y-x?y"}},
	}
	for _, tt := range tests {
		t.Run(tt.pattern, func(t *testing.T) {
			p, err := ParseText(tt.pattern)
			require.NoError(t, err)
			texts, err := p.Text(request(t, body), tt.decode)
			require.NoError(t, err)
			assert.Equal(t, tt.texts, texts)
		})
	}
	p, err := ParseText("${nul}")
	require.NoError(t, err)
	_, err = p.Text(request(t, body), true)
	assert.ErrorContains(t, err, "null")
}

// Values without a URL, a name or variables have no elements, an empty path and
// an empty query.
func TestZeroValues(t *testing.T) {
	p, err := ParseText("/a/$*$N*$?*$$/$>0$N>0:(x)?$?*")
	require.NoError(t, err)
	texts, err := p.Text(&Values{}, false)
	require.NoError(t, err)
	assert.Equal(t, []string{"/a//x?"}, texts)
	for _, pattern := range []string{"/a/$>0", "/a/$N>0", "/a/${x}", "/a/${$v}", "/a/$?(q)"} {
		p, err := Parse(pattern)
		require.NoError(t, err)
		_, err = p.Expand(&Values{})
		assert.Error(t, err, pattern)
	}
}

func TestTextLimits(t *testing.T) {
	p, err := ParseText(strings.Repeat("${}", 128))
	require.NoError(t, err)
	_, err = p.Text(&Values{Body: []byte(`"` + strings.Repeat("x", 1<<16) + `"`)}, true)
	assert.ErrorContains(t, err, "64 KiB")

	p, err = ParseText("?" + strings.Repeat("${}", 100))
	require.NoError(t, err)
	_, err = p.Text(&Values{Body: []byte(`"` + strings.Repeat("x", 1<<10) + `"`)}, true)
	assert.ErrorContains(t, err, "64 KiB")
	_, err = p.Expand(&Values{Body: []byte(`"` + strings.Repeat("x", 1<<10) + `"`)})
	assert.ErrorContains(t, err, "16 KiB")

	p, err = Parse("/x/" + strings.Repeat("$*", 3))
	require.NoError(t, err)
	_, err = p.Expand(&Values{URL: &URL{Query: strings.Repeat("q", 8<<10)}})
	assert.ErrorContains(t, err, "16 KiB")
}

func TestExpandAllocates(t *testing.T) {
	v := request(t, `{"a":{"b":"x"}}`)
	for _, pattern := range []string{"/json/$>0/$>1", "/json/$>0/$>1/${a.b}", "/json/$*"} {
		p, err := Parse(pattern)
		require.NoError(t, err)
		assert.LessOrEqual(t, testing.AllocsPerRun(100, func() { _, _ = p.Expand(v) }), 2.0, pattern)
	}
}

// Whatever the values are, scheme and host are the pattern's, each code makes
// one segment, its literals stay, and ParsePath accepts what comes out.
func TestExpandKeepsItsShape(t *testing.T) {
	value := rapid.OneOf(rapid.String(), rapid.StringMatching(`[a./%\\?#&=@:${}]{0,8}`))
	p, err := Parse("https://h/json/$>0/x-$>1-${}/$?(q)?a=$>0&b=${}&c=$?(q)")
	require.NoError(t, err)
	rapid.Check(t, func(t *rapid.T) {
		var body, query []byte
		body = append(append(append(body, '"'), strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(value.Draw(t, "body"))...), '"')
		query = appendComponent([]byte("q="), value.Draw(t, "query"))
		v := &Values{URL: &URL{Path: []string{value.Draw(t, "one"), value.Draw(t, "two")}, Query: string(query)}, Body: body}
		checkShape(t, p, v, 4, 3)
	})
}

func checkShape(t require.TestingT, p *Pattern, v *Values, segments, pairs int) {
	urls, err := p.Expand(v)
	if err != nil {
		return
	}
	for _, u := range urls {
		require.Equal(t, []string{"https", "h", "json"}, []string{u.Scheme, u.Host, u.Path[0]})
		require.Len(t, u.Path, segments)
		n := 0
		for range QueryPairs(u.Query) {
			n++
		}
		require.Equal(t, pairs, n)
		again, err := ParseURL(u.String())
		require.NoError(t, err)
		require.Equal(t, u, again)
	}
}

// FuzzExpand is TestExpandKeepsItsShape for values that the fuzzer makes.
func FuzzExpand(f *testing.F) {
	f.Add("one", "two", "q=x", []byte(`"body"`))
	f.Add("..", "a/b", "q=%2e%2e&q=1", []byte(`["x","y/z"]`))
	f.Add("${}", "$*", "q=a+b", []byte(`{"a":1}`))
	f.Add("\u202e", "\\", "?#", []byte(`["`))
	p, err := Parse("https://h/json/$>0/x-$>1-${}/$?(q)?a=$>0&b=${}&c=$?(q)")
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, one, two, query string, body []byte) {
		checkShape(t, p, &Values{URL: &URL{Path: []string{one, two}, Query: query}, Body: body}, 4, 3)
	})
}
