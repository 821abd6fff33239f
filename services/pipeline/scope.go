package pipeline

import (
	"net/http"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/services/expr"
	"github.com/seed90475182/restspace/urlpattern"
)

// condition returns what names mean in a condition. Why a body could not be
// read goes to unread.
func (r *run) condition(m *message, unread *error) *expr.Scope {
	s := r.scope(m)
	variables := s.Names
	s.Names = func(name string) (any, bool) {
		if value, ok := variables(name); ok {
			return value, true
		}
		if name == "body" {
			return r.document(m, unread)
		}
		return r.fact(m, name)
	}
	return s
}

// scope returns what names mean in a transform, beside the members of the body.
func (r *run) scope(m *message) *expr.Scope {
	return &expr.Scope{
		Engine:  &r.engine,
		Pattern: &urlpattern.Values{URL: &r.request.URL, Name: m.name},
		Set:     func(name string, value expr.Raw) { m.set(name, value) },
		Names: func(name string) (any, bool) {
			if variable, ok := strings.CutPrefix(name, "$"); ok {
				value := r.variable(m, variable)
				return expr.Raw(value), value != nil
			}
			return r.function(name)
		},
	}
}

// function returns what a name means that may be called.
func (r *run) function(name string) (any, bool) {
	switch name {
	case "header":
		return func(key string) any { return r.headerOf(key) }, true
	case "query":
		return func(key string) any { return r.queryOf(key) }, true
	}
	return nil, false
}

// fact returns what a name means that is no variable.
func (r *run) fact(m *message, name string) (any, bool) {
	switch name {
	case "name":
		return m.name, true
	case "mime":
		return m.body.MediaType(), true
	case "isJson":
		return m.body != nil && m.body.Payload() == bus.Data, true
	case "isText":
		return m.body != nil && m.body.Payload() == bus.Text, true
	case "isBinary":
		return m.body != nil && m.body.Payload() == bus.Binary, true
	case "status":
		return float64(m.status), true
	case "ok":
		return isSuccess(m.status), true
	}
	return r.asked(name)
}

// document returns the body if it is JSON.
func (r *run) document(m *message, unread *error) (any, bool) {
	if m.body.MediaType() != "" && m.body.Payload() != bus.Data {
		return nil, false
	}
	if *unread = r.keep(m); *unread != nil {
		return nil, false
	}
	data, err := m.data(r)
	return expr.Raw(data), err == nil && data != nil
}

// asked returns what a name means that is about the request of the pipeline.
func (r *run) asked(name string) (any, bool) {
	switch name {
	case "isManage":
		return isManage(r.request), true
	case "method":
		return r.request.Method, true
	case "subpath":
		return r.request.URL.SubPath(), true
	case "args":
		return r.request.ServicePath(), true
	case "isDirectory":
		return r.request.URL.Dir, true
	case "user":
		return expr.Raw(userJSON(r.request.User)), true
	}
	return nil, false
}

func (r *run) queryOf(key string) any {
	for k, value := range urlpattern.QueryPairs(r.request.URL.Query) {
		if k == key {
			return value
		}
	}
	return nil
}

// isManage reports whether a request is about a definition, not a call of it.
func isManage(m *bus.Message) bool {
	return strings.EqualFold(m.Header.Get("X-Restspace-Request-Mode"), "manage")
}

// variable returns the JSON of a variable; nil is none.
func (r *run) variable(m *message, name string) []byte {
	if v := m.vars.lookup(name); v != nil {
		return v.value
	}
	switch name {
	case "_user":
		return userJSON(r.request.User)
	case "_headers":
		return r.headersJSON()
	}
	return nil
}

// userJSON returns what is known of a user: null for nobody.
func userJSON(u *bus.User) []byte {
	if u == nil {
		return []byte("null")
	}
	text := appendString([]byte(`{"email":`), u.Email)
	text = appendString(append(text, `,"roles":`...), strings.Join(u.Roles, " "))
	for name, value := range u.Fields {
		if name != "email" && name != "roles" {
			text = appendMember(text, name, value)
		}
	}
	return append(text, '}')
}

func appendMember(text []byte, name, value string) []byte {
	if text[len(text)-1] != '{' {
		text = append(text, ',')
	}
	text = appendString(text, name)
	return appendString(append(text, ':'), value)
}

// safe reports whether a field of the request may be read: what proves who the
// caller is may not.
func safe(name string) bool {
	secret := []string{"authorization", "cookie", "proxy-authorization"}
	return !slices.Contains(secret, strings.ToLower(name))
}

func (r *run) headerOf(name string) any {
	if !safe(name) || !r.request.Header.Has(name) {
		return nil
	}
	return r.request.Header.List(name)
}

// headersJSON returns the safe fields of the request, named in lower case.
func (r *run) headersJSON() []byte {
	text := []byte{'{'}
	seen := make(map[string]bool)
	for name := range r.request.Header.All() {
		key := strings.ToLower(name)
		if !seen[key] && safe(key) {
			seen[key] = true
			text = appendMember(text, key, r.request.Header.List(name))
		}
	}
	return append(text, '}')
}

// appendString adds a text as a JSON string. What is no UTF-8 in it is replaced.
func appendString(to []byte, s string) []byte {
	to, _ = jsontext.AppendQuote(to, strings.ToValidUTF8(s, "\ufffd"))
	return to
}

// isSuccess reports whether a status is one.
func isSuccess(status int) bool {
	return status >= http.StatusOK && status < http.StatusMultipleChoices
}
