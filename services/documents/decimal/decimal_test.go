package decimal_test

import (
	"math/big"
	"testing"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"

	"github.com/seed90475182/restspace/services/documents/decimal"
)

func TestCompare(t *testing.T) {
	for _, row := range []struct {
		a, b string
		want int
	}{
		{"1.10", "1.1", 0},
		{"9007199254740993", "9007199254740992", 1},
		{"0", "-0.00e7", 0},
		{"-1", "0", -1},
		{"-1", "-2", 1},
		{"1e400", "10e399", 0},
		{"1e400", "9e399", 1},
		{"1e99999999999999999999", "1e99999999999999999998", 1},
		{"-1e99999999999999999999", "5", -1},
		{"0.1", "0.09", 1},
		{"12", "123", -1},
		{"0e99999999999999999999", "0", 0},
	} {
		assert.Equal(t, row.want, decimal.Compare(row.a, row.b), "%s %s", row.a, row.b)
		assert.Equal(t, -row.want, decimal.Compare(row.b, row.a), "%s %s", row.b, row.a)
	}
}

// Numbers compare as fractions do.
func TestCompareAsFractions(t *testing.T) {
	number := rapid.StringMatching(`-?(0|[1-9][0-9]{0,3})(\.[0-9]{1,3})?([eE][+-]?[0-9])?`)
	rapid.Check(t, func(r *rapid.T) {
		a, b := number.Draw(r, "a"), number.Draw(r, "b")
		x, _ := new(big.Rat).SetString(a)
		y, _ := new(big.Rat).SetString(b)
		assert.Equal(r, x.Cmp(y), decimal.Compare(a, b))
	})
}
