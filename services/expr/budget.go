package expr

import (
	"errors"
	"fmt"
)

const (
	maxElements = 1_000_000
	maxBytes    = 8 << 20
	maxReread   = 64 << 20 // bytes that the loops and variables of a transform write out to read them
)

// budget is what the expressions of one evaluation, or of one transform, may
// still make. It is charged before something is allocated, where its size is
// known then, or else as soon as it is.
type budget struct {
	elements, bytes int64
}

func newBudget() budget { return budget{elements: maxElements, bytes: maxBytes} }

var (
	errElements = fmt.Errorf("it makes more than %d elements", maxElements)
	errBytes    = fmt.Errorf("it makes more than %d bytes of text", maxBytes)
	errTime     = fmt.Errorf("it takes longer than %s", most)
	errAllTime  = fmt.Errorf("with those before it, it takes longer than %s: a transform computes no longer", mostOfAll)
	errNested   = fmt.Errorf("it makes something nested more than %d deep", maxNesting)
	errOutput   = fmt.Errorf("it makes more than %d bytes beside its input", maxBytes)
	errReread   = fmt.Errorf("its loops and variables read more than %d bytes of what it makes", maxReread)
	errNotIndex = errors.New("what it sets a member of is a list: write the position of an element")
)

// takeElements charges n elements.
func (b *budget) takeElements(n int64) error {
	if n > b.elements || n < 0 {
		return errElements
	}
	b.elements -= n
	return nil
}

// takeBytes charges n bytes.
func (b *budget) takeBytes(n int64) error {
	if n > b.bytes || n < 0 {
		return errBytes
	}
	b.bytes -= n
	return nil
}
