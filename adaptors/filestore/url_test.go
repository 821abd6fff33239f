package filestore_test

import (
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/adaptors/filestore"
)

func TestFromURL(t *testing.T) {
	for text, test := range map[string]struct {
		want filestore.Config
		says string
	}{
		"file:///srv/notes":                 {want: filestore.Config{Root: "/srv/notes", Durability: filestore.Full}},
		"file://localhost/srv":              {want: filestore.Config{Root: "/srv", Durability: filestore.Full}},
		"file:/srv/a%20b%23":                {want: filestore.Config{Root: "/srv/a b#", Durability: filestore.Full}},
		"file:///srv?durability=none":       {want: filestore.Config{Root: "/srv", Durability: filestore.None}},
		"file://srv/notes":                  {says: "three slashes"},
		"file:notes":                        {says: "three slashes"},
		"file://":                           {says: "three slashes"},
		"file://jo@/srv":                    {says: "neither a user nor a fragment"},
		"file:///srv#notes":                 {says: "neither a user nor a fragment"},
		"file:///srv?root=x":                {says: `no option "root"`},
		"file:///srv?durability=none&mode=": {says: `no option "mode"`},
		"file:///srv?a;b":                   {says: "query: "},
	} {
		u, err := url.Parse(text)
		require.NoError(t, err)
		config, err := filestore.Kind().FromURL(u)
		if test.says != "" {
			assert.ErrorContains(t, err, test.says, text)
			continue
		}
		require.NoError(t, err, text)
		assert.Equal(t, &test.want, config, text)
	}
}

func TestExistingMakesNothing(t *testing.T) {
	root := filepath.Join(t.TempDir(), "above", "notes")
	_, err := filestore.Open(filestore.Config{Root: root}, adaptors.Env{Existing: true})
	assert.ErrorIs(t, err, fs.ErrNotExist)
	assert.NoDirExists(t, filepath.Dir(root))

	require.NoError(t, open(t, root).Close())
	s, err := filestore.Open(filestore.Config{Root: root}, adaptors.Env{Existing: true})
	require.NoError(t, err)
	assert.NoError(t, s.Close())
}

func TestReadOnlyChangesNothing(t *testing.T) {
	root := filepath.Join(t.TempDir(), "above", "notes")
	_, err := filestore.Open(filestore.Config{Root: root}, adaptors.Env{ReadOnly: true})
	assert.ErrorIs(t, err, fs.ErrNotExist)
	assert.NoDirExists(t, filepath.Dir(root))

	require.NoError(t, os.MkdirAll(root, 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(root, "a"), []byte("x"), 0o600))
	pool := new(adaptors.Pool)
	s, err := filestore.Open(filestore.Config{Root: root}, adaptors.Env{ReadOnly: true, Pool: pool})
	require.NoError(t, err)
	defer s.Close()
	content, err := read(s, "a")
	require.NoError(t, err)
	assert.Equal(t, "x", content)
	_, err = put(s, "y", "a")
	assert.ErrorIs(t, err, adaptors.ErrReadOnly)
	there, err := os.ReadDir(root)
	require.NoError(t, err)
	assert.Len(t, there, 1, "neither a lock nor a place for temporary files")

	writer, err := filestore.Open(filestore.Config{Root: root}, adaptors.Env{Pool: pool})
	require.NoError(t, err)
	defer writer.Close()
	mustPut(t, writer, "z", "a")
	content, err = read(s, "a")
	require.NoError(t, err)
	assert.Equal(t, "z", content, "what another writes")
}

func TestRootsThatAreNoPaths(t *testing.T) {
	for _, root := range []string{"~", "~/notes", "file:///srv/notes"} {
		c := filestore.Config{Root: root}
		assert.ErrorContains(t, c.Check(), "neither ~ nor a URL stands for one", root)
	}
	for _, root := range []string{"./~", "/srv/~ann", "a:b"} {
		c := filestore.Config{Root: root}
		assert.NoError(t, c.Check(), root)
	}
}
