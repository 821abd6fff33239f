package config_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/runtime/config"
)

// TestErrors holds the errors of each name.in to name.want, which is empty for
// what is right.
func TestErrors(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		require.NoError(t, err)
		for i := 0; i+1 < len(archive.Files); i += 2 {
			in, want := archive.Files[i], archive.Files[i+1]
			name := strings.TrimSuffix(in.Name, ".in")
			require.Equal(t, name+".want", want.Name)
			t.Run(filepath.Base(file)+"/"+name, func(t *testing.T) {
				_, err := config.Parse("services.json", in.Data, testKinds(), testLookup())
				got := ""
				if err != nil {
					got = err.Error() + "\n"
				}
				assert.Equal(t, string(want.Data), got)
				assert.NotContains(t, got, "hush-7391")
			})
		}
	}
}
