package odata_test

import (
	"encoding/json"
	"fmt"
	"math/big"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/seed90475182/restspace/services/documents/odata"
)

// A drawn is an expression as text, and what it is worth for a decoded
// document: nil, bool, *big.Rat, string, or something nested.
type drawn struct {
	text string
	eval func(doc any) any
}

var numbers = []string{"0", "-0", "1", "1.0", "10e-1", "9007199254740992", "9007199254740993", "-2.5", "1e400", "2E400"}

func rat(s string) *big.Rat {
	r, _ := new(big.Rat).SetString(s)
	return r
}

func drawLiteral(r *rapid.T) drawn {
	switch rapid.IntRange(0, 3).Draw(r, "literal") {
	case 0:
		n := rapid.SampledFrom(numbers).Draw(r, "number")
		return drawn{n, func(any) any { return rat(n) }}
	case 1:
		s := rapid.SampledFrom([]string{"", "a", "A'b", "aé", "b"}).Draw(r, "text")
		return drawn{"'" + strings.ReplaceAll(s, "'", "''") + "'", func(any) any { return s }}
	case 2:
		b := rapid.Bool().Draw(r, "bool")
		return drawn{fmt.Sprint(b), func(any) any { return b }}
	}
	return drawn{"null", func(any) any { return nil }}
}

func drawMember(r *rapid.T) drawn {
	names := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "c d"}), 1, 2).Draw(r, "names")
	quoted := make([]string, len(names))
	for i, name := range names {
		if quoted[i] = name; strings.Contains(name, " ") {
			quoted[i] = `"` + name + `"`
		}
	}
	return drawn{strings.Join(quoted, "/"), func(doc any) any {
		for _, name := range names {
			object, _ := doc.(map[string]any)
			doc = object[name]
		}
		if n, ok := doc.(json.Number); ok {
			return rat(n.String())
		}
		return doc
	}}
}

func drawText(r *rapid.T) drawn {
	m := drawMember(r)
	if rapid.Bool().Draw(r, "lower") {
		return drawn{"tolower(" + m.text + ")", func(doc any) any {
			if s, ok := m.eval(doc).(string); ok {
				return strings.ToLower(s)
			}
			return nil
		}}
	}
	return m
}

func drawOperand(r *rapid.T) drawn {
	switch rapid.IntRange(0, 3).Draw(r, "operand") {
	case 0:
		return drawLiteral(r)
	case 1:
		m := drawText(r)
		return drawn{"length(" + m.text + ")", func(doc any) any {
			if s, ok := m.eval(doc).(string); ok {
				return rat(fmt.Sprint(len([]rune(s))))
			}
			return nil
		}}
	}
	return drawMember(r)
}

func drawCondition(r *rapid.T, depth int) drawn {
	most := 5
	if depth == 0 {
		most = 2
	}
	switch rapid.IntRange(0, most).Draw(r, "condition") {
	case 0:
		return drawComparison(r)
	case 1:
		return drawIn(r)
	case 2:
		return drawFunction(r)
	case 3:
		n := drawCondition(r, depth-1)
		return drawn{"not (" + n.text + ")", func(doc any) any {
			if b, ok := n.eval(doc).(bool); ok {
				return !b
			}
			return nil
		}}
	}
	a, b := drawCondition(r, depth-1), drawCondition(r, depth-1)
	operator := rapid.SampledFrom([]string{"and", "or"}).Draw(r, "logic")
	early := operator == "or"
	return drawn{"(" + a.text + " " + operator + " " + b.text + ")", func(doc any) any {
		x, y := a.eval(doc), b.eval(doc)
		switch {
		case x == early || y == early:
			return early
		case x == nil || y == nil:
			return nil
		}
		return !early
	}}
}

func order(a, b any) (int, bool) {
	switch x := a.(type) {
	case nil:
		return 0, b == nil
	case bool:
		if y, ok := b.(bool); ok {
			return map[bool]int{true: 1}[x] - map[bool]int{true: 1}[y], true
		}
	case string:
		if y, ok := b.(string); ok {
			return strings.Compare(x, y), true
		}
	case *big.Rat:
		if y, ok := b.(*big.Rat); ok {
			return x.Cmp(y), true
		}
	}
	return 0, false
}

func drawComparison(r *rapid.T) drawn {
	a, b := drawOperand(r), drawOperand(r)
	if strings.HasPrefix(b.text, `"`) {
		b = drawLiteral(r)
	}
	operator := rapid.SampledFrom([]string{"eq", "ne", "gt", "ge", "lt", "le"}).Draw(r, "operator")
	return drawn{a.text + " " + operator + " " + b.text, func(doc any) any {
		x, y := a.eval(doc), b.eval(doc)
		o, ok := order(x, y)
		switch operator {
		case "eq":
			return ok && o == 0
		case "ne":
			return !ok || o != 0
		}
		return ok && x != nil && map[string]bool{"gt": o > 0, "ge": o >= 0, "lt": o < 0, "le": o <= 0}[operator]
	}}
}

func drawIn(r *rapid.T) drawn {
	a, b, c := drawOperand(r), drawLiteral(r), drawLiteral(r)
	return drawn{a.text + " in (" + b.text + ", " + c.text + ")", func(doc any) any {
		first, ok := order(a.eval(doc), b.eval(doc))
		second, ok2 := order(a.eval(doc), c.eval(doc))
		return ok && first == 0 || ok2 && second == 0
	}}
}

func drawFunction(r *rapid.T) drawn {
	a, b := drawText(r), drawText(r)
	if strings.HasPrefix(b.text, `"`) {
		b = drawn{"'a'", func(any) any { return "a" }}
	}
	name := rapid.SampledFrom([]string{"startswith", "endswith", "contains"}).Draw(r, "function")
	f := map[string]func(string, string) bool{"startswith": strings.HasPrefix, "endswith": strings.HasSuffix, "contains": strings.Contains}[name]
	return drawn{name + "(" + a.text + "," + b.text + ")", func(doc any) any {
		x, ok := a.eval(doc).(string)
		y, ok2 := b.eval(doc).(string)
		if !ok || !ok2 {
			return nil
		}
		return f(x, y)
	}}
}

func drawDocument(r *rapid.T, depth int) string {
	most := 6
	if depth == 0 {
		most = 3
	}
	switch rapid.IntRange(0, most).Draw(r, "json") {
	case 0:
		return rapid.SampledFrom(numbers).Draw(r, "number")
	case 1:
		return rapid.SampledFrom([]string{`""`, `"a"`, `"\u0041'b"`, `"aé"`, `"B"`}).Draw(r, "text")
	case 2:
		return rapid.SampledFrom([]string{"true", "false"}).Draw(r, "bool")
	case 3:
		return "null"
	case 4:
		return `[{"a":1},` + drawDocument(r, depth-1) + `]`
	}
	members := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{`"a"`, `"b"`, `"c\u0020d"`, `"x"`}), 0, 4, rapid.ID).Draw(r, "members")
	for i, name := range members {
		members[i] = name + rapid.SampledFrom([]string{":", " : "}).Draw(r, "space") + drawDocument(r, depth-1)
	}
	return "{" + strings.Join(members, ", ") + "}"
}

// Filters mean what a plain evaluation of the decoded document means.
func TestFiltersAsTheModel(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		condition := drawCondition(r, 3)
		f, err := odata.ParseFilter(condition.text)
		require.NoError(r, err, condition.text)
		for range 10 {
			doc := drawDocument(r, 2)
			decoder := json.NewDecoder(strings.NewReader(doc))
			decoder.UseNumber()
			var decoded any
			require.NoError(r, decoder.Decode(&decoded), doc)
			assert.Equal(r, condition.eval(decoded) == true, f.Match([]byte(doc)), "%s of %s", condition.text, doc)
		}
	})
}
