package decimal_test

import (
	"math/big"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/seed90475182/restspace/services/documents/decimal"
)

// FuzzCompare compares numbers as fractions are compared.
func FuzzCompare(f *testing.F) {
	for _, seed := range [][2]string{{"1.10", "1.1"}, {"-0", "0"}, {"1e3", "1000"}, {"9007199254740993", "9007199254740992"}, {"-1e-3", "-0.01"}, {"0e99", "0.0"}} {
		f.Add(seed[0], seed[1])
	}
	number := regexp.MustCompile(`^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d{1,3})?$`) // RFC 8259 section 6, and not too large for a fraction
	f.Fuzz(func(t *testing.T, a, b string) {
		if !number.MatchString(a) || !number.MatchString(b) {
			return
		}
		x, _ := new(big.Rat).SetString(a)
		y, _ := new(big.Rat).SetString(b)
		assert.Equal(t, x.Cmp(y), decimal.Compare(a, b))
		assert.Equal(t, y.Cmp(x), decimal.Compare(b, a))
	})
}
