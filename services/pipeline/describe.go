package pipeline

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/seed90475182/restspace/services"
	"github.com/seed90475182/restspace/services/requestspec"
	"github.com/seed90475182/restspace/urlpattern"
)

// describe tells how the pipeline is called: with as many arguments in the path
// as its steps need, and up to as many as they can use.
func (c *Config) describe() []services.Operation {
	if c.parsed == nil {
		return c.describeStore()
	}
	methods := []string{http.MethodPost}
	if c.parsed.takesOver() {
		methods = append(methods, http.MethodPut, http.MethodPatch, http.MethodDelete)
	}
	if c.Get || c.only.getReads {
		methods = append(methods, http.MethodGet)
	}
	u := c.parsed.uses()
	var list []services.Operation
	for i, path := range u.paths() {
		for _, method := range methods {
			o := services.Operation{Method: method, Path: path, Name: strings.ToLower(method), Doc: "Run the pipeline", Parameters: u.query}
			if i > 0 {
				o.Name += "-" + strconv.Itoa(i)
			}
			if method != http.MethodGet && method != http.MethodDelete {
				o.Sends = anything()
			}
			list = append(list, o)
		}
	}
	return list
}

func anything() []services.Content { return []services.Content{{MediaType: "*/*"}, {}} }

// takesOver reports whether a call has the method of the request.
func (p *Pipeline) takesOver() bool {
	return slices.ContainsFunc(p.steps, func(s *step) bool {
		return s.request != nil && s.request.Method == requestspec.CallersMethod
	})
}

// uses is what the URLs of a pipeline read of the request.
type uses struct {
	needed, usable int  // elements of the path
	rest           bool // all that follows, too
	query          []services.Parameter
}

func (p *Pipeline) uses() uses {
	var u uses
	for _, s := range p.steps {
		if s.request == nil {
			continue
		}
		for _, arg := range s.request.URL.Args() {
			u.add(arg)
		}
	}
	return u
}

// add adds what a code of a URL reads. The sub path of a mount is all of its
// path.
func (u *uses) add(arg urlpattern.Arg) {
	switch arg.Source {
	case urlpattern.FromFullPath:
		u.rest = true
	case urlpattern.FromServicePath, urlpattern.FromSubPath:
		from, to := ends(arg.Key)
		if from < 0 {
			u.rest = true
			return
		}
		u.rest = u.rest || to
		u.usable = max(u.usable, from+1)
		if !arg.Optional {
			u.needed = max(u.needed, from+1)
		}
	case urlpattern.FromQuery:
		if arg.Key != "*" && !slices.ContainsFunc(u.query, func(p services.Parameter) bool { return p.Name == arg.Key }) {
			u.query = append(u.query, services.Parameter{Name: arg.Key, In: services.InQuery})
		}
	}
}

// ends reads a position such as >1, <0, or >1<0: the furthest element that has to
// be there, counted from the end that it names, and whether more may follow. All
// elements are -1.
func ends(key string) (n int, more bool) {
	if key == "*" {
		return -1, true
	}
	first, last, more := strings.Cut(key[1:], "<")
	n, _ = strconv.Atoi(first)
	if more {
		right, _ := strconv.Atoi(last)
		n += right
	}
	return n, more
}

// paths returns the patterns of the paths that are of use.
func (u *uses) paths() []string {
	var list []string
	var path string
	for i := range u.usable + 1 {
		if i >= u.needed {
			list = append(list, path)
		}
		if i < u.usable {
			path += fmt.Sprintf("/:arg%d", i)
		}
	}
	if u.rest {
		list = append(list, path+"/*rest")
	}
	return list
}

// describeStore tells how the pipelines of a store are run, and written. Which
// there are is not told.
func (c *Config) describeStore() []services.Operation {
	const path = "/*path"
	manage := []services.Parameter{{Name: "X-Restspace-Request-Mode", In: services.InHeader, Required: true, Doc: "manage: the request is about the definition"}}
	definition := []services.Content{{MediaType: mediaTypeJSON}}
	return []services.Operation{
		{Method: http.MethodGet, Path: path, Name: "get", Doc: "Run a pipeline that only reads"},
		{Method: http.MethodPost, Path: path, Name: "post", Doc: "Run a pipeline", Sends: anything()},
		{Method: http.MethodPut, Path: path, Name: "define", Doc: "Make or replace a pipeline", Parameters: manage, Sends: definition, Manages: true},
		{Method: http.MethodDelete, Path: path, Name: "delete", Doc: "Delete a pipeline", Parameters: manage, Manages: true},
	}
}
