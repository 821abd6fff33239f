package expr

import (
	"math"
	"strconv"

	"github.com/dop251/goja"
	"github.com/tidwall/gjson"
)

// decode makes a value of the machine of JSON.
func (m *machine) decode(v gjson.Result, depth int) (goja.Value, error) {
	switch {
	case !v.Exists():
		return goja.Undefined(), nil
	case v.IsObject(), v.IsArray():
		return m.decodeNested(v, depth)
	case v.Type == gjson.String:
		return m.js.ToValue(v.Str), nil
	case v.Type == gjson.Number:
		if n := int64(v.Num); float64(n) == v.Num && n < 1<<53 && n > -1<<53 && (n != 0 || !math.Signbit(v.Num)) {
			return m.js.ToValue(n), nil
		}
		return m.js.ToValue(v.Num), nil
	case v.IsBool():
		return m.js.ToValue(v.Type == gjson.True), nil
	}
	return goja.Null(), nil
}

// decodeNested is decode for objects and lists. Members are defined, not set:
// their names may be those of what is frozen.
func (m *machine) decodeNested(v gjson.Result, depth int) (goja.Value, error) {
	if depth > maxNesting {
		return nil, errNested
	}
	var object *goja.Object
	var list []any
	isObject := v.IsObject()
	if isObject {
		object = m.js.NewObject()
	}
	var failed error
	n := 0
	v.ForEach(func(key, value gjson.Result) bool {
		if n++; n&0xff == 1 {
			if failed = m.late(); failed != nil {
				return false
			}
		}
		var member goja.Value
		if member, failed = m.decode(value, depth+1); failed != nil {
			return false
		}
		if !isObject {
			list = append(list, member)
			return true
		}
		failed = object.DefineDataProperty(key.Str, member, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_TRUE)
		return failed == nil
	})
	if isObject {
		return object, failed
	}
	return m.js.NewArray(list...), failed
}

// encoder writes values of a machine as JSON.
type encoder struct {
	*machine
	out     []byte
	charged int
	indent  int
}

// encode appends the JSON of v; false is undefined.
func (e *encoder) encode(v goja.Value, depth int) (bool, error) {
	switch {
	case v == nil || goja.IsUndefined(v):
		return false, nil
	case goja.IsNull(v):
		e.out = append(e.out, "null"...)
		return true, nil
	}
	switch v := v.(type) {
	case *goja.Object:
		return e.object(v, depth)
	case goja.String:
		text := v.String()
		if err := e.charge(int64(len(text))); err != nil {
			return false, err
		}
		e.charged += len(text) // what it is escaped to is charged with the next
		e.out = appendString(e.out, text)
		return true, nil
	}
	switch x := v.Export().(type) {
	case bool:
		e.out = strconv.AppendBool(e.out, x)
	case int64:
		e.out = strconv.AppendInt(e.out, x, 10)
	case float64:
		if math.IsNaN(x) || math.IsInf(x, 0) {
			e.out = append(e.out, "null"...)
		} else if x == 0 {
			e.out = append(e.out, '0')
		} else {
			e.out = append(e.out, v.String()...)
		}
	default:
		return false, nil
	}
	return true, nil
}

// charge takes from the budget what was written, and more that will be.
func (e *encoder) charge(more int64) error {
	n := int64(len(e.out)-e.charged) + more
	e.charged = len(e.out)
	if err := e.late(); err != nil {
		return err
	}
	return e.run.budget.takeBytes(n)
}

func (e *encoder) object(o *goja.Object, depth int) (bool, error) {
	if depth > maxNesting {
		return false, errNested
	}
	if err := e.charge(0); err != nil {
		return false, err
	}
	switch o.ClassName() {
	case "Array":
		return true, e.array(o, depth)
	case "Function":
		return false, nil
	case "Date":
		text, err := e.dateText(o)
		e.out = append(e.out, text...)
		return true, err
	}
	return true, e.members(o, depth)
}

func (e *encoder) array(o *goja.Object, depth int) error {
	n := int(o.Get("length").ToInteger())
	e.out = append(e.out, '[')
	for i := range n {
		if i > 0 {
			e.out = append(e.out, ',')
		}
		e.line(depth + 1)
		there, err := e.encode(o.Get(strconv.Itoa(i)), depth+1)
		if err == nil && !there {
			e.out = append(e.out, "null"...)
		}
		if err == nil && i&0xff == 0 {
			err = e.charge(0)
		}
		if err != nil {
			return err
		}
	}
	if n > 0 {
		e.line(depth)
	}
	e.out = append(e.out, ']')
	return nil
}

func (e *encoder) members(o *goja.Object, depth int) error {
	e.out = append(e.out, '{')
	first := true
	for _, key := range o.Keys() {
		before := len(e.out)
		if !first {
			e.out = append(e.out, ',')
		}
		e.line(depth + 1)
		e.out = append(appendString(e.out, key), ':')
		if e.indent > 0 {
			e.out = append(e.out, ' ')
		}
		there, err := e.encode(o.Get(key), depth+1)
		if err != nil {
			return err
		}
		if !there {
			e.out = e.out[:before]
			e.charged = min(e.charged, before)
			continue
		}
		first = false
	}
	if !first {
		e.line(depth)
	}
	e.out = append(e.out, '}')
	return nil
}

// line begins a line where the text is indented.
func (e *encoder) line(depth int) {
	if e.indent == 0 {
		return
	}
	e.out = append(e.out, '\n')
	for range depth * e.indent {
		e.out = append(e.out, ' ')
	}
}

// dateText is the JSON of a date: null where it is none.
func (e *encoder) dateText(o *goja.Object) (string, error) {
	if math.IsNaN(o.ToFloat()) {
		return "null", nil
	}
	iso, _ := goja.AssertFunction(o.Get("toISOString"))
	text, err := iso(o)
	if err != nil {
		return "", err
	}
	return `"` + text.String() + `"`, nil
}
