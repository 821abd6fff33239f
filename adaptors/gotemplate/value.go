package gotemplate

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// decode returns the Go values of a JSON text: string, bool, map[string]any,
// []any, and numbers as number has them. null is an object without members: like
// what is missing it is empty, and so are its members.
func decode(data []byte) (any, error) {
	d := jsontext.NewDecoder(bytes.NewBuffer(data))
	v, err := read(d)
	if err != nil {
		return nil, err
	}
	if _, err := d.ReadToken(); err != io.EOF {
		return nil, errAfter
	}
	return v, nil
}

var errAfter = limit("something follows the value")

func read(d *jsontext.Decoder) (any, error) {
	switch d.PeekKind() {
	case '{':
		return readObject(d)
	case '[':
		return readList(d)
	}
	t, err := d.ReadToken()
	if err != nil {
		return nil, err
	}
	switch t.Kind() {
	case '"':
		return t.String(), nil
	case '0':
		return number(t.String()), nil
	case 't', 'f':
		return t.Bool(), nil
	}
	return map[string]any(nil), nil
}

func readObject(d *jsontext.Decoder) (any, error) {
	_, _ = d.ReadToken() // it was seen
	members := make(map[string]any)
	for d.PeekKind() != '}' {
		name, err := d.ReadToken()
		if err != nil {
			return nil, err
		}
		key := name.String()
		if members[key], err = read(d); err != nil {
			return nil, err
		}
	}
	_, err := d.ReadToken()
	return members, err
}

func readList(d *jsontext.Decoder) (any, error) {
	_, _ = d.ReadToken()
	list := []any{}
	for d.PeekKind() != ']' {
		v, err := read(d)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	_, err := d.ReadToken()
	return list, err
}

// number returns a number of JSON: an int64 or a uint64 if it is whole and fits,
// a float64 if that is the number that was written, else a json.Number with all
// its digits.
func number(text string) any {
	if i, err := strconv.ParseInt(text, 10, 64); err == nil {
		return i
	}
	if u, err := strconv.ParseUint(text, 10, 64); err == nil {
		return u
	}
	const exact = 15 // digits that every float64 has
	f, err := strconv.ParseFloat(text, 64)
	size := math.Abs(f)
	if err == nil && digits(text) <= exact && (digits(text) == 0 || size > 1e-300 && size < 1e300) {
		return f
	}
	return json.Number(text)
}

// digits returns how many digits of a number matter.
func digits(text string) int {
	mantissa, _, _ := strings.Cut(strings.ToLower(strings.TrimPrefix(text, "-")), "e")
	mantissa = strings.Replace(mantissa, ".", "", 1)
	return len(strings.Trim(mantissa, "0"))
}

// written is JSON as the text of a value: inside of <script> it is the value.
type written string

// String returns the text.
func (w written) String() string { return string(w) }

// MarshalJSON is part of json.Marshaler.
func (w written) MarshalJSON() ([]byte, error) { return []byte(w), nil }

// plain returns the text of a value that is neither a list nor an object.
func plain(v any) (text string, ok bool) {
	switch v := v.(type) {
	case nil:
		return "", true
	case string:
		return v, true
	case written:
		return string(v), true
	case json.Number:
		return string(v), true
	case bool:
		return strconv.FormatBool(v), true
	case int:
		return strconv.Itoa(v), true
	case int64:
		return strconv.FormatInt(v, 10), true
	case uint64:
		return strconv.FormatUint(v, 10), true
	case float64:
		return floatText(v), true
	case map[string]any:
		return "", v == nil
	}
	return "", false
}

// floatText returns a number as JavaScript writes it.
func floatText(f float64) string {
	if size := math.Abs(f); size != 0 && (size < 1e-6 || size >= 1e21) {
		return strconv.FormatFloat(f, 'e', -1, 64)
	}
	return strconv.FormatFloat(f, 'f', -1, 64)
}

// text returns a value as it is printed, which is JSON for a list or an object.
func (r *run) text(v any) (string, error) {
	if text, ok := plain(v); ok {
		return text, r.spend(len(text))
	}
	w, err := r.json(v)
	return string(w), err
}

// json returns a value as JSON.
func (r *run) json(v any) (written, error) {
	out, err := appendJSON(nil, v, maxWork-r.work)
	if err != nil {
		return "", err
	}
	return written(out), r.spend(len(out))
}

// appendJSON writes a value of at most most bytes. What templates make of lists
// may be far larger than its parts: the same list can be in it many times.
func appendJSON(to []byte, v any, most int) ([]byte, error) {
	if len(to) > most {
		return nil, errWork
	}
	var err error
	switch v := v.(type) {
	case nil:
		return append(to, "null"...), nil
	case string:
		return jsontext.AppendQuote(to, v)
	case []any:
		to = append(to, '[')
		for i, one := range v {
			if i > 0 {
				to = append(to, ',')
			}
			if to, err = appendJSON(to, one, most); err != nil {
				return nil, err
			}
		}
		return append(to, ']'), nil
	case map[string]any:
		return appendObject(to, v, most)
	}
	text, ok := plain(v)
	if !ok {
		return nil, limit("there is no JSON for such a value")
	}
	return append(to, text...), nil
}

func appendObject(to []byte, members map[string]any, most int) ([]byte, error) {
	if members == nil {
		return append(to, "null"...), nil
	}
	to = append(to, '{')
	for i, name := range slices.Sorted(maps.Keys(members)) {
		if i > 0 {
			to = append(to, ',')
		}
		var err error
		if to, err = jsontext.AppendQuote(to, name); err != nil {
			return nil, err
		}
		if to, err = appendJSON(append(to, ':'), members[name], most); err != nil {
			return nil, err
		}
	}
	return append(to, '}'), nil
}
