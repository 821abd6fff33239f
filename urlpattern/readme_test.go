package urlpattern

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Each row of the README's table of codes gives what it says.
func TestREADME(t *testing.T) {
	content, err := os.ReadFile("README.md")
	require.NoError(t, err)
	readme := string(content)
	_, after, _ := strings.Cut(readme, "```json\n")
	body, _, found := strings.Cut(after, "\n```")
	require.True(t, found)
	u, err := ParseURL("/auth/a/b/c?q=1&r=2")
	require.NoError(t, err)
	u.Base = 1
	v := &Values{URL: &u, Body: []byte(body), Name: "dir/file.txt", Var: func(string) []byte { return []byte(`{"k": "z"}`) }}

	rows := regexp.MustCompile("(?m)^\\| `.*` \\| .* \\| `(.*)` \\| (`.*`) \\|$").FindAllStringSubmatch(readme, -1)
	require.Len(t, rows, 22)
	for _, row := range rows {
		p, err := Parse(row[1])
		require.NoError(t, err, row[1])
		urls, err := p.Expand(v)
		require.NoError(t, err, row[1])
		var texts []string
		for _, u := range urls {
			texts = append(texts, "`"+u.String()+"`")
		}
		assert.Equal(t, row[2], strings.Join(texts, " "), row[1])
	}
}
