package odata

import (
	"cmp"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"github.com/seed90475182/restspace/services/documents/decimal"
)

// A class is a type of values. They stand in the order that an order has them.
type class uint8

const (
	null class = iota
	boolean
	number
	text
	date   // of the query only
	nested // a list or an object
	anything
)

// A value is what an expression is worth for a document. Its text may be a view
// of the document.
type value struct {
	class  class
	text   string  // of a text; of a number as it is written
	number float64 // of a number, rounded; 1 is true
	moment time.Time
}

func truth(b bool) value {
	if b {
		return value{class: boolean, number: 1}
	}
	return value{class: boolean}
}

func (v value) isTrue() bool  { return v.class == boolean && v.number == 1 }
func (v value) isFalse() bool { return v.class == boolean && v.number == 0 }

func valueOf(r gjson.Result) value {
	switch r.Type {
	case gjson.Number:
		return value{class: number, text: r.Raw, number: r.Num}
	case gjson.String:
		return value{class: text, text: r.Str}
	case gjson.True, gjson.False:
		return truth(r.Type == gjson.True)
	case gjson.JSON:
		return value{class: nested}
	}
	return value{}
}

// compare returns -1, 0 or 1; ok is false where neither value is the greater
// and they are not equal.
func compare(a, b value) (order int, ok bool) {
	if a.class == date && b.class == text {
		b = b.asDate()
	} else if a.class == text && b.class == date {
		a = a.asDate()
	}
	if a.class != b.class || a.class == nested {
		return 0, false
	}
	return a.compareAlike(b), true
}

// compareAlike compares values of one class.
func (v value) compareAlike(other value) int {
	switch v.class {
	case boolean:
		return cmp.Compare(v.number, other.number)
	case number:
		if order := cmp.Compare(v.number, other.number); order != 0 {
			return order // rounding keeps the order
		}
		return decimal.Compare(v.text, other.text)
	case text:
		return strings.Compare(v.text, other.text)
	case date:
		return v.moment.Compare(other.moment)
	}
	return 0
}

// rank compares any two values in the order of classes.
func (v value) rank(other value) int {
	if v.class != other.class {
		return cmp.Compare(v.class, other.class)
	}
	return v.compareAlike(other)
}

// asDate returns the date that a text is, or null if it is none.
func (v value) asDate() value {
	if len(v.text) < len(time.DateOnly) || v.text[4] != '-' {
		return value{}
	}
	layout := time.RFC3339
	if len(v.text) == len(time.DateOnly) {
		layout = time.DateOnly
	}
	moment, err := time.Parse(layout, v.text)
	if err != nil {
		return value{}
	}
	return value{class: date, moment: moment}
}
