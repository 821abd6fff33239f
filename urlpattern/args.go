package urlpattern

import "strings"

// Source is what a code reads.
type Source string

// The sources of the codes.
const (
	FromServicePath Source = "service path"
	FromBasePath    Source = "base path"
	FromSubPath     Source = "sub path"
	FromFullPath    Source = "full path"
	FromName        Source = "name"
	FromURL         Source = "url"
	FromQuery       Source = "query"
	FromBody        Source = "body"
	FromVariable    Source = "variable"
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
		a.Source = FromURL
	case queryAll:
		a.Source = FromQuery
	case queryValue:
		a.Source, a.Key = FromQuery, c.key
	case bodyValue, bodyPath:
		a.Source, a.Key = FromBody, c.selector.text
		if c.variable != "" {
			a.Source, a.Key = FromVariable, c.variable+c.selector.text
		}
	case element, whole:
		a.Source = map[byte]Source{0: FromServicePath, 'B': FromBasePath, 'S': FromSubPath, 'P': FromFullPath, 'N': FromName}[c.source]
	}
	if c.kind == element {
		position, _, _ := strings.Cut(c.text, ":")
		a.Key = strings.TrimLeft(position, "$BSNP")
	}
	return a
}
