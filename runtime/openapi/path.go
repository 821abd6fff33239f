package openapi

import (
	"strings"

	"github.com/seed90475182/restspace/runtime/access"
	"github.com/seed90475182/restspace/runtime/config"
	"github.com/seed90475182/restspace/urlpattern"
)

// path is where an operation is.
type path struct {
	text     string   // as OpenAPI writes it: /orders/{year}/
	dir      bool     // it ends in a slash
	names    []string // of what stands in braces
	rest     string   // the last of these, if it may be several segments
	literal  []string // decoded segments before the first brace
	template access.Template
}

// isBase reports whether p is the base path of its mount, with a slash or not.
func (p *path) isBase() bool { return len(p.template.Segments) == 0 && !p.template.Rest }

// directory reports whether p is a directory to the rules.
func (p *path) directory() bool { return p.dir || p.isBase() }

// pathOf returns where a mount answers at a pattern, as services.Operation has
// them.
func pathOf(s *config.Service, pattern string) path {
	var p path
	var text []byte
	add := func(segment string) { text = urlpattern.AppendSegment(append(text, '/'), segment) }
	for _, segment := range s.Base {
		add(segment)
	}
	inner, dir := strings.CutSuffix(strings.TrimPrefix(pattern, "/"), "/")
	p.dir = (dir || pattern == "/") && !s.Exact
	if inner != "" {
		for segment := range strings.SplitSeq(inner, "/") {
			switch segment[0] {
			case ':', '*':
				name := segment[1:]
				text = append(append(append(text, "/{"...), name...), '}')
				p.names = append(p.names, name)
				if segment[0] == '*' {
					p.rest, p.template.Rest = name, true
				} else {
					p.template.Segments = append(p.template.Segments, "")
				}
			default:
				add(segment)
				if len(p.names) == 0 {
					p.literal = append(p.literal, segment)
				}
				p.template.Segments = append(p.template.Segments, segment)
			}
		}
	}
	if last := len(p.template.Segments) - 1; last >= 0 && last == len(p.literal)-1 && !p.dir && !p.template.Rest { // rules see the name of a document without it
		p.template.Segments[last] = strings.TrimSuffix(p.template.Segments[last], s.Kind.Extension)
	}
	if p.dir || len(text) == 0 {
		text = append(text, '/')
	}
	p.text = string(text)
	return p
}
