package documents

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/services/documents/schema"
	"github.com/seed90475182/restspace/urlpattern"
)

const validateKey = "$validate"

// The limits of a survey.
const (
	maxSurveyed   = 10_000 // documents
	maxSurveyTime = 5 * time.Second
	maxNames      = 100 // of documents that do not satisfy the schema
)

// writeSchema answers a PUT or POST of a schema. It tells which documents do not
// satisfy it, and with $validate=strict it stores none that some do not.
func (d *Documents) writeSchema(ctx context.Context, m *bus.Message, key adaptors.Key) (*bus.Message, error) {
	c, err := parseConditions(m.Header)
	if err != nil {
		return nil, err
	}
	body, err := d.accept(m, validateKey)
	if err != nil {
		return nil, err
	}
	strict, err := isStrict(m.URL.Query)
	if err != nil {
		return nil, err
	}
	text, err := body.Bytes(d.MaxBody)
	if err != nil {
		return nil, err
	}
	compiled, err := compile(text)
	if err != nil {
		return nil, err
	}
	s := &survey{Documents: d, dir: key[:len(key)-1], schema: compiled, sees: m.Sees, unseen: d.guard != nil && d.guard.guard.Hides}
	var before func() error
	if strict {
		before = func() error { return s.refuse(ctx) }
	}
	info, err := d.putSchema(ctx, key, body, c.Condition, before)
	if err != nil {
		return nil, err
	}
	reply := stored(m.URL.Path, &info)
	if m.Method == http.MethodPost {
		reply.Body, err = d.echo(ctx, key, body)
		return reply, err
	}
	if !strict {
		_ = s.run(ctx) // what it could not see to its end says so
	}
	report, err := json.Marshal(s.found)
	reply.Body = bus.NewBody(report, mediaTypeJSON)
	return reply, err
}

// isStrict reads $validate.
func isStrict(query string) (bool, error) {
	value, ok := urlpattern.QueryValue(query, validateKey)
	if ok && value != "strict" {
		return false, bus.Errorf(http.StatusBadRequest, "%s is %q: write strict, or leave it out", validateKey, value)
	}
	return ok, nil
}

// A survey looks which of the documents that a schema governs satisfy it. Those
// that its user may not read are left out.
type survey struct {
	*Documents
	dir    adaptors.Key
	schema *schema.Schema
	sees   func([]string) bool
	unseen bool // something is left out
	found  findings
}

// findings are what a survey found.
type findings struct {
	Checked  int      `json:"checked"`  // documents
	Broken   int      `json:"broken"`   // how many of them do not satisfy the schema
	Names    []string `json:"names"`    // the first of these, as a listing shows them
	Complete bool     `json:"complete"` // there are no more documents than were checked, seen or not
}

// refuse returns an error of status 409 unless all documents satisfy the schema.
func (s *survey) refuse(ctx context.Context) error {
	err := s.run(ctx)
	f := s.found
	e := bus.Errorf(http.StatusConflict, "%d of %d documents do not satisfy the schema, which is not stored: mend them, or leave %s out", f.Broken, f.Checked, validateKey)
	switch {
	case f.Broken > 0:
	case err != nil && !errors.Is(err, errEnough):
		return err
	case f.Complete:
		return nil
	case s.unseen:
		e.Detail = fmt.Sprintf("there are documents that you may not read, and the schema is not stored: leave %s out", validateKey)
	default:
		e.Detail = fmt.Sprintf("after %d documents there are more than can be checked at once, and the schema is not stored: leave %s out", f.Checked, validateKey)
	}
	e.Members = map[string]any{"checked": f.Checked, "broken": f.Broken, "names": f.Names, "complete": f.Complete}
	return e
}

// run looks at the documents, as far as its limits and errors let it.
func (s *survey) run(ctx context.Context) error {
	s.found.Names = []string{}
	short, cancel := context.WithTimeout(ctx, maxSurveyTime)
	defer cancel()
	w := walk{Documents: s.Documents, o: &listOptions{recursive: true, noDirs: true, all: true, take: maxSurveyed},
		visit: s.visit, enters: s.enters}
	err := w.level(short, s.dir, nil, urlpattern.Path{})
	if err != nil && short.Err() != nil && ctx.Err() == nil {
		err = errEnough
	}
	s.found.Complete = err == nil && !s.unseen
	return err
}

// enters reports whether the schema is that of a directory below: whether that
// has none of its own.
func (s *survey) enters(ctx context.Context, dir adaptors.Key) (bool, error) {
	_, _, err := s.Keep.Get(ctx, append(dir[:len(dir):len(dir)], schemaName), adaptors.GetOptions{Meta: true})
	if errors.Is(err, fs.ErrNotExist) {
		return s.seen(dir, true), nil
	}
	return false, err
}

// seen reports whether the user may read what is at a key, and notes if not.
func (s *survey) seen(key adaptors.Key, dir bool) bool {
	seen := mayRead(s.sees, key, dir)
	s.unseen = s.unseen || !seen
	return seen
}

func (s *survey) visit(ctx context.Context, e *entry) error {
	switch {
	case s.isSchema(e.key), !s.seen(e.key, false):
		return nil
	case s.found.Checked == maxSurveyed:
		return errEnough
	}
	body, _, err := s.Keep.Get(ctx, e.key, adaptors.GetOptions{})
	if errors.Is(err, fs.ErrNotExist) { // deleted since the store listed it
		return nil
	}
	if err != nil {
		return err
	}
	defer body.Close()
	document, err := body.Bytes(s.MaxBody)
	if err != nil && bus.Classify(err).Status != http.StatusRequestEntityTooLarge {
		return err
	}
	s.found.Checked++
	if err != nil || CheckJSON(document) != nil || !s.schema.Admits(document) {
		s.found.Broken++
		if len(s.found.Names) < maxNames {
			s.found.Names = append(s.found.Names, string(e.name))
		}
	}
	return nil
}
