package config_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tailscale/hujson"
	"pgregory.net/rapid"

	"github.com/seed90475182/restspace/runtime/config"
)

// validator returns what validates against the schema of kinds.
func validator(t testing.TB, kinds config.Kinds) *jsonschema.Schema {
	t.Helper()
	text, err := jsonschema.UnmarshalJSON(bytes.NewReader(config.Schema(kinds)))
	require.NoError(t, err)
	c := jsonschema.NewCompiler()
	require.NoError(t, c.AddResource("services.schema.json", text))
	compiled, err := c.Compile("services.schema.json")
	require.NoError(t, err)
	return compiled
}

// validate validates a file with comments and trailing commas.
func validate(t testing.TB, s *jsonschema.Schema, data []byte) error {
	t.Helper()
	text, err := hujson.Standardize(append(bytes.Clone(data), '\n')) // of a comment at the end
	require.NoError(t, err)
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	require.NoError(t, err)
	return s.Validate(value)
}

func TestSchemaIsOne(t *testing.T) {
	meta, err := jsonschema.NewCompiler().Compile("https://json-schema.org/draft/2020-12/schema")
	require.NoError(t, err)
	for name, kinds := range allKinds() {
		t.Run(name, func(t *testing.T) {
			text, err := jsonschema.UnmarshalJSON(bytes.NewReader(config.Schema(kinds)))
			require.NoError(t, err)
			assert.NoError(t, meta.Validate(text))
			validator(t, kinds)
		})
	}
}

func TestSchemaTakesWhatThereIs(t *testing.T) {
	builtIn := validator(t, allKinds()["built-in"])
	files, err := filepath.Glob("../../examples/*/services.json")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range append(files, "../../services.json", "../attacks/testdata/services.json") {
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		assert.NoError(t, validate(t, builtIn, data), file)
	}
	data, err := os.ReadFile("testdata/whole.json")
	require.NoError(t, err)
	assert.NoError(t, validate(t, validator(t, testKinds()), data))
}

// TestSchemaAndExamples takes the example of each Kind, alone and without each
// of its keys: the parser and the schema are to say the same.
func TestSchemaAndExamples(t *testing.T) {
	kinds := allKinds()["built-in"]
	schema := validator(t, kinds)
	same := func(t *testing.T, service map[string]any) bool {
		text := documentWith(t, service)
		_, err := config.Parse("x", text, kinds, config.Lookup{})
		if invalid := validate(t, schema, text); (err == nil) != (invalid == nil) {
			assert.Fail(t, "the parser and the schema differ: look at the tags required", "%s\nparser: %v\nschema: %v", text, err, invalid)
		}
		return err == nil
	}
	for _, k := range kinds.Services.Kinds() {
		t.Run("service "+k.Name, func(t *testing.T) {
			service := valueOf(t, k.Example)
			service["name"], service["basePath"] = "a", "/a"
			assert.True(t, same(t, service))
			for key := range service {
				same(t, without(service, key))
			}
		})
	}
	for _, k := range kinds.Adaptors.Kinds() {
		t.Run("adaptor "+k.Name, func(t *testing.T) {
			for _, user := range kinds.Services.Kinds() {
				for _, slot := range user.Adaptors {
					if slot.Of != k.Of {
						continue
					}
					service, conf := valueOf(t, user.Example), valueOf(t, k.Example)
					service["name"], service["basePath"], service[slot.Key], service[slot.Key+"Config"] = "a", "/a", k.Name, conf
					if slot.Optional { // a store of pipelines has none of its own
						delete(service, "pipeline")
					}
					assert.True(t, same(t, service))
					for key := range conf {
						service[slot.Key+"Config"] = without(conf, key)
						same(t, service)
					}
					same(t, without(service, slot.Key+"Config"))
				}
			}
		})
	}
}

const whatever = `"name": "a", "basePath": "/a", "readRoles": "all"`

func TestSchemaRefuses(t *testing.T) {
	kinds := testKinds()
	schema := validator(t, kinds)
	note := func(members string) string {
		return `{"services": [{` + whatever + `, "service": "notes", "adaptor": "memory"` + members + `}]}`
	}
	for name, text := range map[string]string{
		"no object":                 `[]`,
		"no services":               `{}`,
		"unknown key":               `{"services": [], "servers": {}}`,
		"unknown key of the server": `{"services": [], "server": {"lisen": ":1"}}`,
		"unknown limit":             `{"services": [], "server": {"limits": {"maxbody": "1MiB"}}}`,
		"number for an address":     `{"services": [], "server": {"listen": 3100}}`,
		"null":                      `{"services": [], "server": null}`,
		"size without a unit":       `{"services": [], "server": {"limits": {"maxBody": "100"}}}`,
		"duration without a unit":   `{"services": [], "server": {"drain": "30"}}`,
		"duration as a number":      `{"services": [], "server": {"drain": 30}}`,
		"level":                     `{"services": [], "server": {"log": {"level": "loud"}}}`,
		"format":                    `{"services": [], "server": {"log": {"format": "xml"}}}`,
		"cookie":                    `{"services": [], "auth": {"cookie": true}}`,
		"services as an object":     `{"services": {}}`,
		"no service":                `{"services": ["notes"]}`,
		"no Kind":                   `{"services": [{` + whatever + `}]}`,
		"unknown Kind":              `{"services": [{` + whatever + `, "service": "note"}]}`,
		"Kind from outside":         `{"services": [{` + whatever + `, "service": {"$env": "KIND"}}]}`,
		"no readRoles":              `{"services": [{"name": "a", "basePath": "/a", "service": "plain"}]}`,
		"no name":                   `{"services": [{"basePath": "/a", "service": "plain", "readRoles": "all"}]}`,
		"name with a space":         `{"services": [{"name": "a b", "basePath": "/a", "service": "plain", "readRoles": "all"}]}`,
		"base path without slash":   `{"services": [{"name": "a", "basePath": "a", "service": "plain", "readRoles": "all"}]}`,
		"base path with a query":    `{"services": [{"name": "a", "basePath": "/a?b", "service": "plain", "readRoles": "all"}]}`,
		"roles as a list":           `{"services": [{"name": "a", "basePath": "/a", "service": "plain", "readRoles": ["all"]}]}`,
		"createRoles of no use":     `{"services": [{` + whatever + `, "service": "plain", "createRoles": "all"}]}`,
		"key of another Kind":       note(`, "host": "x"`),
		"key of no adaptor":         `{"services": [{` + whatever + `, "service": "plain", "adaptor": "memory"}]}`,
		"no adaptor":                `{"services": [{` + whatever + `, "service": "notes"}]}`,
		"adaptor for something":     `{"services": [{` + whatever + `, "service": "notes", "adaptor": "smtp"}]}`,
		"unknown adaptor":           `{"services": [{` + whatever + `, "service": "notes", "adaptor": "mem"}]}`,
		"key of another adaptor":    note(`, "adaptorConfig": {"root": "x"}`),
		"key of the default engine": `{"services": [{` + whatever + `, "service": "mail", "adaptor": "smtp", "engineConfig": {"x": 1}}]}`,
		"config as a list":          note(`, "adaptorConfig": []`),
		"list of another type":      note(`, "summary": [1]`),
		"list as a string":          note(`, "summary": "x"`),
		"rate":                      note(`, "limits": {"rate": "0/s"}`),
		"caching":                   note(`, "caching": {"maxAge": "60"}`),
		"internal":                  note(`, "internal": "yes"`),
		"two sources outside":       note(`, "writeRoles": {"$env": "A", "$file": "b"}`),
		"unknown key of a source":   note(`, "writeRoles": {"$env": "A", "fallback": "b"}`),
		"number that is too big":    `{"services": [{` + whatever + `, "service": "kinds", "i8": 128}]}`,
		"number below zero":         `{"services": [{` + whatever + `, "service": "kinds", "u": -1}]}`,
		"number with a part":        `{"services": [{` + whatever + `, "service": "kinds", "list": [1.5]}]}`,
		"deep inside":               `{"services": [{` + whatever + `, "service": "kinds", "deep": {"x": [{"y": true}]}}]}`,
		"inside a list":             `{"services": [{` + whatever + `, "service": "steps", "steps": [{"call": "/x", "trys": 1}]}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			assert.Error(t, validate(t, schema, []byte(text)))
			_, err := config.Parse("x", []byte(text), kinds, testLookup())
			assert.Error(t, err, "the parser")
		})
	}
}

func TestSchemaTakesValuesFromOutside(t *testing.T) {
	kinds := testKinds()
	schema := validator(t, kinds)
	const outside = `{"$env": "NONE", "default": `
	for name, text := range map[string]string{
		"address":  `{"services": [], "server": {"listen": ` + outside + `":1"}}}`,
		"duration": `{"services": [], "server": {"drain": ` + outside + `"1m"}}}`,
		"size":     `{"services": [], "server": {"limits": {"maxBody": ` + outside + `"1B"}}}}`,
		"enum":     `{"services": [], "server": {"log": {"format": ` + outside + `"text"}}}}`,
		"level":    `{"services": [], "server": {"log": {"level": ` + outside + `"warn"}}}}`,
		"network":  `{"services": [], "server": {"trustedProxies": [` + outside + `"::1"}]}}`,
		"origin":   `{"services": [], "server": {"cors": [` + outside + `"*"}]}}`,
		"roles":    `{"services": [{"name": "a", "basePath": "/a", "service": "plain", "readRoles": ` + outside + `"all"}}]}`,
		"of an adaptor": `{"services": [{` + whatever + `, "service": "notes", "adaptor": "file", "adaptorConfig": {"root": ` +
			outside + `"x"}}}]}`,
		"of a Kind": `{"services": [{` + whatever + `, "service": "mail", "adaptor": "smtp", "host": ` + outside + `"x"}, "headers": {"a": ` + outside + `"x"}}}]}`,
		"bytes":     `{"services": [{` + whatever + `, "service": "kinds", "bytes": ` + outside + `"eHg="}}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			_, err := config.Parse("x", []byte(text), kinds, testLookup())
			require.NoError(t, err)
			assert.NoError(t, validate(t, schema, []byte(text)))
		})
	}
}

// TestSchemaTakesWhatTheParserTakes goes through the files of the other tests.
func TestSchemaTakesWhatTheParserTakes(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	require.NoError(t, err)
	schema, taken := validator(t, testKinds()), 0
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		require.NoError(t, err)
		for _, part := range archive.Files {
			if _, err := config.Parse("x", part.Data, testKinds(), testLookup()); err == nil {
				taken++
				assert.NoError(t, validate(t, schema, part.Data), "%s: %s", file, part.Name)
			}
		}
	}
	assert.Greater(t, taken, 1)
}

// TestUnitsOfTheSchema holds the patterns of units to what the parser reads.
func TestUnitsOfTheSchema(t *testing.T) {
	kinds := testKinds()
	schema := validator(t, kinds)
	for key, letters := range map[string]string{"wait": `[0-9.+-]{0,3}([0-9µμnumsh.+]|ms|-){0,3}`, "text": `[0-9+-]{0,3}[KMG]?i?B?`, "often": `[0-9+-]{0,3}/?[smh]?`} {
		rapid.Check(t, func(t *rapid.T) {
			text := rapid.StringMatching(letters).Draw(t, "text")
			data := fmt.Appendf(nil, `{"services": [{%s, "service": "kinds", %q: %q}]}`, whatever, key, text)
			_, err := config.Parse("x", data, kinds, config.Lookup{})
			value, _ := jsonschema.UnmarshalJSON(bytes.NewReader(data))
			if invalid := schema.Validate(value); (err == nil) != (invalid == nil) {
				t.Fatalf("%q: the parser says %v, the schema %v", text, err, invalid)
			}
		})
	}
}

// valueOf returns what an object in JSON is.
func valueOf(t *testing.T, text string) map[string]any {
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	require.NoError(t, err)
	return value.(map[string]any)
}

// without returns an object less one key.
func without(object map[string]any, key string) map[string]any {
	less := maps.Clone(object)
	delete(less, key)
	return less
}

// documentWith returns a configuration of one service, beside the records of users.
func documentWith(t *testing.T, service map[string]any) []byte {
	records := map[string]any{"name": "records", "basePath": "/records", "service": "user", "adaptor": "memory", "readRoles": "none"}
	text, err := json.Marshal(map[string]any{"services": []any{service, records}, "auth": map[string]any{"userUrlPattern": "/records/${email}"},
		"server": map[string]any{"hosts": []string{"a.example"}, "peers": []string{"127.0.0.1:3101"}}})
	require.NoError(t, err)
	return text
}
