// Package requestspec reads the request that a line of text asks for.
//
//	spec     = [ method [ " " bodypath ] " " ] url
//	method   = "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE" | "$METHOD"
//	bodypath = "$this" | path               of package urlpattern, without "/", "$" and spaces
//	url      = pattern                      of package urlpattern
//
// PUT name /contacts/$>0 puts the member name of a JSON body to a URL that the
// request at hand gives. $METHOD is the method of that request, $this its whole
// body.
package requestspec

import (
	"errors"
	"slices"
	"strings"

	"github.com/seed90475182/restspace/urlpattern"
)

// CallersMethod is the Method of a spec that takes over the method of the
// request at hand.
const CallersMethod = "$METHOD"

// A Spec is a parsed line. It does not change.
type Spec struct {
	Method string               // CallersMethod, or one of HTTP
	Part   *urlpattern.Selector // of the JSON body, to be sent in its place; nil: the body as it is
	Whole  bool                 // the spec asks for the whole body by name
	URL    *urlpattern.Pattern  // its whole URL may come from data
}

// Parse reads a spec. method is what one without a method has. An error is a
// *urlpattern.SyntaxError.
func Parse(text, method string) (*Spec, error) {
	s := &Spec{Method: method}
	at := 0
	if word, rest, found := strings.Cut(text, " "); found && slices.Contains(Methods(), word) {
		s.Method = word
		at = len(text) - len(strings.TrimLeft(rest, " "))
		var err error
		if at, err = s.part(text, at); err != nil {
			return nil, err
		}
	}
	if at == len(text) {
		return nil, &urlpattern.SyntaxError{Offset: at, Message: "a URL is missing: write one such as /contacts/$>0"}
	}
	pattern, err := urlpattern.ParseWholeURL(text[at:])
	if err != nil {
		return nil, shifted(err, at)
	}
	s.URL = pattern
	return s, nil
}

// part reads the path into the body that may stand at byte at, and returns where
// the URL begins.
func (s *Spec) part(text string, at int) (int, error) {
	word, rest, found := strings.Cut(text[at:], " ")
	if !found {
		return at, nil
	}
	switch {
	case word == "$this":
		s.Whole = true
	case strings.ContainsAny(word, "/$"):
		return at, nil
	default:
		var err error
		if s.Part, err = urlpattern.ParseSelector(word); err != nil {
			return 0, shifted(err, at)
		}
	}
	return len(text) - len(strings.TrimLeft(rest, " ")), nil
}

// Methods returns the words that a spec may begin with.
func Methods() []string {
	return []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", CallersMethod}
}

// shifted has the offset of a syntax error count from at bytes earlier.
func shifted(err error, at int) error {
	if syntax, ok := errors.AsType[*urlpattern.SyntaxError](err); ok {
		return &urlpattern.SyntaxError{Offset: at + syntax.Offset, Message: syntax.Message}
	}
	return err
}
