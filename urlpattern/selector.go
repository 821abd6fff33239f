package urlpattern

import (
	"iter"
	"strings"
	"unsafe"

	"github.com/tidwall/gjson"
)

// Selector is a parsed path into a JSON document. It is immutable and safe for
// concurrent use.
type Selector struct {
	text  string
	steps []step
	path  string // the names at its beginning as a gjson path, if that means the same where each is found in an object
}

// ParseSelector parses a path into a JSON document, such as a.b[2] or
// /list[price > 10]/name; the package comment has the language. An error is a
// *SyntaxError.
func ParseSelector(path string) (*Selector, error) {
	p := &parser{text: path}
	if len(path) > maxSelectorBytes {
		return nil, p.fault(maxSelectorBytes, "a path over 1 KiB: write a shorter one")
	}
	s, err := p.selector()
	if err != nil {
		return nil, err
	}
	if p.at < len(path) {
		return nil, p.fault(p.at, `a name with other characters stands in double quotes: write "..." around it`)
	}
	return s, nil
}

// String gives the text that was parsed.
func (s *Selector) String() string { return s.text }

// Raw reads the raw JSON of the value from doc, which must be valid JSON. It is
// a view of doc where the value is one, and a new array where it is a list
// that the path makes: of [], of a condition, or of a name over a list. Ok is
// false when the value is absent.
func (s *Selector) Raw(doc []byte) (raw []byte, ok bool) {
	v := s.find(text(doc))
	if v.list == nil {
		raw := strings.TrimRight(v.one.Raw, " \t\r\n")
		return unsafe.Slice(unsafe.StringData(raw), len(raw)), v.one.Exists()
	}
	return array(v.list), true
}

func array(elements iter.Seq[gjson.Result]) []byte {
	raw := []byte{'['}
	for element := range elements {
		if len(raw) > 1 {
			raw = append(raw, ',')
		}
		raw = append(raw, element.Raw...)
	}
	return append(raw, ']')
}

// text views bytes as a string: gjson's own functions for bytes copy what they
// find. Nobody changes the bytes of a document (nor those that Raw returns).
func text(doc []byte) string { return unsafe.String(unsafe.SliceData(doc), len(doc)) }

// value is what a step begins with and ends with: one JSON value, or a list
// whose elements are read when they are asked for, each time anew, so that a
// long list takes no memory.
type value struct {
	one  gjson.Result
	list iter.Seq[gjson.Result] // nil: one value
}

func (v value) absent() bool { return v.list == nil && !v.one.Exists() }

// elements are those of a list or of an array; nil if v is neither.
func (v value) elements() iter.Seq[gjson.Result] {
	if v.list == nil && v.one.IsArray() {
		return v.one.Values()
	}
	return v.list
}

func (s *Selector) find(doc string) value {
	steps := s.steps
	var v value
	if s.path != "" && strings.HasPrefix(doc, "{") {
		v.one = gjson.Get(doc, s.path)
	}
	if v.one.Exists() {
		steps = steps[1:]
	} else {
		v.one = gjson.Parse(doc)
	}
	for _, step := range steps {
		if v.absent() {
			break
		}
		v = step.of(v)
	}
	return v
}

// keysNear lists the first keys of the last object on the way to the value.
func (s *Selector) keysNear(doc string) []string {
	const most = 20
	v := value{one: gjson.Parse(doc)}
	object := v
	for _, each := range s.steps {
		names := []step{each}
		if m, ok := each.(members); ok {
			names = names[:0]
			for _, name := range m {
				names = append(names, members{name})
			}
		}
		for _, step := range names {
			if v = step.of(v); v.one.IsObject() {
				object = v
			}
		}
	}
	var keys []string
	if object.one.IsObject() {
		for key := range object.one.Keys() {
			if len(keys) == most {
				break
			}
			keys = append(keys, strings.Clone(key.Str))
		}
	}
	return keys
}

// step is one step of a selector: a name, or a pair of brackets.
type step interface {
	of(value) value // absent in, absent out
}

// members reads names, each in what the one before it gave.
type members []string // escaped for gjson

func (names members) of(v value) value {
	for _, name := range names {
		v = member(v, name)
	}
	return v
}

// member reads one name. Over a list it reads the name of each object, and
// flattens one level.
func member(v value, name string) value {
	elements := v.elements()
	if elements == nil {
		return value{one: field(v.one, name)}
	}
	return value{list: func(yield func(gjson.Result) bool) {
		for element := range elements {
			if r := field(element, name); r.Exists() && !spread(r, yield) {
				return
			}
		}
	}}
}

// field reads a member of an object. The type is asked first: gjson would look
// for an object inside a string.
func field(r gjson.Result, name string) gjson.Result {
	if !r.IsObject() {
		return gjson.Result{}
	}
	return gjson.Get(r.Raw, name)
}

// spread yields r, or the elements of r if it is an array.
func spread(r gjson.Result, yield func(gjson.Result) bool) bool {
	if !r.IsArray() {
		return yield(r)
	}
	for element := range r.Values() {
		if !yield(element) {
			return false
		}
	}
	return true
}

// index is [n].
type index int

func (n index) of(v value) value {
	if elements := v.elements(); elements != nil {
		at := 0
		for element := range elements {
			if at == int(n) {
				return value{one: element}
			}
			at++
		}
	}
	return value{}
}

// fromEnd is [last()-n].
type fromEnd int

func (n fromEnd) of(v value) value {
	elements := v.elements()
	if elements == nil {
		return value{}
	}
	length := 0
	for range elements {
		length++
	}
	return index(length - 1 - int(n)).of(v)
}

// every is [].
type every struct{}

func (every) of(v value) value {
	elements := v.elements()
	if elements == nil {
		return value{}
	}
	return value{list: func(yield func(gjson.Result) bool) {
		for element := range elements {
			if !spread(element, yield) {
				return
			}
		}
	}}
}

// where is [condition].
type where struct{ condition expression }

func (w where) of(v value) value {
	elements := v.elements()
	if elements == nil {
		return value{}
	}
	return value{list: func(yield func(gjson.Result) bool) {
		for element := range elements {
			if truth(w.condition(element)) && !yield(element) {
				return
			}
		}
	}}
}
