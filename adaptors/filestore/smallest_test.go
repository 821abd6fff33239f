package filestore

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"
)

func TestSmallest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SliceOfN(rapid.StringOfN(rapid.RuneFrom([]rune("abc")), 0, 3, -1), 1, 200).Draw(t, "list")
		n := rapid.IntRange(1, len(list)).Draw(t, "n")
		want := slices.Sorted(slices.Values(list))[:n]
		smallest(list, n)
		assert.Equal(t, want, slices.Sorted(slices.Values(list[:n])))
	})
}

func TestSelectionKnowsWhetherThereIsMore(t *testing.T) {
	for offered, more := range map[int]bool{2: false, 3: false, 4: true, 6: true, 100: true} {
		s := selection{size: 3}
		for i := range offered {
			s.offer(fmt.Appendf(nil, "%03d", offered-i), document)
		}
		page := s.positions()
		assert.Equal(t, more, s.more, "%d names", offered)
		assert.Len(t, page, min(3, offered))
	}
}
