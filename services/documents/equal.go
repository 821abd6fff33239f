package documents

import (
	"github.com/tidwall/gjson"

	"github.com/seed90475182/restspace/services/documents/decimal"
)

// equal reports whether two values are the same in the sense of RFC 6902
// section 4.6: strings by their text, numbers by what they are worth, objects
// without regard to the order of their members.
func (p *patching) equal(a, b *node) (bool, error) {
	if a.raw != "" && a.raw == b.raw {
		return true, nil
	}
	in, err := p.open(a)
	if err != nil {
		return false, err
	}
	other, err := p.open(b)
	if err != nil {
		return false, err
	}
	switch in := in.(type) {
	case *object:
		if other, ok := other.(*object); ok {
			return p.equalObjects(in, other)
		}
	case *array:
		if other, ok := other.(*array); ok {
			return p.equalArrays(in, other)
		}
	default:
		return other == nil && sameScalar(gjson.Parse(a.raw), gjson.Parse(b.raw)), nil
	}
	return false, nil
}

func (p *patching) equalObjects(a, b *object) (bool, error) {
	if len(a.index) != len(b.index) {
		return false, nil
	}
	for name, i := range a.index {
		j, ok := b.index[name]
		if !ok {
			return false, nil
		}
		if same, err := p.equal(a.fields[i].value, b.fields[j].value); !same {
			return false, err
		}
	}
	return true, nil
}

func (p *patching) equalArrays(a, b *array) (bool, error) {
	if len(a.elements) != len(b.elements) {
		return false, nil
	}
	for i, element := range a.elements {
		if same, err := p.equal(element, b.elements[i]); !same {
			return false, err
		}
	}
	return true, nil
}

func sameScalar(a, b gjson.Result) bool {
	switch {
	case a.Type != b.Type:
		return false
	case a.Type == gjson.Number:
		return decimal.Compare(a.Raw, b.Raw) == 0
	}
	return a.Str == b.Str
}
