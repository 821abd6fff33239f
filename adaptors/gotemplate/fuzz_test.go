package gotemplate_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/seed90475182/restspace/adaptors/gotemplate"
	"github.com/seed90475182/restspace/bus"
)

// FuzzTemplate holds any source to end, with a text or with an error that says
// what is wrong with it.
func FuzzTemplate(f *testing.F) {
	for _, source := range []string{
		`{{.a}}`, `{{range $i, $x := .l}}{{$i}}{{$x | upper}}{{else}}{{end}}`, `{{define "a"}}{{template "a" .}}{{end}}{{template "a"}}`,
		`{{$x := "x"}}{{range 100}}{{$x = print $x $x}}{{end}}`, `<a href="{{.a}}" onclick='f({{.}})'>{{if .b}}<script>{{end}}`,
		`{{printf "%5.2f %q" .n .a}}{{slice .a 1}}{{index .l 0}}`, `{{with dict "a" (list 1 .)}}{{json .}}{{end}}`, `{{block "x" .}}{{break}}{{end}}`,
		`{{/* {{ */}}{{- 1 -}}{{"\x"}}`, `{{div 1 .n}}{{number 3 .n}}{{date "2006" .n}}`,
	} {
		f.Add(source)
	}
	const data = `{"a": "<x>", "b": true, "n": 1.5, "l": [1, null, {"a": []}], "big": 123456789012345678901234567890}`
	f.Fuzz(func(t *testing.T, source string) {
		for _, name := range []string{"x.txt", "x.html"} {
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			room := most(1 << 20)
			err := gotemplate.New().Render(ctx, &room, store{name: source, "p.html": "{{.}}"}.template(name), []byte(data))
			cancel()
			if known, ok := errors.AsType[*bus.Error](err); err != nil && room >= 0 && (!ok || known.Status != 422) {
				t.Fatalf("%s: %q: %v", name, source, err)
			}
		}
	})
}
