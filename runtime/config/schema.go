package config

import (
	"fmt"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/services"
)

// Schema returns a JSON Schema (2020-12) of a configuration that may name
// kinds, for editors. It is about the file without comments and trailing
// commas. What Parse takes is valid under it; what only the whole of a file
// can tell, such as two services of one name, is for Parse alone.
func Schema(kinds Kinds) []byte {
	g := generator{kinds, forms()}
	server, auth, cookie := serverKeys{Server: defaultServer()}, defaultAuth(), defaultCookie()
	g.defs["server"] = g.object(fieldsOf(&server))
	g.defs["auth"] = g.object(fieldsOf(&auth))
	g.defs["cookie"] = &schema{AnyOf: []*schema{g.object(fieldsOf(&cookie)), {Const: false}}}
	g.defs["kind"] = g.kindNames()
	g.defs["service"] = g.service()
	g.defs["services"] = &schema{Type: "array", Items: refTo("service"), MaxItems: maxServices}

	top := g.object(fieldsOf(&topKeys{}))
	top.Schema, top.Title = "https://json-schema.org/draft/2020-12/schema", "services.json"
	top.AllowComments, top.AllowTrailingCommas = true, true
	top.Defs = g.defs
	text, err := json.Marshal(top, json.Deterministic(true), jsontext.WithIndent("  "))
	if err != nil {
		panic(fmt.Sprintf("config: a default can't be written: %v", err)) // a Kind's mistake
	}
	return append(text, '\n')
}

// generator makes schemas of what the configuration is decoded into.
type generator struct {
	kinds Kinds
	defs  map[string]*schema
}

// kindNames returns what names a Kind of service.
func (g *generator) kindNames() *schema {
	var list []*schema
	for _, k := range g.kinds.Services.Kinds() {
		list = append(list, &schema{Const: k.Name, Description: Summary(k.Doc)})
	}
	return oneOfThese(list)
}

// service returns the schema of a service. It has the keys of every service;
// the schema of its Kind says which keys there are at all.
func (g *generator) service() *schema {
	s := g.object(fieldsOf(&serviceKeys{}))
	s.AdditionalProperties = nil
	for _, k := range g.kinds.Services.Kinds() {
		name := "service-" + k.Name
		g.defs[name] = g.serviceOf(k)
		s.AllOf = append(s.AllOf, when("service", k.Name, true, refTo(name)))
	}
	return s
}

// serviceOf returns what a service of a Kind has, beside what every one has.
func (g *generator) serviceOf(k services.Kind) *schema {
	s := g.object(fieldsOf(k.Config()))
	for _, f := range fieldsOf(&serviceKeys{}) {
		if f.name != "createRoles" || k.Documents {
			s.Properties[f.name] = &schema{}
		}
	}
	for _, slot := range k.Adaptors {
		g.slot(s, slot)
	}
	return s
}

// slot adds the keys of a slot to the schema of a service.
func (g *generator) slot(s *schema, slot services.Slot) {
	what := strings.ToLower(string(slot.Of))
	var names []*schema
	for _, k := range g.kinds.Adaptors.Kinds() {
		if k.Of != slot.Of {
			continue
		}
		names = append(names, &schema{Const: k.Name, Description: Summary(k.Doc)})
		s.AllOf = append(s.AllOf, when(slot.Key, k.Name, k.Name != slot.Default, g.adaptor(slot.Key+"Config", k)))
	}
	names = append(names, &schema{Pattern: "/", Description: "the path of a plugin"})
	kind := oneOfThese(names)
	kind.Description = "which " + what + " it uses"
	if slot.Optional {
		kind.Description += ", if it has one"
	} else if slot.Default == "" {
		s.Required = append(s.Required, slot.Key)
	} else {
		kind.Default = slot.Default
	}
	s.Properties[slot.Key] = kind
	s.Properties[slot.Key+"Config"] = &schema{Type: "object", Description: "what that " + what + " is told"}
	s.Properties[slot.Key+"Plugin"] = g.object(fieldsOf(&adaptors.Plugin{}))
	s.Properties[slot.Key+"Plugin"].Description = "how that " + what + " is run, where it is a plugin"
}

// adaptor returns the schema of a service whose adaptor is of a Kind, with its
// config at key.
func (g *generator) adaptor(key string, k adaptors.Kind) *schema {
	name := "adaptor-" + k.Name
	g.defs[name] = g.object(fieldsOf(k.Config()))
	s := &schema{Properties: map[string]*schema{key: refTo(name)}}
	if len(g.defs[name].Required) > 0 {
		s.Required = []string{key}
	}
	return s
}

// Summary returns the first sentence of a text in Markdown after its heading,
// in one line and without the full stop.
func Summary(doc string) string {
	var words []string
	for line := range strings.Lines(doc) {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "#"):
			continue
		case line == "" && len(words) > 0:
			return strings.TrimSuffix(strings.Join(words, " "), ".")
		}
		for _, word := range strings.Fields(line) {
			words = append(words, word)
			if strings.HasSuffix(word, ".") {
				return strings.TrimSuffix(strings.Join(words, " "), ".")
			}
		}
	}
	return strings.Join(words, " ")
}
