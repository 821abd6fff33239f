package gotemplate_test

import (
	"bytes"
	"context"
	"io"
	"io/fs"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/adaptors/gotemplate"
	"github.com/seed90475182/restspace/bus"
)

// store has the sources of templates.
type store map[string]string

func (s store) template(name string) adaptors.Template {
	return adaptors.Template{Name: name, Source: []byte(s[name]), Partial: func(_ context.Context, name string) ([]byte, error) {
		if source, ok := s[name]; ok {
			return []byte(source), nil
		}
		return nil, fs.ErrNotExist
	}}
}

func (s store) fill(t testing.TB, e *gotemplate.Engine, name, data string) (string, error) {
	t.Helper()
	var to bytes.Buffer
	err := e.Render(t.Context(), &to, s.template(name), []byte(data))
	return to.String(), err
}

// fill fills one template.
func fill(t testing.TB, name, source, data string) (string, error) {
	t.Helper()
	return store{name: source}.fill(t, gotemplate.New(), name, data)
}

func TestTexts(t *testing.T) {
	for _, row := range []struct{ source, data, want string }{
		{`Dear {{.name}},`, `{"name": "Ann & <Bob>"}`, "Dear Ann & <Bob>,"},
		{`{{.}}`, `[1, 1.50, "a\"", null, true, {"b": 2, "a": {}}]`, `[1,1.5,"a\"",null,true,{"a":{},"b":2}]`},
		{`{{.}}`, `"x"`, "x"},

		// What is missing.
		{`[{{.a}}{{.a.b.c}}{{$.x.y}}]`, `{}`, "[]"},
		{`[{{.a}}{{.a.b.c}}{{with .a}}x{{end}}{{range .a}}x{{else}}none{{end}}]`, `{"a": null}`, "[none]"},
		{`{{range .}}[{{.b}}]{{end}}`, `[null, {"b": 1}]`, "[][1]"},
		{`{{default "none" .a}} {{.b | default 3}} {{default 1 .c}}`, `{"c": 0}`, "none 3 1"},
		{`{{index .l 1}} {{index .m "x"}}`, `{"l": [1, 2], "m": {}}`, "2 "},

		// Numbers.
		{`{{.a}} {{.b}} {{.c}} {{.d}} {{.e}}`, `{"a": 12345678901234567890, "b": 0.1, "c": 1e21, "d": 123456789012345678901234567890, "e": 1000000.5}`,
			"12345678901234567890 0.1 1e+21 123456789012345678901234567890 1000000.5"},
		{`{{if .zero}}x{{end}}{{if .point}}x{{end}}{{if .one}}y{{end}}`, `{"zero": 0, "point": 0.0, "one": 1e0}`, "y"},
		{`{{gt .a 10}} {{lt .a 11}} {{eq .b 10}} {{ge .b 10.0}} {{le .c .d}} {{ne .c .d}}`,
			`{"a": 10.5, "b": 10.0, "c": 9007199254740993, "d": 9007199254740992.5}`, "true true true true false true"},
		{`{{eq .a .b}} {{lt .a .b}}`, `{"a": 100000000000000000000001, "b": 100000000000000000000002}`, "false true"},
		{`{{eq .a "1"}} {{eq .a 1}} {{eq .none 1}} {{eq .none .null}} {{eq .s "x" "y"}} {{lt "a" .s}}`, `{"a": 1, "null": null, "s": "y"}`, "false true false true true true"},
		{`{{add 1 .n}} {{sub 1 .n}} {{mul 2 .n}} {{div 6 .n}} {{div 1 .n}} {{add .n 0.5}}`, `{"n": 2}`, "3 -1 4 3 0.5 2.5"},
		{`{{add .n 1}}`, `{"n": 9223372036854775807}`, "9223372036854776000"},
		{`{{number 2 .n}} {{number 0 -1234567}} {{number 1 0.05}} {{number 0 100}}`, `{"n": 1234.5}`, "1,234.50 -1,234,567 0.1 100"},

		// Texts.
		{`{{upper .s}} {{lower .s}} {{trim .s}} {{replace "b" "--" .s}} {{contains "B" .s}}`, `{"s": " aBb"}`, " ABB  abb aBb  aB-- true"},
		{`{{join ", " .l}} {{range split "-" "a-b"}}[{{.}}]{{end}} {{len (split "," "")}}`, `{"l": ["x", 1]}`, "x, 1 [a][b] 0"},
		{`{{json .}} {{.s | json}}`, `{"s": "\"<"}`, `{"s":"\"<"} "\"<"`},
		{`{{html .s}} {{urlquery .s}} {{js .s}} {{.s | html}}`, `{"s": "<a b>"}`, `&lt;a b&gt; %3Ca+b%3E \u003Ca b\u003E &lt;a b&gt;`},
		{`{{print 1 "a" .x}} {{println .s 2}}`, `{"s": "s"}`, "1a s 2\n"},
		{`{{printf "%s|%5.1f|%-4d|%04d|%v|%q|%x|%%" .s 2 3.0 7 .l .s 255}}`, `{"s": "a", "l": [1]}`, `a|  2.0|3   |0007|[1]|"a"|ff|%`},
		{`{{date "2 January 2006" .d}}, {{date "15:04" .t}}, {{date "2006" .ms}}{{date "2006" .none}}`,
			`{"d": "2026-03-01", "t": "2026-03-01T08:05:00+02:00", "ms": 0}`, "1 March 2026, 08:05, 1970"},
		{`{{$d := dict "a" 1 "l" (list 1 "b" .)}}{{$d.a}} {{$d}}`, `{}`, `1 {"a":1,"l":[1,"b",{}]}`},

		// Templates in templates.
		{`{{define "row"}}<{{.}}>{{end}}{{range .}}{{template "row" .}}{{end}}`, `[1, 2]`, "<1><2>"},
		{`{{define "tree"}}{{.n}}{{with .below}}({{range .}}{{template "tree" .}}{{end}}){{end}}{{end}}{{template "tree" .}}`,
			`{"n": 1, "below": [{"n": 2, "below": [{"n": 3}]}, {"n": 4}]}`, "1(2(3)4)"},
		{`{{range $i, $x := .}}{{if eq $i 1}}{{continue}}{{end}}{{if eq $i 3}}{{break}}{{end}}{{$x}}{{end}}`, `["a", "b", "c", "d"]`, "ac"},
	} {
		got, err := fill(t, "x.txt", row.source, row.data)
		if assert.NoError(t, err, row.source) {
			assert.Equal(t, row.want, got, row.source)
		}
	}
}

func TestPages(t *testing.T) {
	for _, row := range []struct{ source, data, want string }{
		{`<p title="{{.s}}">{{.s}}</p>`, `{"s": "<b>\"x\""}`, `<p title="&lt;b&gt;&#34;x&#34;">&lt;b&gt;&#34;x&#34;</p>`},
		{`<a href="{{.u}}">`, `{"u": "javascript:alert(1)"}`, `<a href="#ZgotmplZ">`},
		{`<a href="/x?q={{.u}}">`, `{"u": "a b&c"}`, `<a href="/x?q=a%20b%26c">`},
		{`<script>f({{.s}}, {{.}}, {{.n}}, {{.none}})</script>`, `{"s": "</script>\u2028", "n": 1.5}`,
			`<script>f("\u003c/script\u003e\u2028", {"n":1.5,"s":"\u003c/script\u003e\u2028"},  1.5 ,  null )</script>`},
		{`<b>{{.l}}{{.none}}{{.none.x}}{{.null}}{{.n}}</b>`, `{"l": ["<"], "null": null, "n": 0.5}`, `<b>[&#34;&lt;&#34;]0.5</b>`},
		{`<b>{{.s | html}}{{html .s}}{{json .s}}</b>`, `{"s": "<"}`, `<b>&lt;&lt;&#34;&lt;&#34;</b>`},
		{`<p style="color: {{.s}}">`, `{"s": "expression(1)"}`, `<p style="color: ZgotmplZ">`},
		{`<p onclick="f({{.s}})">`, `{"s": "');x('"}`, `<p onclick="f(&#34;&#39;);x(&#39;&#34;)">`},
	} {
		got, err := fill(t, "x.html", row.source, row.data)
		if assert.NoError(t, err, row.source) {
			assert.Equal(t, row.want, got, row.source)
		}
	}
	got, err := fill(t, "x.HTM", `{{.}}`, `"<"`)
	require.NoError(t, err)
	assert.Equal(t, "&lt;", got)
}

func TestPartials(t *testing.T) {
	s := store{
		"page.html":         `{{define "title"}}Hello {{.name}}{{end}}{{template "lib/layout.html" .}}`,
		"lib/layout.html":   `<title>{{block "title" .}}Site{{end}}</title>{{template "lib/head.html" .}}{{template "part" "x"}}`,
		"lib/head.html":     `<a href="{{template "lib/address.txt" .}}">{{define "part"}}[{{.}}]{{end}}`,
		"lib/address.txt":   `/u/{{.name}}`,
		"plain.html":        `{{template "lib/layout.html" .}}`,
		"lonely.html":       `{{template "lib/none.html" .}}`,
		"unnamed.txt":       "a\n {{template \"none\"}}",
		"endless/loop.html": `<p>{{template "endless/loop.html" .}}`,
	}
	e := gotemplate.New()
	for range 2 {
		got, err := s.fill(t, e, "page.html", `{"name": "a b"}`)
		require.NoError(t, err)
		assert.Equal(t, `<title>Hello a b</title><a href="/u/a%20b">[x]`, got)
	}
	got, err := s.fill(t, e, "plain.html", `{}`)
	require.NoError(t, err)
	assert.Contains(t, got, "<title>Site</title>")

	_, err = s.fill(t, e, "lonely.html", `{}`)
	assert.ErrorContains(t, err, `lonely.html:1:12: there is no template "lib/none.html"`)
	s["lib/none.html"] = "now"
	got, err = s.fill(t, e, "lonely.html", `{}`)
	require.NoError(t, err)
	assert.Equal(t, "now", got)
	s["lib/none.html"] = "later"
	got, err = s.fill(t, e, "lonely.html", `{}`)
	require.NoError(t, err)
	assert.Equal(t, "later", got, "a change is seen")
	delete(s, "lib/none.html")
	_, err = s.fill(t, e, "lonely.html", `{}`)
	assert.ErrorContains(t, err, "there is no template")
	s["lonely.html"] = "other"
	got, err = s.fill(t, e, "lonely.html", `{}`)
	require.NoError(t, err)
	assert.Equal(t, "other", got)

	_, err = s.fill(t, e, "unnamed.txt", `{}`)
	assert.ErrorContains(t, err, `unnamed.txt:2:13: there is no template "none"`)
	_, err = s.fill(t, e, "endless/loop.html", `{}`)
	assert.ErrorContains(t, err, "nested too deep")
}

func TestFaults(t *testing.T) {
	for _, row := range []struct{ name, source, data, want string }{
		{"a.txt", "x\n  {{.a}} {{.b | nosuch}}", `{}`, `a.txt:2:10: function "nosuch" not defined`},
		{"a.txt", "{{if}}", `{}`, `a.txt:1:1: missing value for if`},
		{"a.txt", "x\n{{if .a}}", `{}`, `a.txt:2:1: unexpected EOF`},
		{"a.txt", "{{call .f}}", `{}`, `function "call" not defined`},
		{"a.txt", "{{_shown 1}}", `{}`, `function "_shown" not defined`},
		{"dir/a%20b.txt", "\n {{upper .a.b}}", `{"a": "x"}`, `dir/a%20b.txt:2:12: .a.b: there is no member b: what should have it is no object`},
		{"a.txt", "{{lt .a 1}}", `{"a": "x"}`, `a.txt:1:3: lt .a 1: a text and a number can't be compared`},
		{"a.txt", "{{index .l 3}}", `{"l": []}`, `index out of range`},
		{"a.txt", "{{div 1 0}}", `{}`, `the result is no number`},
		{"a.txt", "{{range .}}{{end}}", `true`, `range can't iterate over true`},
		{"a.html", "<a href='{{if .x}}'{{end}}>", `{}`, `a.html:1:15: {{if}} branches end in different contexts`},
		{"a%41.html", "<a href={{if .x}}'{{end}}>", `{}`, `a%41.html:1:14: {{if}} branches end`},
		{"a.html", "<a href='", `{}`, `ends in a non-text context`},
		{"a.txt", "{{.}}", `{`, `the data is no JSON`},
		{"a.txt", "{{.}}", `{} {}`, `the data is no JSON`},
	} {
		_, err := fill(t, row.name, row.source, row.data)
		assert.ErrorContains(t, err, row.want, row.source)
		assert.Equal(t, 422, bus.Classify(err).Status, row.source)
	}
}

// TestBombs has templates that would not end, or that would fill the memory.
func TestBombs(t *testing.T) {
	digits := `{"s": "` + strings.Repeat("0123456789", 10_000) + `"}`
	for name, row := range map[string]struct{ source, data, want string }{
		"a range without output": {`{{range 10000000000}}{{end}}`, `{}`, "steps"},
		"ranges in ranges":       {`{{range 1000}}{{range 1000}}{{range 1000}}{{range 1000}}{{range 1000}}x{{end}}{{end}}{{end}}{{end}}{{end}}`, `{}`, "steps"},
		"only continue":          {`{{range 10000000000}}{{continue}}{{end}}`, `{}`, "steps"},
		"an else":                {`{{range 100000}}{{range 100000}}{{range $.x}}{{else}}{{end}}{{end}}{{end}}`, `{}`, "steps"},
		"recursion":              {`{{define "a"}}{{template "a" .}}{{end}}{{template "a"}}`, `{}`, "nested too deep"},
		"recursion in blocks":    {`{{define "a"}}{{range .}}{{if true}}{{with $}}{{template "a" .}}{{end}}{{end}}{{end}}{{end}}{{template "a" .}}`, `[1]`, "nested too deep"},
		"wide recursion": {`{{define "a"}}{{with .}}{{template "a" .l}}{{template "a" .l}}{{end}}{{end}}{{template "a" .}}`,
			strings.Repeat(`{"l":`, 100) + "{}" + strings.Repeat(`}`, 100), "steps"},
		"widths":                  {`{{printf "%1000000000d" 1}}`, `{}`, "wider than 1000"},
		"precisions":              {`{{printf "%.1000000000f" 1.0}}`, `{}`, "wider than 1000"},
		"widths of arguments":     {`{{printf "%*d" 1000000000 1}}`, `{}`, "is no directive"},
		"a text that doubles":     {`{{$x := "x"}}{{range 100}}{{$x = print $x $x}}{{end}}`, `{}`, "bytes of text"},
		"a text that is replaced": {`{{$x := .s}}{{range 100}}{{$x = replace "0" $x $x}}{{end}}`, digits, "bytes of text"},
		"a list that doubles":     {`{{$x := list 1}}{{range 100}}{{$x = list $x $x}}{{end}}{{$x}}`, `{}`, "bytes of text"},
		"a dict that doubles":     {`{{$x := dict}}{{range 100}}{{$x = dict "a" $x "b" $x}}{{end}}{{json $x}}`, `{}`, "bytes of text"},
		"what is kept":            {`{{$x := list 1}}{{range 100000}}{{$x = list $x (upper $.s)}}{{end}}`, digits, "bytes of text"},
		"many pieces":             {`{{range 1000}}{{$x := split "" $.s}}{{end}}`, digits, "bytes of text"},
		"reading":                 {`{{range 100000}}{{if contains "x" $.s}}{{end}}{{end}}`, digits, "bytes of text"},
		"comparing":               {`{{range 100000}}{{if eq $.s $.s}}{{end}}{{end}}`, digits, "bytes of text"},
		"what escaping drops":     {`<p style="color: {{range 100000}}{{$.s}}{{end}}">`, digits, "bytes of text"},
		"many actions":            {strings.Repeat("{{if 1}}", 20_001), `{}`, "more than 20000 actions"},
		"a large source":          {strings.Repeat("x", 1<<20+1), `{}`, "larger than 1048576 bytes"},
		"calls in calls":          {"{{" + strings.Repeat("upper (", 1001) + "1" + strings.Repeat(")", 1001) + "}}", `{}`, "calls 1001 functions"},
		"a huge number":           {`{{number 2 .n}}`, `{"n": 1e999999999}`, "too large"},
		"a long number":           {`{{if lt .n 1}}{{end}}`, `{"n": ` + strings.Repeat("7", 1_000_000) + `}`, "longer than 1000 characters"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, extension := range []string{".txt", ".html"} {
				if name == "what escaping drops" && extension == ".txt" {
					continue
				}
				err := gotemplate.New().Render(t.Context(), io.Discard, store{"x" + extension: row.source}.template("x"+extension), []byte(row.data))
				assert.ErrorContains(t, err, row.want)
				assert.Equal(t, 422, bus.Classify(err).Status)
			}
		})
	}
}

// most is a writer that takes so many bytes.
type most int

func (m *most) Write(p []byte) (int, error) {
	if *m -= most(len(p)); *m < 0 {
		return 0, io.ErrShortWrite
	}
	return len(p), nil
}

func TestWriterAndContextEndIt(t *testing.T) {
	source := store{"x.txt": `{{range 100000}}0123456789{{end}}`}.template("x.txt")
	e := gotemplate.New()
	room := most(1000)
	assert.Equal(t, io.ErrShortWrite, e.Render(t.Context(), &room, source, []byte(`{}`)))

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	assert.ErrorIs(t, e.Render(ctx, io.Discard, source, []byte(`{}`)), context.Canceled)
	assert.NoError(t, e.Render(t.Context(), io.Discard, source, []byte(`{}`)), "it can be used again")
}
