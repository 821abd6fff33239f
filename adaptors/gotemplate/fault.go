package gotemplate

import (
	"errors"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	htmltemplate "html/template"
	texttemplate "text/template"

	"github.com/seed90475182/restspace/bus"
)

// fault is what is wrong with a template, or with the data for it. A line or a
// column of 0 is not known.
func fault(name string, line, column int, message string) error {
	e := &bus.Error{Status: http.StatusUnprocessableEntity, Members: map[string]any{"template": name}}
	at := name
	if line > 0 {
		at += ":" + strconv.Itoa(line)
		e.Members["line"] = line
		if column > 0 {
			at += ":" + strconv.Itoa(column)
			e.Members["column"] = column
		}
	}
	e.Detail = at + ": " + message
	return e
}

var (
	execForm = regexp.MustCompile(`(?s)^template: (.*?):(\d+):(\d+): executing ".*?" at <(.*?)>: (?:error calling \w+: )?(.*)$`)
	// what text/template says of a member of something that has none
	memberForm = regexp.MustCompile(`^can't evaluate field (\S+) in type .*$`)
	htmlForm   = regexp.MustCompile(`(?s)^html/template:(.*?):(\d+):(\d+): `)
)

// explain says where an execution ended, and why. Errors that are not the
// template's, such as those of the writer, stay as they are.
func (p *program) explain(err error) error {
	if err == nil {
		return nil
	}
	if stopped, ok := err.(limit); ok {
		return fault(p.name, 0, 0, string(stopped))
	}
	if _, ok := errors.AsType[texttemplate.ExecError](err); ok {
		if found := execForm.FindStringSubmatch(err.Error()); found != nil {
			line, column := numbers(found[2], found[3])
			what := strings.TrimSuffix(found[4], " | "+shown)
			return fault(found[1], line, column+1, what+": "+memberForm.ReplaceAllString(found[5], `there is no member $1: what should have it is no object`))
		}
		return fault(p.name, 0, 0, err.Error())
	}
	if e, ok := errors.AsType[*htmltemplate.Error](err); ok {
		what, _, _ := strings.Cut(e.Description, ": {state") // the rest is for the authors of html/template
		found := htmlForm.FindStringSubmatch(err.Error())
		if found == nil {
			return fault(p.name, 0, 0, what)
		}
		line, column := numbers(found[2], found[3])
		return fault(strings.ReplaceAll(found[1], "%%", "%"), line, column+1, what)
	}
	return err
}

func numbers(line, column string) (int, int) {
	l, _ := strconv.Atoi(line)
	c, _ := strconv.Atoi(column)
	return l, c
}
