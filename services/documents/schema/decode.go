package schema

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// maxExponent bounds the exponent of numbers: they are compared by value, and
// their digits have to be written out for that.
const maxExponent = 400

// decode returns the Go value of a JSON text, with its numbers as they are
// written, and how much work it is to say what is wrong with it. The value
// shares nothing with the text.
func decode(text []byte) (value any, work int, err error) {
	d := decoder{Decoder: jsontext.NewDecoder(bytes.NewBuffer(text))}
	if value, err = d.value(); err != nil {
		return nil, 0, err
	}
	return value, d.work, nil
}

type decoder struct {
	*jsontext.Decoder
	work int
}

func (d *decoder) value() (any, error) {
	const each = 10 // of an error, beside a name for each level that it is down
	d.work += each + d.StackDepth()
	token, err := d.ReadToken()
	if err != nil {
		return nil, Errors{{Pointer: string(d.StackPointer()), Detail: err.Error()}}
	}
	switch token.Kind() {
	case '{':
		return d.object()
	case '[':
		return d.list()
	case '"':
		return token.String(), nil
	case '0':
		number := token.String()
		if isExtreme(number) {
			return nil, Errors{{Pointer: string(d.StackPointer()),
				Detail: fmt.Sprintf("is a number with an exponent of more than %d: write it as a string", maxExponent)}}
		}
		return json.Number(number), nil
	case 't', 'f':
		return token.Bool(), nil
	}
	return nil, nil
}

func (d *decoder) object() (any, error) {
	object := make(map[string]any)
	for d.PeekKind() != '}' {
		name, err := d.value()
		if err != nil {
			return nil, err
		}
		if object[name.(string)], err = d.value(); err != nil {
			return nil, err
		}
	}
	_, err := d.ReadToken()
	return object, err
}

func (d *decoder) list() (any, error) {
	list := []any{}
	for d.PeekKind() != ']' {
		element, err := d.value()
		if err != nil {
			return nil, err
		}
		list = append(list, element)
	}
	_, err := d.ReadToken()
	return list, err
}

// isExtreme reports whether a number has too large an exponent.
func isExtreme(number string) bool {
	i := strings.IndexAny(number, "eE")
	if i < 0 {
		return false
	}
	exponent, err := strconv.Atoi(number[i+1:])
	return err != nil || exponent > maxExponent || exponent < -maxExponent
}
