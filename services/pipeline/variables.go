package pipeline

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/seed90475182/restspace/bus/spelling"
	"github.com/seed90475182/restspace/urlpattern"
)

// unset returns the faults of steps that read a variable which nothing sets. A
// transform may mean a member of its input by such a name.
func (p *parser) unset() error {
	set := append(p.variables, "_user", "_headers")
	for _, s := range p.pipeline.steps {
		if s.tries {
			set = append(set, "error")
		}
		if s.variable != "" {
			set = append(set, s.variable)
		}
	}
	var faults []error
	for _, s := range p.pipeline.steps {
		for _, v := range s.variables() {
			if !slices.Contains(set, v.name) {
				faults = append(faults, &Fault{s.at, v.at, unsetVariable(v.name, set)})
			}
		}
	}
	return errors.Join(faults...)
}

func unsetVariable(name string, set []string) string {
	if near := spelling.Nearest(name, set); near != "" {
		return fmt.Sprintf("nothing sets $%s: did you mean $%s?", name, near)
	}
	if name == "error" {
		return "nothing sets $error: write try before the call whose error it is"
	}
	return fmt.Sprintf("nothing sets $%[1]s: write :$%[1]s after the call whose answer it is, or \"$%[1]s\" as a key of a transform", name)
}

// usage is a variable that a step reads, and where in its source.
type usage struct {
	name string
	at   int
}

// variables returns the variables that a step reads.
func (s *step) variables() []usage {
	var all []usage
	if s.condition != nil {
		for _, name := range s.condition.Names() {
			if v, ok := strings.CutPrefix(name, "$"); ok && v != "" && v != "this" {
				all = append(all, usage{v, strings.Index(s.source, name)})
			}
		}
	}
	if s.request != nil {
		all = append(all, s.variablesOf(s.request.URL)...)
	}
	if s.pattern != nil {
		all = append(all, s.variablesOf(s.pattern)...)
	}
	return all
}

// variablesOf returns those of a pattern of the step.
func (s *step) variablesOf(p *urlpattern.Pattern) []usage {
	var all []usage
	for _, arg := range p.Args() {
		if arg.Source == urlpattern.FromVariable {
			name := arg.Key[:strings.IndexAny(arg.Key+".", "./[")]
			all = append(all, usage{name, strings.Index(s.source, arg.Code)})
		}
	}
	return all
}
