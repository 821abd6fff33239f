package configfile

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/adaptors"
)

// names returns what is in a directory.
func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	var list []string
	for _, entry := range entries {
		list = append(list, entry.Name())
	}
	return list
}

func TestReplace(t *testing.T) {
	t.Chdir(t.TempDir())
	put(t, "real/services.json", "old")
	require.NoError(t, os.Chmod("real/services.json", 0o640))
	link(t, "real/services.json", "services.json")
	put(t, "real/.services.json.next-left", "of a process that was killed")
	file := New("./services.json")
	assert.Equal(t, "services.json", file.Name())

	require.NoError(t, file.Replace(t.Context(), []byte("old"), []byte("new")))
	content, err := file.Read(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "new", string(content))
	target, err := os.Readlink("services.json")
	require.NoError(t, err, "the link stays")
	assert.Equal(t, "real/services.json", target)
	info, err := os.Stat("real/services.json")
	require.NoError(t, err)
	assert.Equal(t, fs.FileMode(0o640), info.Mode())
	assert.Equal(t, []string{"services.json"}, names(t, "real"), "nothing else is left")
}

func TestReplaceOfWhatIsAnother(t *testing.T) {
	t.Chdir(t.TempDir())
	file := New("services.json")
	_, err := file.Read(t.Context())
	assert.ErrorIs(t, err, fs.ErrNotExist)
	assert.ErrorIs(t, file.Replace(t.Context(), []byte("old"), []byte("new")), adaptors.ErrCondition)
	assert.ErrorIs(t, file.Replace(t.Context(), []byte{}, []byte("new")), adaptors.ErrCondition, "an empty file is not no file")
	require.NoError(t, file.Replace(t.Context(), nil, []byte("first")))
	for _, old := range [][]byte{nil, {}, []byte("other")} {
		assert.ErrorIs(t, file.Replace(t.Context(), old, []byte("new")), adaptors.ErrCondition)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	assert.ErrorIs(t, file.Replace(cancelled, []byte("first"), []byte("new")), context.Canceled)
	content, err := file.Read(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "first", string(content))
	assert.Equal(t, []string{"services.json"}, names(t, "."))
}

// interrupted is a context during which somebody edits the file.
type interrupted struct {
	context.Context
	edit func()
}

func (i interrupted) Err() error {
	i.edit()
	return nil
}

func TestReplaceOfWhatIsEditedMeanwhile(t *testing.T) {
	t.Chdir(t.TempDir())
	put(t, "services.json", "old")
	ctx := interrupted{t.Context(), func() { put(t, "services.json", "by hand") }}
	assert.ErrorIs(t, New("services.json").Replace(ctx, []byte("old"), []byte("new")), adaptors.ErrCondition)
	content, err := os.ReadFile("services.json")
	require.NoError(t, err)
	assert.Equal(t, "by hand", string(content))
	assert.Equal(t, []string{"services.json"}, names(t, "."))
}

func TestReplaceWhereNothingCanBeMade(t *testing.T) {
	t.Chdir(t.TempDir())
	link(t, "nowhere/services.json", "services.json")
	err := New("services.json").Replace(t.Context(), nil, []byte("new"))
	assert.ErrorContains(t, err, "replace services.json: ")
	require.NoError(t, os.Mkdir("directory", 0o750))
	assert.Error(t, New("directory").Replace(t.Context(), nil, []byte("new")))
	assert.Equal(t, []string{"directory", "services.json"}, names(t, "."))
	_, err = os.Stat(filepath.Join("directory", "services.json"))
	assert.ErrorIs(t, err, fs.ErrNotExist)
}
