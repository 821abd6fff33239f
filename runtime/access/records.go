package access

import (
	"bytes"
	"net/http"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/seed90475182/restspace/bus"
)

// member is true of the documents whose member of that name is the named field
// of the user.
type member struct {
	name, field string
	offset      int // in the text of the spec
}

// Narrows reports whether s asks for what is in a document.
func (s *Spec) Narrows() bool { return s.narrows }

// Records returns what the rules say of documents to a user, nil being nobody;
// nil: nothing. spelled returns a service path as the rules see it.
func (r *Rules) Records(u *bus.User, spelled func([]string) []string) bus.Records {
	if !r.Read.narrows && !r.Write.narrows && !r.Create.narrows {
		return nil
	}
	return &records{r, u, spelled}
}

// records are rules over documents, as they hold for a user.
type records struct {
	*Rules
	user    *bus.User
	spelled func([]string) []string
}

// Reads is part of bus.Records. Who may not read at all sees, for changing it,
// what they may write.
func (r *records) Reads(servicePath []string, document []byte) bool {
	path := r.spelled(servicePath)
	rule := r.Read.at(path)
	if !rule.admits(r.user, path) {
		rule = r.Write.at(path)
	}
	return rule.lacks(r.user, document) == nil
}

// Writes is part of bus.Records.
func (r *records) Writes(servicePath []string, before, after []byte) error {
	path := r.spelled(servicePath)
	rule := r.Create.at(path)
	if before != nil {
		if !r.Reads(servicePath, before) {
			return bus.Errorf(http.StatusNotFound, "nothing is here for you, and the name is taken: choose another one")
		}
		rule = r.Write.at(path)
		if m := rule.lacks(r.user, before); m != nil {
			return r.refuse("you may change documents whose member %q is your %s: this is another's", m)
		}
	}
	if after != nil {
		if m := rule.lacks(r.user, after); m != nil {
			return r.refuse("the member %q of the document has to be your %s: write that", m)
		}
	}
	return nil
}

// refuse returns the error for a user whose document is not what m asks for.
func (r *records) refuse(format string, m *member) error {
	if r.user == nil {
		return r.Write.leading.refuse(nil, "write here")
	}
	return bus.Errorf(http.StatusForbidden, format, m.name, m.field)
}

// lacks returns the first member that a document has to have, and has not.
func (r *rule) lacks(u *bus.User, document []byte) *member {
	for i := range r.members {
		m := &r.members[i]
		if want, _ := u.Field(m.field); want == "" || valueOf(document, m.name) != want {
			return m
		}
	}
	return nil
}

// valueOf returns a member of a document that is a text, a number or a truth
// value; "" for all others, and of what is no object or no JSON.
func valueOf(document []byte, name string) (found string) {
	in := jsontext.NewDecoder(bytes.NewReader(document))
	if start, err := in.ReadToken(); err != nil || start.Kind() != '{' {
		return ""
	}
	for in.PeekKind() == '"' {
		member, err := in.ReadToken()
		if err != nil {
			return ""
		}
		here := member.String() == name
		value, err := in.ReadValue()
		if err != nil {
			return ""
		}
		switch kind := value.Kind(); {
		case !here:
		case kind == '"':
			text, err := jsontext.AppendUnquote(nil, value)
			if err != nil {
				return ""
			}
			found = string(text)
		case kind == '0', kind == 't', kind == 'f':
			found = string(value)
		}
	}
	if _, err := in.ReadToken(); err != nil { // such as a second member of the name
		return ""
	}
	return found
}
