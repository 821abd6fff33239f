package services

import (
	"fmt"
	"iter"

	"github.com/seed90475182/restspace/bus/spelling"
	"github.com/seed90475182/restspace/urlpattern"
)

// A Target is what a service does to others that call it.
type Target struct {
	GetReads  bool // a GET changes nothing
	PostReads bool // nor does a POST
}

// Targets looks up the service that answers at a path, and below it. An error
// says that there is none, and what may be meant.
type Targets func(path []string) (Target, error)

// A Linked config calls other services of the same server. Link is called once
// when all of them are known, after Check, and returns what the service does to
// those that call it. Its errors are like those of Check.
type Linked interface {
	Link(targets Targets) (Target, error)
}

// NoTarget is what Targets return for a path that leads to no service, where
// there are services at bases: it says which of these may be meant.
func NoTarget(path []string, bases iter.Seq[[]string]) error {
	text := textOf(path)
	for base := range bases {
		like := textOf(base)
		if spelling.Nearest(textOf(path[:min(len(base), len(path))]), []string{like}) != "" {
			return fmt.Errorf("%s leads to no service: did you mean %s?", text, like)
		}
	}
	return fmt.Errorf("%s leads to no service: write the path of one, such as /user/${email}", text)
}

func textOf(path []string) string { return urlpattern.Path{Segments: path}.String() }
