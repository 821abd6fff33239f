// Package decimal compares numbers of JSON by what they are worth, exactly,
// however they are written: 1.10 is 1.1, and 9007199254740993 is not
// 9007199254740992.
package decimal

import (
	"cmp"
	"math/big"
	"strings"
)

// Compare returns -1, 0 or 1 where the number a is less than b, the same, or
// greater. Both are numbers as JSON has them (RFC 8259 section 6).
func Compare(a, b string) int {
	if a == b {
		return 0
	}
	return parse(a).compare(parse(b))
}

// A number is what the text of one is worth: 0.digits times ten to the power of
// exponent. Of zero the digits are empty.
type number struct {
	negative bool
	digits   string // neither begins nor ends with 0
	exponent big.Int
}

func parse(text string) *number {
	var n number
	text, n.negative = strings.CutPrefix(text, "-")
	mantissa, exponent, scaled := strings.Cut(strings.ToLower(text), "e")
	whole, fraction, _ := strings.Cut(mantissa, ".")
	digits := strings.TrimLeft(whole+fraction, "0")
	if scaled {
		n.exponent.SetString(exponent, 10)
	}
	n.exponent.Add(&n.exponent, big.NewInt(int64(len(digits)-len(fraction))))
	n.digits = strings.TrimRight(digits, "0")
	return &n
}

func (n *number) compare(other *number) int {
	sign := n.sign()
	if sign != other.sign() || sign == 0 {
		return cmp.Compare(sign, other.sign())
	}
	size := n.exponent.Cmp(&other.exponent)
	if size == 0 {
		size = strings.Compare(n.digits, other.digits) // neither ends with 0
	}
	return sign * size
}

func (n *number) sign() int {
	switch {
	case n.digits == "":
		return 0
	case n.negative:
		return -1
	}
	return 1
}
