package expr_test

import (
	"context"
	"math/rand/v2"
	"os"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/services/expr"
)

// readme is the input of the README and its lines: an expression, its value.
func readme(t *testing.T) (input []byte, rows [][][]byte) {
	text, err := os.ReadFile("README.md")
	require.NoError(t, err)
	input = regexp.MustCompile("(?s)```json\n(.*?)```").FindSubmatch(text)[1]
	rows = regexp.MustCompile("(?m)^\\| `(.+?)` \\| (?:`(.+?)`|(undefined)) \\|").FindAllSubmatch(text, -1)
	require.Greater(t, len(rows), 30)
	return input, rows
}

// Each line of the tables of the README is true.
func TestREADME(t *testing.T) {
	input, rows := readme(t)
	for _, row := range rows {
		check(t, engine, input, row)
	}
}

func check(t *testing.T, engine *expr.Engine, input []byte, row [][]byte) {
	source := string(row[1])
	e, err := expr.Compile(source)
	require.NoError(t, err, source)
	got, err := e.Eval(context.Background(), &expr.Scope{Input: input, Engine: engine})
	if assert.NoError(t, err, source) {
		assert.Equal(t, string(row[2]), string(got), source)
	}
}

// Whatever ran before in a machine, and however it ended, an expression means
// the same.
func TestWhatRanBeforeDoesNotMatter(t *testing.T) {
	input, rows := readme(t)
	one := new(expr.Engine)
	before := []string{
		"[{toString: () => [].reduce(x => x)}].join()", "lines.sort().reverse().push(1)", "lines.splice(0)", "'x'.repeat(1e9)", "parseJson('{')",
		"(r => r.exec('aa'))(/a/g)", "regexp('(')", "lines.map(l => unknown.at(0).x.push(1))", "(f => f(f))(f => f(f))", "Array(1e7)", "({...o, __proto: 1})",
		"Object.fromEntries([['__proto__', {n: 9}]])", "merge({}, parseJson('{\"__proto__\": {\"n\": 9}}'))", "[[1, [2]]].join([[]])", "lines.map(l => l.id.x())",
	}
	for range 300 {
		if e, err := expr.Compile(before[rand.IntN(len(before))]); err == nil {
			_, _ = e.Eval(context.Background(), &expr.Scope{Input: input, Engine: one})
		}
		check(t, one, input, rows[rand.IntN(len(rows))])
	}
}
