package services

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/seed90475182/restspace/bus/spelling"
)

// An Accepting config knows which calls its service has.
type Accepting interface {
	// Accepts returns why the service answers no call that call may become, and
	// what to write instead. The service path of its URL is known, and Link was
	// called before where the config has it. What depends on data is accepted.
	Accepts(call Call) error
}

// Accepts returns why no call of these routes is one that call may become.
func (r Routes) Accepts(call Call) error {
	var patterns, methods []string
	for route := range r {
		method, pattern, _ := strings.Cut(route, " ")
		patterns = append(patterns, pattern)
		if leads(call, pattern) {
			methods = append(methods, method)
		}
	}
	if len(methods) > 0 {
		return acceptsMethod(call, methods)
	}
	slices.Sort(patterns)
	return noSuchCall(call, slices.Compact(patterns))
}

// noSuchCall returns the error of a call that leads to none of the patterns. It
// tells those that begin most like it.
func noSuchCall(call Call, patterns []string) error {
	path, same := call.URL.ServicePath(), 0
	var alike, names []string // names are how they go on
	for _, pattern := range patterns {
		segments := strings.Split(pattern[1:], "/")
		n := common(path, segments)
		if n > same {
			same, alike, names = n, nil, nil
		}
		if n == same {
			alike = append(alike, shown(call.URL.BasePath(), segments))
			names = append(names, strings.Join(segments[n:min(n+1, len(segments))], ""))
		}
	}
	const problem = "the service has no such call: "
	if same < len(path) {
		if near := spelling.Nearest(path[same], names); near != "" {
			return fmt.Errorf(problem+"did you mean %s?", alike[slices.Index(names, near)])
		}
	}
	return errors.New(problem + "write " + spelling.OneOf(alike))
}

// common returns how many segments a and b begin with that are the same.
func common(a, b []string) int {
	n := 0
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	return n
}

// acceptsMethod returns an error where none of the methods at its path is that of
// the call.
func acceptsMethod(call Call, methods []string) error {
	if call.Method == "" || slices.Contains(methods, call.Method) || call.Method == http.MethodHead && slices.Contains(methods, http.MethodGet) {
		return nil
	}
	slices.Sort(methods)
	return fmt.Errorf("the service has no %s there: write %s", call.Method, strings.Join(slices.Compact(methods), " or "))
}

// leads reports whether a call may lead to a route of a pattern.
func leads(call Call, pattern string) bool {
	path := call.URL.ServicePath()
	segments := strings.Split(pattern[1:], "/")
	if call.URL.Dir || len(path) == 0 && !call.Open {
		path = append(slices.Clone(path), "")
	}
	for i, segment := range path {
		switch {
		case i == len(segments):
			return false
		case strings.HasPrefix(segments[i], "*"):
			return true
		case strings.HasPrefix(segments[i], ":"):
			if segment == "" {
				return false
			}
		case segments[i] != segment:
			return false
		}
	}
	return call.Open || len(path) == len(segments)
}

// shown returns the segments of a pattern below a base path as people write
// them: with names in capitals.
func shown(base, segments []string) string {
	text := strings.TrimSuffix(textOf(base), "/")
	for _, segment := range segments {
		if name := strings.TrimLeft(segment, ":*"); name != segment {
			segment = strings.ToUpper(name)
		}
		text += "/" + segment
	}
	return text
}
