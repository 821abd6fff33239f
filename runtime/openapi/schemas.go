package openapi

import (
	"bytes"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/tidwall/gjson"

	"github.com/seed90475182/restspace/services"
)

// component returns the name of a schema that operations of m share.
func (m *mount) component(s *services.Schema) string { return m.Name + "." + s.Name }

// named is a schema that operations refer to.
type named struct {
	name string
	text jsontext.Value
}

// note keeps the schemas that an operation of m refers to, each once.
func (w *writer) note(m *mount, o *operation) {
	for _, s := range o.schemas() {
		name := m.component(s)
		if !slices.ContainsFunc(w.named[w.noted:], func(n named) bool { return n.name == name }) {
			w.named = append(w.named, named{name, s.Text})
		}
	}
}

// schemas writes the schemas that operations refer to. One that holds a secret
// becomes a schema of anything.
func (w *writer) schemas(secrets []string) {
	ids := make(map[string]bool)
	for _, n := range w.named {
		if holds(n.text, secrets) {
			n.text = jsontext.Value("true")
		}
		w.member(n.name, embedded(n.name, n.text, ids))
	}
}

// holds reports whether one of secrets is in a text of JSON.
func holds(text jsontext.Value, secrets []string) bool {
	return slices.ContainsFunc(secrets, func(secret string) bool {
		quoted, err := jsontext.AppendQuote(nil, secret)
		return err != nil || secret != "" && bytes.Contains(text, quoted[1:len(quoted)-1])
	})
}

// schemas returns the schemas with names of an operation.
func (o *operation) schemas() []*services.Schema {
	var list []*services.Schema
	add := func(content []services.Content) {
		for _, c := range content {
			if c.Schema != nil && c.Schema.Name != "" {
				list = append(list, c.Schema)
			}
		}
	}
	add(o.Sends)
	for _, a := range o.Answers {
		add(a.Content)
	}
	return list
}

// embedded returns a schema as it may stand in the document. Pointers in it are
// to itself, and become such into the document: not all tools know that a schema
// with an identifier begins a resource of its own (JSON Schema 2020-12 section
// 8.2.1). One with anchors needs that, and gets an identifier. Of several with the
// same identifier the first one stays: the others become schemas of anything.
func embedded(name string, text jsontext.Value, ids map[string]bool) jsontext.Value {
	id := gjson.GetBytes(text, "$id")
	switch {
	case id.Type == gjson.String && ids[id.Str]:
		return jsontext.Value("true")
	case id.Type == gjson.String:
		ids[id.Str] = true
		return text
	case bytes.Contains(text, []byte(`nchor"`)):
		inner := bytes.TrimLeft(text, " \t\r\n")[1:]
		own, _ := jsontext.AppendQuote([]byte(`{"$id":`), "urn:restspace:"+name) // a name is of letters and such
		return append(append(own, ','), inner...)
	case !bytes.Contains(text, []byte(`"#`)):
		return text
	}
	return rebased(text, "#/components/schemas/"+name)
}

// rebased returns a schema whose references to places in it are below base.
func rebased(text jsontext.Value, base string) jsontext.Value {
	var out bytes.Buffer
	from, to := jsontext.NewDecoder(bytes.NewReader(text)), jsontext.NewEncoder(&out)
	for {
		token, err := from.ReadToken()
		if err != nil { // the end: it was read before
			return out.Bytes()
		}
		if token.Kind() == '"' && isReference(from) {
			if place, inside := strings.CutPrefix(token.String(), "#"); inside {
				token = jsontext.String(base + place)
			}
		}
		if err := to.WriteToken(token); err != nil {
			return text
		}
	}
}

// isReference reports whether what was read last is the value of a $ref.
func isReference(d *jsontext.Decoder) bool {
	kind, n := d.StackIndex(d.StackDepth())
	return kind == '{' && n%2 == 0 && d.StackPointer().LastToken() == "$ref"
}
