package expr_test

import (
	"bytes"
	"context"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/services/expr"
)

// A bomb ends with a limit, before it has taken memory that hurts, and nothing of
// it goes on.
func TestBombs(t *testing.T) {
	const (
		elements = "more than 1000000 elements"
		text     = "more than 8388608 bytes"
		late     = "longer than 50ms"
		deep     = "deep"
		limit    = "expression" // whichever comes first
		any      = ""           // a limit, or an answer
	)
	long := `"` + strings.Repeat("a", 1<<20) + `"`
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	input := []byte(`{"s": ` + long + `, "u": "` + strings.Repeat("ü", 1<<19) + `", "l": [` + strings.Repeat("1,", 1<<17) + `1]}`)
	for source, want := range map[string]string{
		"'x'.repeat(1 << 29)":                                      text,
		"'x'.repeat(Infinity)":                                     text,
		"'ab'.repeat({valueOf: () => 1e9})":                        text,
		"s.repeat(100)":                                            text,
		"'x'.padStart(1e9)":                                        text,
		"'x'.padEnd(1e9, 'ab')":                                    text,
		"''.padStart({valueOf: () => 1e9})":                        text,
		"s.concat(s, s, s, s, s, s, s, s, s)":                      text,
		"s + s + s + s + s + s + s + s":                            text,
		"`${s}${s}${s}${s}${s}${s}${s}${s}${s}`":                   text,
		"Array(30).fill(1).reduce(x => x + x, 'x')":                text,
		"Array(40).fill(0).reduce(x => `${x}${x}`, 'x')":           text,
		"Array(40).fill(0).reduce(x => [x, x], 1)":                 any,
		"JSON.stringify(Array(40).fill(0).reduce(x => [x, x], 1))": any,
		"String(Array(40).fill(0).reduce(x => [x, x], 1))":         any,
		"Array(40).fill(0).reduce(x => [x, x], 1).flat(Infinity)":  any,
		"Array(40).fill(0).reduce(x => ({a: x, b: x}), 1)":         any,
		"merge(Array(40).fill(0).reduce(x => ({a: x, b: x}), {}), Array(40).fill(0).reduce(x => ({a: x, b: x}), {}))": any,
		"Array(1e9)":                                                     elements,
		"Array(-1)":                                                      elements,
		"Array(2e6).fill(1)":                                             elements,
		"Array(1e6).fill(1).concat(l)":                                   elements,
		"Array.from({length: 1e9})":                                      elements,
		"Array.from({length: {valueOf: () => 1e9}})":                     elements,
		"[...Array(1e6), ...Array(1e6)]":                                 elements,
		"[...s, ...s]":                                                   elements,
		"Array.from(s)":                                                  elements,
		"s.split('')":                                                    limit,
		"s.split(/a/)":                                                   any,
		"s.replaceAll('a', 'bbbbbbbbbbbbbbbb')":                          any,
		"s.replaceAll('', 'b')":                                          any,
		"s.replace(/a/g, s)":                                             any,
		"'aaaaaaaaaaaa'.replace(/a/g, '$&$&' + s)":                       text,
		"'aaaaaaaaaaaa'.replace(/a/g, () => s)":                          text,
		"s.replace(/a+/, '$&$&$&$&$&$&$&$&$&')":                          text,
		"s.match(/a/g)":                                                  any,
		"[...s.matchAll(/a/g)]":                                          any,
		"s.normalize('NFKD')":                                            any,
		"u.normalize('NFKD')":                                            any,
		"l.join(s)":                                                      text,
		"[l, l, l].map(x => x.join(s))":                                  text,
		"l.map(x => s.slice(1))":                                         text,
		"l.map(x => s + x)":                                              text,
		"l.map(x => s.toUpperCase())":                                    text,
		"l.flatMap(x => l)":                                              limit,
		"l.map(x => l.map(y => y))":                                      limit,
		"l.map(x => [...l])":                                             limit,
		"l.map(x => ({...l}))":                                           limit,
		"l.map(x => Object.keys(l))":                                     any,
		"l.map(x => encodeURIComponent(s))":                              text,
		"l.map(x => JSON.parse(JSON.stringify(s)))":                      text,
		"l.map(x => l.indexOf(2))":                                       late,
		"l.sort((a, b) => l.indexOf(7))":                                 late,
		"l.map(x => l.reduce((a, b) => a + b))":                          late,
		"l.map(x => l.filter(y => y > 1))":                               late,
		"(f => f(f))(f => f(f))":                                         deep,
		"(f => f(f))(f => [1].map(() => f(f)))":                          deep,
		"(f => f(f))(f => 'a'.replace(/a/, () => f(f)))":                 deep,
		"(f => f(f))(f => `${{toString: () => f(f)}}`)":                  deep,
		"(f => f(f))(f => [2, 1].sort(() => f(f)))":                      deep,
		"(f => f(f))(f => [{toString: () => f(f)}].join())":              deep,
		"(a => a.push(a) && String(a))([])":                              deep,
		"(a => a.push(a) && a)([])":                                      deep,
		"(a => a.push(a) && JSON.stringify(a))([])":                      deep,
		"(a => a.push(a) && a.flat(Infinity))([])":                       any,
		"(a => a.push(a, a) && a.flat(Infinity))([])":                    any,
		"Array(1000).fill(0).reduce(x => [x], 1)":                        deep,
		"String(Array(1000).fill(0).reduce(x => [x], 1))":                deep,
		"Array(1000).fill(0).reduce(x => ({x}), 1)":                      deep,
		"(a => a.map(() => a.push(1)))(Array(3e5).fill(1))":              any,
		"l.every(() => l.push(...l))":                                    limit,
		"l.forEach(() => l.unshift(...l))":                               limit,
		"l.splice(0, 0, ...l, ...l, ...l, ...l, ...l, ...l, ...l, ...l)": limit,
		"/(a*)*b/.test(s)":                                               any,
		"/(a|aa)+$/.test(s + 'b')":                                       any,
		"/(.*)(.*)(.*)(.*)(.*)(.*)(.*)(.*)(.*)[0-9]/.test(s)":            any,
		"s.match(/(a.*b)|a/g)":                                           any,
		"s.replace(/(a?){200}b/g, '')":                                   any,
		"regexp('(a?){500}a{500}').test(s)":                              "too large",
		"regexp('(?=a)').test('a')":                                      "lookaround",
		"regexp('(x)\\\\1').test('a')":                                   "lookaround",
		"regexp(s)":                                                      "over 1 KiB",
		"s.search('(?=a)')":                                              "lookaround",
		"s.match('(a{1000}){1000}')":                                     any,
		"l.map(x => regexp('a' + x))":                                    late,
		"JSON.parse('['.repeat(100000) + ']'.repeat(100000))":            any,
		"JSON.stringify(l, null, {valueOf: () => 1e9}) + JSON.stringify(l.map(x => [[[x]]]), null, 10)": any,
		// What goja does in one go is cut short, or done in steps.
		"Object.keys('x'.repeat(8e6))":                        elements,
		"Object.values('x'.repeat(8e6))":                      elements,
		"Object.entries('x'.repeat(8e6))":                     elements,
		"Object.entries('x'.repeat(9e5))":                     any,
		"({...'x'.repeat(9e5)})":                              any,
		"[...'x'.repeat(1e6)]":                                any,
		"s.split('').map(x => /a/)":                           any,
		"'x'.repeat(8e6).split('')":                           elements,
		"Array(5e5).fill(1).map((x, i) => -i).sort(Math.max)": late,
		"u.localeCompare(u + 'x')":                            any,
		"'\\uFDFA'.repeat(1e6).normalize('NFKD')":             text,
		"canonicalise('\\u0344'.repeat(2e6))":                 any,
		"stripHtml('<'.repeat(8e6))":                          text,
		"formatDate(0, 'EEEE'.repeat(2e6))":                   text,
		"formatDate(0, 'a'.repeat(8e6))":                      text,
		"parseFloat('1'.repeat(8e6)) + '1'.repeat(8e6)":       text,
		"JSON.parse('[' + '1,'.repeat(3e6) + '1]').length":    any,
		"pathPattern('/x'.repeat(4e6))":                       "over 8 KiB",
		"path('a' + '.a'.repeat(2e6), {a: 1})":                "over 8 KiB",
		"pathPattern('/x/${l[]}/${l[]}')":                     any,
		"'ü'.repeat(2e6).indexOf('ü'.repeat(1e6) + 'y')":      any,
		"'ü'.repeat(2e6).lastIndexOf('y' + 'ü'.repeat(1e6))":  any,
		"Number('0x' + 'f'.repeat(8e6))":                      "*",
		"path('/' + s, l)":                                    any,
		"pathPattern('${l[]}')":                               any,
		"expressionMap(l, \"expressionMap(l, '$')\")":         limit,
		"transformMap(l, {'a': 'l'})":                         any,
		"2 ** 1e9 + Math.pow(9, 1e9) + s.length ** 9999":      "*",
		"formatDate(0, s)":                                    "*",
		"newDate(1e300)":                                      "*",
		"canonicalise(s, 3)":                                  "*",
	} {
		t.Run(source, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			e, err := expr.Compile(source)
			require.NoError(t, err)
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // far more than its limits let it take
			defer cancel()
			_, err = e.Eval(ctx, &expr.Scope{Input: input, Engine: engine})
			runtime.ReadMemStats(&after)
			require.NoError(t, ctx.Err(), "nothing but the test ended it")
			assert.Less(t, (after.TotalAlloc-before.TotalAlloc)>>20, uint64(256), "MiB")
			if want == "*" {
				return
			}
			var told *bus.Error
			if err == nil && want == any {
				return
			}
			if assert.ErrorAs(t, err, &told) {
				assert.Equal(t, http.StatusUnprocessableEntity, told.Status)
				assert.Regexp(t, want+"|"+late, told.Detail) // on a busy machine time may be the first to end
			}
		})
	}
}

// What one evaluation does to a machine is not there for the next.
func TestNothingIsLeftBehind(t *testing.T) {
	one := new(expr.Engine)
	run := func(source string) (string, error) {
		e, err := expr.Compile(source)
		require.NoError(t, err, source)
		out, err := e.Eval(context.Background(), &expr.Scope{Input: []byte(`{"l": [3, 1, 2]}`), Engine: one})
		return string(bytes.Clone(out)), err
	}
	for _, source := range []string{
		"l.sort().push(9)", "Math.max.push", "[Math.max].map(f => f.x)", "/a/g.exec('aa')", "(r => r.exec('aaa') && r.exec('aaa'))(/a/g)",
		"Object.keys([Boolean][0])", "l.map(String)",
	} {
		if e, err := expr.Compile(source); err == nil {
			_, _ = e.Eval(context.Background(), &expr.Scope{Input: []byte(`{"l": [3, 1, 2]}`), Engine: one})
		}
	}
	for range 60 { // a join that ended in the middle
		_, err := run("[{toString: () => [].reduce(x => x)}].join()")
		require.ErrorContains(t, err, "reduce")
	}
	for source, want := range map[string]string{
		"[l, l].join()": `"3,1,2,3,1,2"`,
		"l.map(x => x)": "[3,1,2]", "/a/g.exec('aa').index": "0", "[].concat(l).length": "3", "({}).x === undefined": "true",
	} {
		for range 3 {
			got, err := run(source)
			require.NoError(t, err)
			assert.Equal(t, want, got, source)
		}
	}
}
