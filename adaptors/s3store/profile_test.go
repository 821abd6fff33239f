package s3store

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func FuzzSectionOf(f *testing.F) {
	for _, text := range []string{"", "[a]", "[a]\nb=c", "# x\n[ a ]\r\nB = c # d\n  e = f\n[b]\ng=h\n[a]\ni", "[", "[]\n=", "[a]\n=b\nc="} {
		f.Add(text, "a")
	}
	f.Fuzz(func(t *testing.T, text, section string) {
		settings := sectionOf(text, section)
		if !strings.Contains(text, "[") {
			assert.Nil(t, settings)
		}
		for key, value := range settings {
			assert.NotContains(t, key, "=")
			for _, part := range []string{key, value} {
				assert.Equal(t, strings.TrimSpace(part), part)
				assert.NotContains(t, part, "\n")
			}
		}
		again := sectionOf("["+section+"x]\na=b\n"+text, section)
		if !strings.ContainsAny(section, "[]\n\r") {
			assert.Equal(t, settings, again, "a section that is another one")
		}
	})
}
