package access_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/runtime/access"
	"github.com/seed90475182/restspace/services"
)

// template reads a template: "_" is any segment, and "..." the rest.
func template(text string) access.Template {
	var t access.Template
	for segment := range strings.FieldsSeq(strings.ReplaceAll(text, "/", " ")) {
		switch segment {
		case "...":
			t.Rest = true
		case "_":
			t.Segments = append(t.Segments, "")
		default:
			t.Segments = append(t.Segments, segment)
		}
	}
	return t
}

func TestAdmitsAt(t *testing.T) {
	ann := &bus.User{Email: "ann@x.com", Roles: []string{"E"}, Fields: map[string]string{"org": "n1", "none": ""}}
	for _, row := range []struct {
		spec, template string
		nobody, ann    bool
	}{
		{"all", "/", true, true},
		{"none", "/...", false, false},
		{"E", "/...", false, true},
		{"A", "/...", false, false},
		{"A /a/b E", "/...", false, true},
		{"A /a/b E", "/a/...", false, true},
		{"A /a/b E", "/a/_", false, true},
		{"A /a/b E", "/_/b/c", false, true},
		{"A /a/b E", "/a", false, false},
		{"A /a/b E", "/b/...", false, false},
		{"E /a A", "/a/...", false, false},
		{"E /a A", "/_/...", false, true},
		{"E /a A /a/b all", "/a/_", true, true},
		{"all /a none", "/a/b", false, false},
		{"all /a none", "/_/b", true, true},
		{"{email}", "/", false, false},
		{"{email}", "/_", false, true},
		{"{email}", "/...", false, true},
		{"{email}", "/ann@x.com/y", false, true},
		{"{email}", "/bert@x.com/y", false, false},
		{"{org}@2", "/_", false, false},
		{"{org}@2", "/_/_", false, true},
		{"{none}", "/_", false, false},
		{"{other}", "/_", false, false},
	} {
		s := parse(t, row.spec)
		assert.Equal(t, row.nobody, s.AdmitsAt(nil, template(row.template)), "nobody: %s at %s", row.spec, row.template)
		assert.Equal(t, row.ann, s.AdmitsAt(ann, template(row.template)), "ann: %s at %s", row.spec, row.template)
	}
}

func TestTerms(t *testing.T) {
	for _, row := range []struct {
		spec, template, terms string
		open, closed          bool
	}{
		{"all", "/...", "", true, false},
		{"none", "/...", "", false, false},
		{"E A {email}", "/...", "A E {email}", false, true},
		{"all /a E {org}@2", "/...", "E {org}@2", true, true},
		{"all /a E", "/b", "", true, false},
		{"all /a E", "/a/b", "E", false, true},
		{"all /a none", "/...", "", true, false},
		{"E all", "/", "", true, false},
	} {
		terms, open, closed := parse(t, row.spec).Terms(template(row.template))
		assert.Equal(t, row.terms, strings.Join(terms, " "), row.spec)
		assert.Equal(t, []bool{row.open, row.closed}, []bool{open, closed}, "%s at %s", row.spec, row.template)
	}
}

// TestSpecsAreThoseThatDecide asks the rules whether a user with one of four
// roles is let in, and whether one of the specs of the operation says so, too.
func TestSpecsAreThoseThatDecide(t *testing.T) {
	rules := rules(t)
	for _, kind := range []services.Kind{
		{Name: "plain"}, {Name: "documents", Documents: true}, {Name: "computes", PostReads: true},
		{Name: "both", Documents: true, PostReads: true},
	} {
		for _, method := range []string{"GET", "PUT", "POST", "PATCH", "DELETE"} {
			for _, directory := range []bool{false, true} {
				for _, role := range []string{"R", "W", "C", "M"} {
					u := user("ann@x.com", role)
					m := request(t, method, "/x", u)
					m.URL.Dir = directory
					_, err := rules.Decide(&kind, m)
					told := false
					for _, s := range rules.Specs(&kind, &services.Operation{Method: method}, directory) {
						told = told || s.AdmitsAt(u, template("/x"))
					}
					assert.Equal(t, err == nil, told, "%s: %s, directory %t, role %s", kind.Name, method, directory, role)
				}
			}
		}
	}
}
