package gotemplate

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"math/big"
)

// equal reports whether a is one of others. Values of different sorts are not
// equal.
func (r *run) equal(a any, others ...any) (bool, error) {
	if len(others) == 0 {
		return false, limit("there is nothing to compare with: write eq A B")
	}
	for _, b := range others {
		same, err := r.same(a, b)
		if same || err != nil {
			return same, err
		}
	}
	return false, nil
}

func (r *run) unequal(a, b any) (bool, error) {
	same, err := r.same(a, b)
	return !same, err
}

func (r *run) same(a, b any) (bool, error) {
	if isNumber(a) && isNumber(b) {
		order, err := compareNumbers(a, b)
		return order == 0, err
	}
	if empty(a) || empty(b) {
		return empty(a) && empty(b), nil
	}
	x, isPlain := plain(a)
	y, bothPlain := plain(b)
	if !isPlain || !bothPlain {
		return false, limit("lists and objects can't be compared")
	}
	return isText(a) == isText(b) && isNumber(a) == isNumber(b) && x == y, r.spend(min(len(x), len(y)))
}

// empty reports whether a value is missing or null.
func empty(v any) bool {
	members, ok := v.(map[string]any)
	return v == nil || ok && members == nil
}

func isText(v any) bool {
	switch v.(type) {
	case string, written:
		return true
	}
	return false
}

func isNumber(v any) bool {
	switch v.(type) {
	case int, int64, uint64, float64, json.Number:
		return true
	}
	return false
}

// order compares two numbers, or two texts by their bytes.
func (r *run) order(a, b any) (int, error) {
	if isNumber(a) && isNumber(b) {
		return compareNumbers(a, b)
	}
	if !isText(a) || !isText(b) {
		return 0, fmt.Errorf("%s and %s can't be compared: give two numbers or two texts", sort(a), sort(b))
	}
	x, _ := plain(a)
	y, _ := plain(b)
	return cmp.Compare(x, y), r.spend(min(len(x), len(y)))
}

// ordered returns the function that compares by the order of two values.
func (r *run) ordered(holds func(order int) bool) func(a, b any) (bool, error) {
	return func(a, b any) (bool, error) {
		order, err := r.order(a, b)
		return err == nil && holds(order), err
	}
}

// sort returns what JSON calls the type of a value.
func sort(v any) string {
	switch {
	case empty(v):
		return "null"
	case isNumber(v):
		return "a number"
	case isText(v):
		return "a text"
	}
	switch v.(type) {
	case bool:
		return "true or false"
	case []any:
		return "a list"
	}
	return "an object"
}

// compareNumbers compares by value: 1 is 1.0.
func compareNumbers(a, b any) (int, error) {
	x, xWhole := whole(a)
	y, yWhole := whole(b)
	if xWhole && yWhole {
		return cmp.Compare(x, y), nil
	}
	const exact = 1 << 53 // up to here each whole number is a float64
	f, fIs := a.(float64)
	g, gIs := b.(float64)
	switch {
	case fIs && gIs:
		return cmp.Compare(f, g), nil
	case fIs && yWhole && y > -exact && y < exact:
		return cmp.Compare(f, float64(y)), nil
	case gIs && xWhole && x > -exact && x < exact:
		return cmp.Compare(float64(x), g), nil
	}
	p, err := bigOf(a)
	if err != nil {
		return 0, err
	}
	q, err := bigOf(b)
	if err != nil {
		return 0, err
	}
	return p.Cmp(q), nil
}

// whole returns a number as an int64, if it was decoded or written as one.
func whole(v any) (int64, bool) {
	switch v := v.(type) {
	case int:
		return int64(v), true
	case int64:
		return v, true
	}
	return 0, false
}

// maxDigits is how long a number may be that is read with all its digits: that
// takes a time which grows with the square of their count.
const maxDigits = 1000

// bigOf returns a number with some 300 digits.
func bigOf(v any) (*big.Float, error) {
	text, _ := plain(v)
	if len(text) > maxDigits {
		return nil, limit(fmt.Sprintf("a number is longer than %d characters", maxDigits))
	}
	f, _, err := big.ParseFloat(text, 10, 1024, big.ToNearestEven)
	if err != nil || f.IsInf() {
		return nil, limit("a number is too large")
	}
	return f, nil
}

// float returns a number as the nearest float64.
func float(v any) (float64, error) {
	switch v := v.(type) {
	case int:
		return float64(v), nil
	case int64:
		return float64(v), nil
	case uint64:
		return float64(v), nil
	case float64:
		return v, nil
	case json.Number:
		if f, err := v.Float64(); err == nil {
			return f, nil
		}
		return 0, limit("a number is too large")
	}
	return 0, fmt.Errorf("%s is no number", sort(v))
}

// arithmetic returns a function of two numbers: whole of whole ones, where that
// is the result.
func arithmetic(exact func(a, b *big.Int) *big.Int, about func(a, b float64) float64) func(a, b any) (any, error) {
	return func(a, b any) (any, error) {
		x, xWhole := whole(a)
		y, yWhole := whole(b)
		if xWhole && yWhole {
			if n := exact(big.NewInt(x), big.NewInt(y)); n != nil && n.IsInt64() {
				return n.Int64(), nil
			}
		}
		f, err := float(a)
		if err != nil {
			return nil, err
		}
		g, err := float(b)
		if err != nil {
			return nil, err
		}
		out := about(f, g)
		if math.IsInf(out, 0) || math.IsNaN(out) {
			return nil, limit("the result is no number that can be written")
		}
		return out, nil
	}
}

func quotient(a, b *big.Int) *big.Int {
	if b.Sign() == 0 {
		return nil
	}
	q, rest := new(big.Int).QuoRem(a, b, new(big.Int))
	if rest.Sign() != 0 {
		return nil
	}
	return q
}
