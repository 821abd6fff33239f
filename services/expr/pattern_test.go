package expr_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestRegularExpressions(t *testing.T) {
	for source, want := range map[string]string{
		`'xa'.replace(/x*/g, '-')`:                                                 `"--a-"`,
		`'x y'.replace(/\b/g, '|')`:                                                `"|x| |y|"`,
		`'xax ax'.replace(/\Bx/g, '-')`:                                            `"xa- a-"`,
		`'a\nb'.replace(/^/gm, '> ')`:                                              `"> a\n> b"`,
		`'a\nb'.replace(/^./g, '-')`:                                               `"-\nb"`,
		`'aab aab'.match(/a+b$/g)`:                                                 `["aab"]`,
		`'ü😀b'.replace(/./g, '<$&>')`:                                              `"<ü><😀><b>"`,
		`'ü😀b'.search(/b/)`:                                                        `3`,
		`'😀b😀b'.replace(/b/g, (m, at) => at)`:                                      `"😀2😀5"`,
		`(r => [r.exec('😀a😀a').index, r.exec('😀a😀a').index])(/a/g)`:                `[2,5]`,
		`(r => [r.exec('aa').index, r.exec('aa').index, r.exec('aa')])(/a/g)`:      `[0,1,null]`,
		`(r => [r.test('ba'), r.test('ab'), r.test('ab')])(/a/y)`:                  `[false,true,false]`,
		`'aab'.match(/a/gy)`:                                                       `["a","a"]`,
		`'a1b22c'.split(/([0-9]+)/)`:                                               `["a","1","b","22","c"]`,
		`'aXbxc'.split(/x/i)`:                                                      `["a","b","c"]`,
		`'abc'.split(/(?:)/)`:                                                      `["a","b","c"]`,
		`[''.split(/x/), ''.split(/x*/)]`:                                          `[[""],[]]`,
		`'a,b,c'.split(/,/, 2)`:                                                    `["a","b"]`,
		`'abc'.replaceAll('', '-')`:                                                `"-a-b-c-"`,
		`'abcb'.replaceAll(/b/g, 'x')`:                                             `"axcx"`,
		`[...'a1b2'.matchAll(/[0-9]/g)].map(m => [m.index, m.input])`:              `[[1,"a1b2"],[3,"a1b2"]]`,
		`'2020-01'.replace(/(?<y>[0-9]+)-(?<m>[0-9]+)/, '$<m>/$<y>')`:              `"01/2020"`,
		`'2020-01'.match(/(?<y>[0-9]+)-(?<m>[0-9]+)(?<d>x)?/).groups`:              `{"y":"2020","m":"01"}`,
		`'ab'.replace(/(a)|(b)/g, (m, a, b) => a === undefined ? '2' + b : 1 + a)`: `"1a2b"`,
		`/\u{1F600}/u.test('😀')`:                                                   `true`,
		`String(/a\/b/gi)`:                                                         `"/a\\/b/gi"`,
		// Who tries one way after the other needs years for these.
		`'x' + 'a'.repeat(60) === ('x' + 'a'.repeat(60) + 'b').replace(/x|(a+)+$/g, 'x').slice(0, -1)`: `true`,
		`('x' + 'a'.repeat(60) + 'b').match(/x|(a+)+$/g)`:                                              `["x"]`,
		`('x' + 'a'.repeat(60) + 'b').split(/x|(a|a)*$/)[2].length`:                                    `61`,
		`(r => [r.test('x' + 'a'.repeat(60) + 'b'), r.test('x' + 'a'.repeat(60) + 'b')])(/x|(a*)*$/g)`: `[true,true]`,
	} {
		assert.Equal(t, want, eval(t, source), source)
	}
}
