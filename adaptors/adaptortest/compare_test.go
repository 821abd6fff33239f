package adaptortest

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestOfRawIsTheMedian(t *testing.T) {
	assert.Equal(t, 0.9, ofRaw([]pair{{90, 100}, {1, 100}, {90, 100}, {500, 100}, {90, 100}}))
	var pairs []pair
	for range stretches {
		pairs = append(pairs, pair{1, 1}, pair{9, 19})
	}
	assert.Equal(t, 0.5, ofRaw(pairs), "each stretch by its sums")
	assert.Equal(t, 2.0, ofRaw([]pair{{2, 1}}))
}
