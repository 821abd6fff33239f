package urlpattern

import "strings"

// Source is what a code reads.
type Source string

// The sources of the codes.
const (
	ServicePath Source = "service path"
	BasePath    Source = "base path"
	SubPath     Source = "sub path"
	FullPath    Source = "full path"
	Name        Source = "name"
	RequestURL  Source = "url"
	Query       Source = "query"
	Body        Source = "body"
	Variable    Source = "variable"
)

// Arg is one value that a pattern reads.
type Arg struct {
	Code     string // as it is written in the pattern
	Source   Source
	Key      string // the position (">1", "<2<0"), the query key or the path in the body, "*" for all of a source; a variable's name and path
	Optional bool   // a default stands in for it
}

// Args lists what the pattern reads, in the order of its codes. The element
// that is the default of a code is no arg of its own.
func (p *Pattern) Args() []Arg {
	args := make([]Arg, 0, len(p.codes))
	for _, c := range p.codes {
		args = append(args, c.arg())
	}
	return args
}

func (c *code) arg() Arg {
	a := Arg{Code: c.text, Optional: c.fallback != nil, Key: "*"}
	switch c.kind {
	case requestURL:
		a.Source = RequestURL
	case queryAll:
		a.Source = Query
	case queryValue:
		a.Source, a.Key = Query, c.key
	case bodyValue, bodyPath:
		a.Source, a.Key = Body, c.selector.text
		if c.variable != "" {
			a.Source, a.Key = Variable, c.variable+c.selector.text
		}
	case element, whole:
		a.Source = map[byte]Source{0: ServicePath, 'B': BasePath, 'S': SubPath, 'P': FullPath, 'N': Name}[c.source]
	}
	if c.kind == element {
		position, _, _ := strings.Cut(c.text, ":")
		a.Key = strings.TrimLeft(position, "$BSNP")
	}
	return a
}
