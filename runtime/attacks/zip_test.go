package attacks

import (
	"archive/zip"
	"bytes"
	"io"
	"io/fs"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// packed is an entry of a zip. A mode of 0 is a plain file.
type packed struct {
	name string
	mode fs.FileMode
}

func zipOf(t *testing.T, entries ...packed) string {
	t.Helper()
	var archive bytes.Buffer
	w := zip.NewWriter(&archive)
	for _, entry := range entries {
		header := zip.FileHeader{Name: entry.name}
		if entry.mode != 0 {
			header.SetMode(entry.mode)
		}
		to, err := w.CreateHeader(&header)
		require.NoError(t, err)
		_, err = io.WriteString(to, "/etc")
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return archive.String()
}

// unzipped returns the function of a row that sends a zip of the entries after
// one that is good.
func unzipped(entries ...packed) script {
	return func(t *testing.T, row attack) {
		p := newPlace(t)
		p.seed(t)
		s := p.start(t)
		before := p.tree(t)
		archive := zipOf(t, append([]packed{{name: "good.txt"}}, entries...)...)
		a := s.request(t, "PUT", "/files/in/", p.token(t, "editor"), archive, "Content-Type: application/zip")
		assert.Contains(t, row.Expect.Status, a.status, a.body)
		assert.NotContains(t, a.body, p.dir)
		if row.Expect.Unchanged {
			p.assertUnchanged(t, before)
		} else {
			for _, entry := range entries {
				assert.Equal(t, "/etc", s.get(t, "/files/in/"+entry.name).body)
			}
		}
		assert.Empty(t, p.temporary(t))
	}
}
