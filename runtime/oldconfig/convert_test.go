package oldconfig_test

import (
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tailscale/hujson"

	"github.com/seed90475182/restspace/runtime/oldconfig"
)

// TestConvert converts the old.json of each script, and compares what comes of
// it and what is told.
func TestConvert(t *testing.T) {
	for _, name := range []string{"list", "map", "odd"} {
		t.Run(name, func(t *testing.T) {
			script, err := txtar.ParseFile("testdata/" + name + ".txtar")
			require.NoError(t, err)
			files := make(map[string]string)
			for _, f := range script.Files {
				files[f.Name] = string(f.Data)
			}
			got, err := oldconfig.Convert("old.json", []byte(files["old.json"]))
			require.NoError(t, err)
			assert.Equal(t, files["services.json"], string(got.Text))
			assert.Equal(t, files["notes"], strings.Join(got.Notes, "\n")+"\n")
			_, err = hujson.Parse(got.Text)
			assert.NoError(t, err)
		})
	}
}

func TestServicesAlone(t *testing.T) {
	const one = `{"name": "lib", "serviceName": "lib", "readRoles": "all", "basePath": "/lib"}`
	want, err := oldconfig.Convert("old.json", []byte(`{"services": [`+one+`]}`))
	require.NoError(t, err)
	assert.Empty(t, want.Notes)
	for _, alone := range []string{
		`[` + one + `]`,
		"\ufeff[" + one + `]`,
		`{"/lib": ` + one + `}`,
		`{"/lib": ` + strings.Replace(one, `"/lib"`, `"/other"`, 1) + `}`,
		`{"/lib": {"name": "lib", "source": "./services/lib.rsm.json", "access": {"readRoles": "all"}}}`,
		`{"services": {"/lib/": {"name": "lib", "source": "lib", "access": {"readRoles": "all"}}}}`,
	} {
		got, err := oldconfig.Convert("old.json", []byte(alone))
		require.NoError(t, err, alone)
		assert.Equal(t, want, got, alone)
	}
}

func TestNoOldForm(t *testing.T) {
	const form = "this is neither of the older forms"
	for _, row := range []struct{ text, want string }{
		{``, `old.json:1:1: there is no JSON value`},
		{"{\n  \"ü\": }", `old.json:2:8: missing value after object name`},
		{`[] []`, `old.json:1:5: something follows the end of the JSON value`},
		{`{"services": [], "services": []}`, `old.json:1:18: duplicate object member name`},
		{`{}`, `old.json: ` + form},
		{`7`, `old.json: ` + form},
		{`{"services": 7}`, `old.json: ` + form},
		{`{"services": [7]}`, `old.json:1:15: a service that is no object: ` + form},
		{`{"services": [{"name": "a", "basePath": "/a"}]}`, `old.json:1:15: service "a" has neither a serviceName nor a source: ` + form},
		{`{"services": [{"name": "a", "basePath": "/a", "service": "json"}], /* as now */}`, `old.json is of this version already: there is nothing to import`},
	} {
		_, err := oldconfig.Convert("old.json", []byte(row.text))
		require.Error(t, err, row.text)
		assert.Contains(t, err.Error(), row.want, row.text)
	}
}

func TestIs(t *testing.T) {
	for text, want := range map[string]bool{
		`{"services": [{"serviceName": "lib", "basePath": "/lib"}]}`: true,
		`{"/lib": {"source": "./services/lib.rsm.json"}}`:            true,
		`{"services": []}`: false,
		`{"services": [{"name": "a", "basePath": "/a", "service": "json"}]}`: false,
		`{"services": [{"name": "a", "basePath": "/a"}]}`:                    false,
		`{"services": [}`: false,
	} {
		assert.Equal(t, want, oldconfig.Is([]byte(text)), text)
	}
}

func TestCommentsAreOneLine(t *testing.T) {
	got, err := oldconfig.Convert("old.json", []byte(`[{"serviceName": "a\u2028b\u2029c\nd\re\u0085f", "basePath": "/a"}]`))
	require.NoError(t, err)
	assert.Contains(t, string(got.Text), "// Left out: service \"/a\" at /a, which was a b c d e f.\n")
	assert.Equal(t, []string{`old.json:1:18: service "/a" is left out: no Kind does what a b c d e f did`}, got.Notes)
}

func FuzzConvert(f *testing.F) {
	f.Add([]byte(`{"services": [{"serviceName": "pipeline", "pipeline": ["a ~b"], "adapterConfig": {"filePathRoot": "/x"}}]}`))
	f.Add([]byte(`{"/a": {"source": "./services/data.rsm.json", "access": {"readRoles": "all"}, "store": {}, "caching": {"maxAge": 1}}}`))
	f.Add([]byte(`[{"source": "\u0000", "name": "\n"}, {"source": "template", "store": 1, "schema": {}}]`))
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := oldconfig.Convert("old.json", data)
		if err != nil {
			t.Skip()
		}
		_, err = hujson.Parse(got.Text)
		require.NoError(t, err, string(got.Text))
		for _, note := range got.Notes {
			require.NotContains(t, note, "\n")
		}
	})
}
