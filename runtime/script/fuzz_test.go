package script

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// FuzzParse reads scripts: of what is read it knows the very place in the file,
// which an update would write.
func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("../scripttest/testdata/*.txtar")
	require.NoError(f, err)
	require.NotEmpty(f, files)
	for _, file := range files {
		data, err := os.ReadFile(file)
		require.NoError(f, err)
		f.Add(data)
	}
	f.Add([]byte("-- --\n-- request --\r\nGET / as a@b.c\n\n-- reply --\n200\n-- mail: none --\n"))
	f.Add([]byte("-- pages/ --\n-- server: http://a --\n{}\n-- request: x --\nGET /\nA: b\n\n{}\n-- reply --\n200\n!A\n-- mail --\n\nx"))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := Parse("a.txtar", data)
		if err != nil {
			assert.Regexp(t, `^a\.txtar:\d+: `, err.Error())
			return
		}
		assert.Equal(t, string(data), string(s.Edited(nil)))
		lines := strings.SplitAfter(s.data, "\n")
		for _, step := range s.Steps {
			assert.Contains(t, lines[step.Line-1], "request")
			for _, e := range append(step.Mails, step.Reply) {
				assert.Equal(t, e.text, s.data[e.at:e.at+len(e.text)])
				assert.Equal(t, e.at, len(strings.Join(lines[:e.Line], "")))
				edited := s.Edited([]Edit{{e.at, e.text, e.text}})
				assert.Equal(t, string(data), string(edited))
			}
		}
	})
}
