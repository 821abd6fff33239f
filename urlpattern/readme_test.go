package urlpattern

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Each row of the README's table of codes gives what it says.
func TestREADME(t *testing.T) {
	_, after, _ := strings.Cut(readme, "```json\n")
	body, _, found := strings.Cut(after, "\n```")
	require.True(t, found)
	assert.Contains(t, Codes(), "`${[n]}`")
	assert.NotContains(t, Codes(), "##")
	u, err := ParseURL("/auth/a/b/c?q=1&r=2")
	require.NoError(t, err)
	u.Base = 1
	v := &Values{URL: &u, Body: []byte(body), Name: "dir/file.txt", Var: func(string) []byte { return []byte(`{"k": "z"}`) }}

	rows := regexp.MustCompile("(?m)^\\| `.*` \\| .* \\| `(.*)` \\| (`.*`) \\|$").FindAllStringSubmatch(readme, -1)
	require.Len(t, rows, 26)
	list := regexp.MustCompile("(?m)^Where the body is the list `(.*)`:$").FindStringSubmatch(readme)
	require.NotNil(t, list)
	for i, row := range rows {
		if i == 23 {
			v.Body = []byte(list[1])
		}
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
