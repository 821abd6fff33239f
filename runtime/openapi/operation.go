package openapi

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/seed90475182/restspace/runtime/config"
	"github.com/seed90475182/restspace/services"
)

// paths writes the operations of a mount, which are in the order of paths.
func (w *writer) paths(m *mount, list []operation, roles bool, schemes []string) {
	w.noted = len(w.named)
	for len(list) > 0 {
		at := list[0].path
		n := slices.IndexFunc(list, func(o operation) bool { return o.path.text != at.text })
		if n < 0 {
			n = len(list)
		}
		w.open(at.text)
		for _, o := range list[:n] {
			w.note(m, &o)
			w.member(strings.ToLower(o.Method), m.operation(&o, roles, schemes))
		}
		w.close()
		list = list[n:]
	}
}

// summary returns what the Kind of m is, in a sentence.
func (m *mount) summary() string { return config.Summary(m.Kind.Doc) }

type operationObject struct {
	ID          string                `json:"operationId"`
	Tags        []string              `json:"tags"`
	Summary     string                `json:"summary,omitzero"`
	Parameters  []parameter           `json:"parameters,omitempty"`
	RequestBody *requestBody          `json:"requestBody,omitzero"`
	Responses   map[string]any        `json:"responses"`
	Security    []map[string][]string `json:"security"`
}

type parameter struct {
	Name        string         `json:"name"`
	In          services.In    `json:"in"`
	Description string         `json:"description,omitzero"`
	Required    bool           `json:"required,omitzero"`
	Schema      jsontext.Value `json:"schema"`
}

type requestBody struct {
	Required bool                 `json:"required,omitzero"`
	Content  map[string]mediaType `json:"content"`
}

type mediaType struct {
	Schema jsontext.Value `json:"schema,omitzero"`
}

type response struct {
	Description string               `json:"description"`
	Headers     map[string]any       `json:"headers,omitempty"`
	Content     map[string]mediaType `json:"content,omitempty"`
}

type header struct {
	Description string         `json:"description,omitzero"`
	Schema      jsontext.Value `json:"schema"`
}

func (m *mount) operation(o *operation, roles bool, schemes []string) operationObject {
	object := operationObject{
		ID:         m.Name + "." + o.name(),
		Tags:       []string{m.Name},
		Summary:    o.Doc,
		Parameters: o.parameters(),
		Responses:  m.responses(o),
		Security:   o.security(roles, schemes),
	}
	if len(o.Sends) > 0 {
		object.RequestBody = &requestBody{Required: true, Content: m.content(o.Sends)}
		if _, none := object.RequestBody.Content[""]; none {
			object.RequestBody.Required = false
			delete(object.RequestBody.Content, "")
		}
	}
	return object
}

// name returns the name of o, which no other of its mount has.
func (o *operation) name() string {
	if o.Name != "" {
		return o.Name
	}
	replacer := strings.NewReplacer("/", "_", ":", "by-", "*", "by-")
	return strings.ToLower(o.Method) + replacer.Replace(o.Path)
}

// text is the schema of a text.
func text() jsontext.Value { return jsontext.Value(`{"type":"string"}`) }

// parameters returns those of o, and those of its path that it says nothing of.
func (o *operation) parameters() []parameter {
	var list []parameter
	told := make(map[string]services.Parameter)
	for _, p := range o.Parameters {
		if p.In == services.InPath {
			told[p.Name] = p
		}
	}
	for _, name := range o.path.names {
		p := parameter{Name: name, In: services.InPath, Description: told[name].Doc, Required: true, Schema: told[name].Schema}
		if p.Description == "" && name == o.path.rest {
			p.Description = "one segment or several, with slashes between them"
		}
		list = append(list, p)
	}
	for _, p := range o.Parameters {
		if p.In != services.InPath {
			list = append(list, parameter{Name: p.Name, In: p.In, Description: p.Doc, Required: p.Required, Schema: p.Schema})
		}
	}
	for i := range list {
		if list[i].Schema == nil {
			list[i].Schema = text()
		}
	}
	return list
}

// responses returns the answers of o, and that all others are errors.
func (m *mount) responses(o *operation) map[string]any {
	all := map[string]any{"default": ref("responses", "problem")}
	for _, a := range o.Answers {
		r := response{Description: cmp.Or(a.Doc, http.StatusText(a.Status)), Headers: serviceHeader(), Content: m.content(a.Content)}
		for _, h := range a.Header {
			schema := h.Schema
			if schema == nil {
				schema = text()
			}
			r.Headers[h.Name] = header{Description: h.Doc, Schema: schema}
		}
		all[strconv.Itoa(a.Status)] = r
	}
	if len(o.Answers) == 0 {
		all["2XX"] = response{Description: "Success", Headers: serviceHeader()}
	}
	return all
}

func serviceHeader() map[string]any {
	return map[string]any{"X-Restspace-Service": ref("headers", "service")}
}

// content returns what a body may be.
func (m *mount) content(list []services.Content) map[string]mediaType {
	all := make(map[string]mediaType, len(list))
	for _, c := range list {
		var schema jsontext.Value
		switch {
		case c.Schema == nil:
		case c.Schema.Name == "":
			schema = c.Schema.Text
		default:
			schema = ref("schemas", m.component(c.Schema))
		}
		all[c.MediaType] = mediaType{schema}
	}
	return all
}

// security returns which tokens suffice for o. Who may see it finds the roles in
// it, of which each suffices.
func (o *operation) security(roles bool, schemes []string) []map[string][]string {
	var all []string
	open, closed := false, false
	for _, s := range o.specs {
		terms, someOpen, someClosed := s.Terms(o.path.template)
		all = append(all, terms...)
		open, closed = open || someOpen, closed || someClosed
	}
	if !closed {
		return nil
	}
	var list []map[string][]string
	if open { // not at all of its paths
		list = append(list, map[string][]string{})
	}
	slices.Sort(all)
	all = slices.Compact(all)
	for _, scheme := range schemes {
		if !roles {
			list = append(list, map[string][]string{scheme: {}})
			continue
		}
		for _, term := range all {
			list = append(list, map[string][]string{scheme: {term}})
		}
	}
	return list
}
