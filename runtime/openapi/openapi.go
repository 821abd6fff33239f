package openapi

import (
	"io"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// writer writes JSON. After an error it writes nothing.
type writer struct {
	*jsontext.Encoder
	err error

	named []named // schemas that were referred to, mount by mount
	noted int     // how many of them are of other mounts than the one at hand
}

func newWriter(to io.Writer, options []jsontext.Options) *writer {
	options = append([]jsontext.Options{jsontext.AllowDuplicateNames(true)}, options...) // it would hold all names to tell
	return &writer{Encoder: jsontext.NewEncoder(to, options...)}
}

func (w *writer) token(list ...jsontext.Token) {
	for _, t := range list {
		if w.err == nil {
			w.err = w.WriteToken(t)
		}
	}
}

// member writes a member of an object.
func (w *writer) member(name string, value any) {
	w.token(jsontext.String(name))
	w.value(value)
}

func (w *writer) value(value any) {
	if w.err == nil {
		w.err = json.MarshalEncode(w.Encoder, value, json.Deterministic(true))
	}
}

// open begins a member that is an object.
func (w *writer) open(name string) { w.token(jsontext.String(name), jsontext.BeginObject) }

func (w *writer) close() { w.token(jsontext.EndObject) }

// OpenAPI writes what v shows as a document of OpenAPI 3.1 to w, in JSON. The
// same is written the same way each time.
func (d *Description) OpenAPI(to io.Writer, v View, options ...jsontext.Options) error {
	w := newWriter(to, options)
	w.token(jsontext.BeginObject)
	w.member("openapi", "3.1.1")
	w.member("info", info{Title: "restspace", Version: "1"})
	w.member("servers", []server{{d.url()}})
	w.tags(d, &v)
	w.open("paths")
	for _, m := range d.mounts {
		w.paths(m, d.operations(m, &v), v.showsRoles(m), d.schemes())
		if w.err != nil { // the client may be gone
			return w.err
		}
	}
	w.close()
	w.components(d)
	w.close()
	return w.err
}

// url returns where the paths are, as others see it.
func (d *Description) url() string {
	url := d.conf.Server.PublicURL
	if url == "" || slices.Contains(d.conf.Secrets, url) {
		return "/" // where the document was fetched, as if nothing was said
	}
	return strings.TrimSuffix(url, "/")
}

type info struct {
	Title   string `json:"title"`
	Version string `json:"version"`
}

type server struct {
	URL string `json:"url"`
}

type tag struct {
	Name        string `json:"name"`
	Description string `json:"description,omitzero"`
}

// tags writes the mounts.
func (w *writer) tags(d *Description, v *View) {
	w.token(jsontext.String("tags"), jsontext.BeginArray)
	for _, m := range d.mounts {
		if v.shows(m) {
			w.value(tag{m.Name, m.summary()})
		}
	}
	w.token(jsontext.EndArray)
}

// The names of the security schemes.
const (
	bearerScheme = "bearer"
	cookieScheme = "cookie"
)

// schemes returns the names of the ways to show a token.
func (d *Description) schemes() []string {
	if d.conf.Auth.Cookie.Name == "" {
		return []string{bearerScheme}
	}
	return []string{bearerScheme, cookieScheme}
}

// securityScheme is a way to show a token.
type securityScheme struct {
	Type         string `json:"type"`
	Scheme       string `json:"scheme,omitzero"`
	BearerFormat string `json:"bearerFormat,omitzero"`
	In           string `json:"in,omitzero"`
	Name         string `json:"name,omitzero"`
}

// components writes what operations refer to.
func (w *writer) components(d *Description) {
	w.open("components")
	w.open("securitySchemes")
	w.member(bearerScheme, securityScheme{Type: "http", Scheme: "bearer", BearerFormat: "JWT"})
	if name := d.conf.Auth.Cookie.Name; name != "" {
		w.member(cookieScheme, securityScheme{Type: "apiKey", In: "cookie", Name: name})
	}
	w.close()
	w.open("headers")
	w.member("service", header{Description: "the name of the mount that answered", Schema: jsontext.Value(`{"type":"string"}`)})
	w.close()
	w.open("responses")
	w.member("problem", response{
		Description: "An error (RFC 9457)",
		Headers:     serviceHeader(),
		Content:     map[string]mediaType{"application/problem+json": {ref("schemas", "problem")}},
	})
	w.close()
	w.open("schemas")
	w.member("problem", jsontext.Value(problemSchema))
	w.schemas(d.conf.Secrets)
	w.close()
	w.close()
}

const problemSchema = `{
	"type": "object",
	"required": ["type", "title", "status"],
	"properties": {
		"type": {"type": "string", "format": "uri-reference"},
		"title": {"type": "string"},
		"status": {"type": "integer"},
		"detail": {"type": "string"},
		"instance": {"type": "string", "description": "the id of the request, by which the log knows it"}
	}
}`

// ref returns a reference to a component.
func ref(sort, name string) jsontext.Value {
	text, _ := jsontext.AppendQuote([]byte(`{"$ref":`), "#/components/"+sort+"/"+name) // names are of letters and such
	return append(text, '}')
}
