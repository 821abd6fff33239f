package openapi_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	adaptorlist "github.com/seed90475182/restspace/adaptors/all"
	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/runtime/config"
	"github.com/seed90475182/restspace/runtime/openapi"
	servicelist "github.com/seed90475182/restspace/services/all"
)

func kinds() config.Kinds {
	return config.Kinds{Services: servicelist.Registry(), Adaptors: adaptorlist.Registry()}
}

// parse reads a configuration.
func parse(t testing.TB, data []byte) *config.Config {
	t.Helper()
	lookup := config.Lookup{
		Env:      outside,
		ReadFile: func(string) ([]byte, error) { return []byte("secret"), nil },
	}
	conf, err := config.Parse("services.json", data, kinds(), lookup)
	require.NoError(t, err)
	return conf
}

// outside is the environment of a test.
func outside(name string) (string, bool) {
	switch name {
	case "EMPTY":
		return "", true
	case "URL":
		return "http://upstream.example", true
	}
	return "http://upstream.example/" + name, true
}

// document returns what v shows, which is valid.
func document(t testing.TB, conf *config.Config, v openapi.View) *openapi3.T {
	t.Helper()
	var text bytes.Buffer
	require.NoError(t, openapi.New(conf).OpenAPI(&text, v))
	return valid(t, text.Bytes())
}

// valid reads a document, which is valid.
func valid(t testing.TB, text []byte) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(text)
	require.NoError(t, err, "%s", text)
	require.True(t, doc.IsOpenAPI31OrLater())
	require.NoError(t, doc.Validate(t.Context()), "%s", text)
	require.NotEmpty(t, doc.Servers)
	ids := make(map[string]string)
	for path, item := range doc.Paths.Map() {
		for method, o := range item.Operations() {
			where := method + " " + path
			require.NotEmpty(t, o.OperationID, where)
			assert.NotEmpty(t, o.Summary, where)
			require.Empty(t, ids[o.OperationID], "%s has the id of %s", where, o.OperationID)
			ids[o.OperationID] = where
			require.Len(t, o.Tags, 1, where)
			require.NotNil(t, doc.Tags.Get(o.Tags[0]), where)
		}
	}
	return doc
}

var all = openapi.View{All: true, Roles: true}

var pluginPath = regexp.MustCompile(`"adaptor": "(\./[^"]+)"`)

func TestExamplesAreValid(t *testing.T) {
	files, err := filepath.Glob("../../examples/*/services.json")
	require.NoError(t, err)
	require.Greater(t, len(files), 5)
	for _, file := range append(files, "../../services.json") {
		t.Run(filepath.Base(filepath.Dir(file)), func(t *testing.T) {
			data, err := os.ReadFile(file)
			require.NoError(t, err)
			t.Chdir(t.TempDir())
			for _, path := range pluginPath.FindAllSubmatch(data, -1) {
				require.NoError(t, os.WriteFile(string(path[1]), nil, 0o700))
			}
			doc := document(t, parse(t, data), all)
			assert.NotZero(t, doc.Paths.Len())
			document(t, parse(t, data), openapi.View{})
			document(t, parse(t, data), openapi.View{User: &bus.User{Email: "ann@example.com", Roles: []string{"U", "A"}}})
		})
	}
}

// examples returns the example of each Kind, below base, as elements of "services".
func examples(base string) string {
	var list []string
	for _, k := range kinds().Services.Kinds() {
		inner := strings.TrimPrefix(strings.TrimSpace(k.Example), "{")
		list = append(list, fmt.Sprintf(`{"name": "%s-%d", "basePath": "%s%s", %s`, k.Name, len(base), base, k.Name, inner))
	}
	return strings.Join(list, ",\n")
}

func TestEveryKindIsValid(t *testing.T) {
	conf := parse(t, []byte(`{"server": {"hosts": ["a.example"], "peers": ["upstream.example"]}, "auth": {"userUrlPattern": "/user/${email}"}, "services": [`+examples("/")+","+examples("/%7Ba%7D/b%2Fc/~ü/")+`]}`))
	doc := document(t, conf, all)
	for _, k := range kinds().Services.Kinds() {
		described := 0
		for path := range doc.Paths.Map() {
			if strings.HasPrefix(path, "/"+k.Name) {
				described++
			}
		}
		assert.NotZero(t, described, k.Name)
	}
	assert.NotNil(t, doc.Paths.Value("/%7Ba%7D/b%2Fc/~%C3%BC/json/{path}"))
}

// TestServers says where the paths are also where the configuration does not.
func TestServers(t *testing.T) {
	for config, want := range map[string]string{
		`{"services": []}`: "/",
		`{"server": {"publicURL": "https://example.org/"}, "services": []}`: "https://example.org",
	} {
		assert.Equal(t, want, document(t, parse(t, []byte(config)), all).Servers[0].URL)
	}
}

func service(base, rest string) string {
	name := regexp.MustCompile(`[^A-Za-z0-9]+`).ReplaceAllString("at"+base, "-")
	return fmt.Sprintf(`{"name": %q, "basePath": %q, %s}`, name, base, rest)
}

func services(list ...string) []byte {
	return []byte(`{"services": [` + strings.Join(list, ",\n") + `]}`)
}

// operations returns all that is described, as METHOD path.
func operations(doc *openapi3.T) []string {
	list := []string{}
	for path, item := range doc.Paths.Map() {
		for method := range item.Operations() {
			list = append(list, method+" "+path)
		}
	}
	return list
}

func TestMountsBelowOthers(t *testing.T) {
	const steps = `"service": "lib", "readRoles": "all"`
	doc := document(t, parse(t, services(
		service("/", steps),
		service("/log", `"service": "transform", "transform": {}, "readRoles": "all"`),
		service("/set-status", steps),
		service("/delay.", `"service": "json", "adaptor": "memory", "readRoles": "all"`),
		service("/to-text", `"service": "lib", "readRoles": "all", "internal": true`),
	)), all)
	list := operations(doc)
	for _, there := range []string{"GET /bypass", "POST /log", "GET /set-status/set-status/{status}", "GET /delay/{ms}", "GET /delay"} {
		assert.Contains(t, list, there)
	}
	for _, hidden := range []string{"GET /log", "GET /log/body", "GET /set-status/{status}", "GET /to-text", "GET /to-text/log", "PUT /delay/{path}", "GET /delay/"} {
		assert.NotContains(t, list, hidden)
	}
	assert.Equal(t, []string{"at-log"}, doc.Paths.Value("/log").Post.Tags)
	assert.Equal(t, []string{"at-delay-"}, doc.Paths.Value("/delay").Get.Tags)
}

func TestArgumentsOfPipelines(t *testing.T) {
	for _, row := range []struct {
		steps string
		want  []string
	}{
		{`"GET /notes/x"`, []string{"GET /p", "POST /p"}},
		{`"GET /notes/$>0/$>1"`, []string{"GET /p/{arg0}/{arg1}", "POST /p/{arg0}/{arg1}"}},
		{`"GET /notes/$>1:(none)/$>0"`, []string{"GET /p/{arg0}", "POST /p/{arg0}", "GET /p/{arg0}/{arg1}", "POST /p/{arg0}/{arg1}"}},
		{`"GET /notes/$<0"`, []string{"GET /p/{arg0}", "POST /p/{arg0}"}},
		{`"GET /notes/$>1<0"`, []string{"GET /p/{arg0}/{arg1}", "POST /p/{arg0}/{arg1}", "GET /p/{arg0}/{arg1}/{rest}", "POST /p/{arg0}/{arg1}/{rest}"}},
		{`"GET /notes/$*"`, []string{"GET /p", "POST /p", "GET /p/{rest}", "POST /p/{rest}"}},
		{`"$METHOD /notes/$>0"`, []string{"GET /p/{arg0}", "POST /p/{arg0}", "PUT /p/{arg0}", "PATCH /p/{arg0}", "DELETE /p/{arg0}"}},
		{`"POST /notes/"`, []string{"POST /p"}},
	} {
		t.Run(row.steps, func(t *testing.T) {
			get := strings.Contains(row.steps, "METHOD")
			doc := document(t, parse(t, services(
				service("/p", fmt.Sprintf(`"service": "pipeline", "readRoles": "all", "writeRoles": "all", "get": %t, "pipeline": [%s]`, get, row.steps)),
				service("/notes", `"service": "json", "adaptor": "memory", "readRoles": "none", "internal": true`),
			)), all)
			assert.ElementsMatch(t, row.want, operations(doc))
		})
	}
}

func TestQueryOfPipelines(t *testing.T) {
	doc := document(t, parse(t, services(
		service("/p", `"service": "pipeline", "readRoles": "all", "pipeline": ["GET /notes/a?q=$?(name)&r=$?(name)&s=$?(city)"]`),
		service("/notes", `"service": "json", "adaptor": "memory", "readRoles": "none", "internal": true`),
	)), all)
	list := doc.Paths.Value("/p").Get.Parameters
	require.Len(t, list, 2)
	assert.Equal(t, "name", list[0].Value.Name)
	assert.Equal(t, "query", list[0].Value.In)
	assert.Equal(t, "city", list[1].Value.Name)
}

func TestSchemas(t *testing.T) {
	person := `{"type": "object", "properties": {"boss": {"$ref": "#/$defs/name"}}, "$defs": {"name": {"type": "string"}}}`
	doc := document(t, parse(t, services(
		service("/people", `"service": "json", "adaptor": "memory", "readRoles": "all", "writeRoles": "all", "schema": `+person),
		service("/staff", `"service": "json", "adaptor": "memory", "readRoles": "all", "writeRoles": "all", "schema": `+person),
		service("/nothing", `"service": "json", "adaptor": "memory", "readRoles": "all", "schema": false`),
	)), all)
	body := doc.Paths.Value("/people/{path}").Put.RequestBody.Value.Content["application/json"]
	assert.Equal(t, "#/components/schemas/at-people.document", body.Schema.Ref)
	boss := doc.Components.Schemas["at-staff.document"].Value.Properties["boss"]
	assert.Equal(t, "#/components/schemas/at-staff.document/$defs/name", boss.Ref)
	assert.True(t, boss.Value.Type.Is("string"))
	assert.Len(t, doc.Components.Schemas, 4)
}

// TestSchemasWithIdentifiers has two mounts whose schemas say that they are the
// same one, and one with anchors.
func TestSchemasWithIdentifiers(t *testing.T) {
	kept := func(base, schema string) string {
		return service(base, `"service": "json", "adaptor": "memory", "readRoles": "all", "schema": `+schema)
	}
	var text bytes.Buffer
	require.NoError(t, openapi.New(parse(t, services(
		kept("/a", `{"$id": "https://example.org/a", "$ref": "#/$defs/b", "$defs": {"b": {"type": "object"}}}`),
		kept("/b", `{"$id": "https://example.org/a", "type": "string"}`),
		kept("/c", `{"$ref": "#here", "$defs": {"b": {"$anchor": "here", "type": "object"}}}`),
	))).OpenAPI(&text, all))
	var doc struct {
		Components struct{ Schemas map[string]jsontext.Value }
	}
	require.NoError(t, json.Unmarshal(text.Bytes(), &doc))
	schemas := doc.Components.Schemas
	assert.JSONEq(t, `{"$id": "https://example.org/a", "$ref": "#/$defs/b", "$defs": {"b": {"type": "object"}}}`, string(schemas["at-a.document"]))
	assert.JSONEq(t, `true`, string(schemas["at-b.document"]))
	assert.JSONEq(t, `{"$id": "urn:restspace:at-c.document", "$ref": "#here", "$defs": {"b": {"$anchor": "here", "type": "object"}}}`, string(schemas["at-c.document"]))
}

// TestSecretsStaySecret has a value from outside the file in a schema.
func TestSecretsStaySecret(t *testing.T) {
	kept := func(base, schema string) string {
		return service(base, `"service": "json", "adaptor": "memory", "readRoles": "all", "schema": `+schema)
	}
	conf := parse(t, []byte(`{"server": {"publicURL": {"$env": "URL"}}, "services": [`+
		kept("/a", `{"title": {"$env": "A\"B"}}`)+","+kept("/b", `{"title": {"$env": "EMPTY"}}`)+`]}`))
	require.Contains(t, conf.Secrets, `http://upstream.example/A"B`)
	require.Equal(t, "http://upstream.example", conf.Server.PublicURL)
	var text bytes.Buffer
	require.NoError(t, openapi.New(conf).OpenAPI(&text, all))
	assert.NotContains(t, text.String(), "upstream")
	assert.Contains(t, text.String(), `"at-a.document":true`)
	assert.Contains(t, text.String(), `"at-b.document":{"title":""}`)
}

func TestExactMounts(t *testing.T) {
	list := operations(document(t, parse(t, services(
		service("/notes.", `"service": "json", "adaptor": "memory", "readRoles": "all"`),
		service("/steps.", `"service": "lib", "readRoles": "all"`),
		service("/.", `"service": "static", "adaptor": "memory", "readRoles": "all"`),
	)), all))
	assert.ElementsMatch(t, []string{"GET /notes", "GET /"}, list)
}
