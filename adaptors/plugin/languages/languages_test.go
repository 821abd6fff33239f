package languages_test

import (
	"bytes"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/adaptors/adaptortest"
	"github.com/seed90475182/restspace/adaptors/plugin/host"
	"github.com/seed90475182/restspace/adaptors/plugin/languages"
)

// lay writes a new project into a directory.
func lay(t *testing.T, language, name string) (dir string) {
	t.Helper()
	list, err := languages.Project(language, name)
	require.NoError(t, err)
	dir = filepath.Join(t.TempDir(), name)
	for _, f := range list {
		path := filepath.Join(dir, filepath.FromSlash(f.Path))
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, f.Data, f.Mode))
	}
	return dir
}

// TestGoProject builds a new plugin as its README says, with this module in the
// place of a published one, and puts the program to the contract.
func TestGoProject(t *testing.T) {
	dir := lay(t, "go", "red-is2")
	own, err := filepath.Abs("../../..")
	require.NoError(t, err)
	module, err := os.OpenFile(filepath.Join(dir, "go.mod"), os.O_APPEND|os.O_WRONLY, 0)
	require.NoError(t, err)
	_, err = module.WriteString("\nrequire github.com/seed90475182/restspace v0.0.0\nreplace github.com/seed90475182/restspace => " + own + "\n")
	require.NoError(t, err)
	require.NoError(t, module.Close())
	sums, err := os.ReadFile(filepath.Join(own, "go.sum"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "go.sum"), sums, 0o600))
	for _, args := range [][]string{{"build"}, {"vet", "./..."}} {
		cmd := exec.Command("go", args...)
		cmd.Dir, cmd.Env = dir, append(os.Environ(), "GOFLAGS=-mod=mod", "GOPROXY=off")
		out, err := cmd.CombinedOutput()
		require.NoErrorf(t, err, "go %s:\n%s", strings.Join(args, " "), out)
	}
	adaptortest.Store(t, func(t *testing.T) adaptors.Store { return open(t, filepath.Join(dir, "red-is2"), "{}") })
}

// open opens the store of a program.
func open(t *testing.T, path, config string) adaptors.Store {
	t.Helper()
	kind, err := host.Kind(adaptors.Plugin{Path: path}, adaptors.StoreInterface)
	require.NoError(t, err)
	raw := adaptors.RawConfig(config)
	made, err := kind.New(t.Context(), &raw, adaptors.Env{Name: "test", Log: slog.New(slog.NewTextHandler(t.Output(), nil))})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, made.(*host.Store).Close()) })
	return made.(adaptors.Store)
}

// TestProjectsHaveTheirName sees that nothing in a project tells of the template.
func TestProjectsHaveTheirName(t *testing.T) {
	for _, language := range languages.Names() {
		list, err := languages.Project(language, "cellar")
		require.NoError(t, err)
		paths := make(map[string]fs.FileMode)
		for _, f := range list {
			paths[f.Path] = f.Mode
			assert.NotContains(t, f.Path, "mystore")
			assert.Falsef(t, bytes.Contains(bytes.ToLower(f.Data), []byte("mystore")), "%s: %s", language, f.Path)
		}
		assert.Contains(t, paths, "README.md", language)
		assert.Contains(t, paths, "services.json", language)
		assert.Contains(t, paths, ".gitignore", language)
	}
}

func TestProjectOfNoLanguage(t *testing.T) {
	_, err := languages.Project("cobol", "x")
	assert.ErrorContains(t, err, `there is no template in "cobol": the languages are go`)
}

func TestCheckName(t *testing.T) {
	for name, good := range map[string]bool{
		"redis": true, "a": true, "my-store-2": true, "": false, "Redis": false, "2nd": false, "-x": false, "a/b": false, "..": false,
		"a b": false, "a\n": false, strings.Repeat("a", 41): true, strings.Repeat("a", 42): false,
	} {
		assert.Equalf(t, good, languages.CheckName(name) == nil, "%q", name)
	}
}
