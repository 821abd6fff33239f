package config_test

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/runtime/config"
)

// FuzzParse holds every error to a place in the file, and all of them to tell
// no value from outside it.
func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("testdata/*.txtar")
	require.NoError(f, err)
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		require.NoError(f, err)
		for _, part := range archive.Files {
			if strings.HasSuffix(part.Name, ".in") {
				f.Add(part.Data)
			}
		}
	}
	f.Add(many(2))
	kinds, lookup := testKinds(), testLookup()
	schema := validator(f, kinds)
	f.Fuzz(func(t *testing.T, data []byte) {
		if bytes.Contains(data, []byte("7391")) {
			t.Skip("the file tells it itself")
		}
		c, err := config.Parse("f", data, kinds, lookup)
		if err == nil {
			require.NotNil(t, c)
			assert.NoError(t, validate(t, schema, data), "the schema refuses what the parser takes")
			for _, s := range c.Services {
				assert.NotEmpty(t, s.Canonical)
				assert.NotEmpty(t, s.Name)
			}
			return
		}
		list := err.(config.Errors)
		require.NotEmpty(t, list)
		lines := bytes.Split(data, []byte("\n"))
		for _, e := range list {
			assert.NotContains(t, e.Error(), "hush-7391")
			assert.NotEmpty(t, e.Message)
			require.GreaterOrEqual(t, e.Line, 1)
			require.LessOrEqual(t, e.Line, len(lines))
			require.GreaterOrEqual(t, e.Column, 1)
			require.LessOrEqual(t, e.Column, len(lines[e.Line-1])+1)
		}
	})
}
