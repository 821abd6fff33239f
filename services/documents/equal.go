package documents

import (
	"math/big"
	"strings"

	"github.com/tidwall/gjson"
)

// equal reports whether two values are the same in the sense of RFC 6902
// section 4.6: strings by their text, numbers by what they are worth, objects
// without regard to the order of their members.
func (n *node) equal(other *node) bool {
	switch a := n.container().(type) {
	case *object:
		b, ok := other.container().(*object)
		return ok && a.equal(b)
	case *array:
		b, ok := other.container().(*array)
		return ok && a.equal(b)
	}
	return other.container() == nil && sameScalar(gjson.Parse(n.raw), gjson.Parse(other.raw))
}

func (o *object) equal(other *object) bool {
	if len(o.index) != len(other.index) {
		return false
	}
	for name, i := range o.index {
		j, ok := other.index[name]
		if !ok || !o.fields[i].value.equal(other.fields[j].value) {
			return false
		}
	}
	return true
}

func (a *array) equal(other *array) bool {
	if len(a.elements) != len(other.elements) {
		return false
	}
	for i, element := range a.elements {
		if !element.equal(other.elements[i]) {
			return false
		}
	}
	return true
}

func sameScalar(a, b gjson.Result) bool {
	switch {
	case a.Type != b.Type:
		return false
	case a.Type == gjson.Number:
		return a.Raw == b.Raw || parseDecimal(a.Raw).equal(parseDecimal(b.Raw))
	}
	return a.Str == b.Str
}

// A decimal is what a number of JSON is worth: 0.digits times ten to the power
// of exponent, exactly. Of zero the digits are empty.
type decimal struct {
	negative bool
	digits   string // neither begins nor ends with 0
	exponent big.Int
}

func parseDecimal(text string) *decimal {
	var d decimal
	text, d.negative = strings.CutPrefix(text, "-")
	mantissa, exponent, scaled := strings.Cut(strings.ToLower(text), "e")
	whole, fraction, _ := strings.Cut(mantissa, ".")
	digits := strings.TrimLeft(whole+fraction, "0")
	if scaled {
		d.exponent.SetString(exponent, 10)
	}
	d.exponent.Add(&d.exponent, big.NewInt(int64(len(digits)-len(fraction))))
	d.digits = strings.TrimRight(digits, "0")
	return &d
}

func (d *decimal) equal(other *decimal) bool {
	if d.digits == "" || other.digits == "" {
		return d.digits == other.digits
	}
	return d.negative == other.negative && d.digits == other.digits && d.exponent.Cmp(&other.exponent) == 0
}
