package services

import (
	"fmt"
	"iter"
	"strings"

	"github.com/seed90475182/restspace/bus/spelling"
	"github.com/seed90475182/restspace/urlpattern"
)

// A Target is what a service does to others that call it.
type Target struct {
	GetReads  bool // a GET changes nothing
	PostReads bool // nor does a POST
}

// A Call is what is known of a call before it is made.
type Call struct {
	Method string         // "" is one that is not known
	URL    urlpattern.URL // what no data changes of it
	Open   bool           // data goes on with the path, or ends it
}

// CallOf returns what is known of a call whose URL a pattern makes.
func CallOf(method string, p *urlpattern.Pattern) Call {
	return Call{Method: method, URL: p.Literal(), Open: p.FromData() || !p.LiteralPath()}
}

// String returns the method and the path, with "..." where data goes on.
func (c Call) String() string {
	text := urlpattern.Path{Segments: c.URL.Path, Dir: c.URL.Dir}.String()
	if c.Open {
		text = strings.TrimSuffix(text, "/") + "/..."
	}
	return strings.TrimPrefix(c.Method+" "+text, " ")
}

// Targets looks up the service that answers a call. An error says that there is
// none, or that the one has no such call, and what may be meant.
type Targets func(call Call) (Target, error)

// A Linked config calls other services of the same server. Link is called once
// when all of them are known, after Check, and returns what the service does to
// those that call it. Its errors are like those of Check. It is called also
// where Check has errors, which it doesn't tell again: it looks up what is right.
type Linked interface {
	Link(targets Targets) (Target, error)
}

// A Remote config is that of a service which stands for one of another server of
// the installation: of one of server.peers.
type Remote interface {
	// Remote returns the URL of what it stands for, and where in the config that
	// is, as a JSON Pointer (RFC 6901). A URL without a host is one that could not
	// be read.
	Remote() (url urlpattern.URL, pointer string)
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
