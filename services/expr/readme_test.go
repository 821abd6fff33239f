package expr_test

import (
	"context"
	"os"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/services/expr"
)

// Each line of the tables of the README is true.
func TestREADME(t *testing.T) {
	text, err := os.ReadFile("README.md")
	require.NoError(t, err)
	input := regexp.MustCompile("(?s)```json\n(.*?)```").FindSubmatch(text)[1]
	rows := regexp.MustCompile("(?m)^\\| `(.+?)` \\| (?:`(.+?)`|(undefined)) \\|").FindAllSubmatch(text, -1)
	require.Greater(t, len(rows), 30)
	for _, row := range rows {
		source := string(row[1])
		e, err := expr.Compile(source)
		if !assert.NoError(t, err, source) {
			continue
		}
		got, err := e.Eval(context.Background(), &expr.Scope{Input: input, Engine: engine})
		if assert.NoError(t, err, source) {
			assert.Equal(t, string(row[2]), string(got), source)
		}
	}
}
