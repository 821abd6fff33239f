package expr

import (
	"errors"
	"fmt"
	"math"

	"github.com/dop251/goja"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/tidwall/gjson"

	"github.com/seed90475182/restspace/urlpattern"
)

// host is what machine.js asks of Go.
func (m *machine) host() *goja.Object {
	h := m.js.NewObject()
	for name, function := range map[string]func(goja.FunctionCall) goja.Value{
		"bytes":     m.chargeBytes,
		"counted":   m.counted,
		"elements":  m.chargeElements,
		"left":      func(goja.FunctionCall) goja.Value { return m.js.ToValue(m.run.budget.elements) },
		"find":      m.find,
		"findAll":   m.findAll,
		"parse":     m.parseJSON,
		"stringify": m.stringify,
		"path":      m.path,
		"pattern": func(c goja.FunctionCall) goja.Value {
			m.pattern(c.Argument(0).String(), c.Argument(1).String())
			return goja.Undefined()
		},
		"pathPattern": m.pathPattern,
		"transform":   m.transform,
		"formatDate": func(c goja.FunctionCall) goja.Value {
			return m.formatDate(c.Argument(0).ToFloat(), c.Argument(1).String())
		},
		"canonicalise": m.canonicalise,
		"normalize":    m.normalize,
		"split":        m.split,
		"stripHtml":    m.stripHTML,
		"uuid":         func(goja.FunctionCall) goja.Value { return m.js.ToValue(newUUID()) },
	} {
		_ = h.Set(name, function)
	}
	return h
}

// must returns v, or throws err.
func (m *machine) must(v goja.Value, err error) goja.Value {
	if err != nil {
		m.fail(err)
	}
	return v
}

// fail throws err: nothing in an expression can catch it.
func (m *machine) fail(err error) { panic(m.js.NewGoError(err)) }

func (m *machine) chargeBytes(c goja.FunctionCall) goja.Value {
	return m.charged(c.Argument(0), m.run.budget.takeBytes)
}

// counted charges what a + has made, if it is text, and returns it.
func (m *machine) counted(c goja.FunctionCall) goja.Value {
	made := c.Argument(0)
	if s, ok := made.(goja.String); ok {
		if err := m.run.budget.takeBytes(int64(s.Length())); err != nil {
			m.fail(err)
		}
	}
	return made
}

func (m *machine) chargeElements(c goja.FunctionCall) goja.Value {
	return m.charged(c.Argument(0), m.run.budget.takeElements)
}

func (m *machine) charged(n goja.Value, take func(int64) error) goja.Value {
	size := n.ToFloat()
	if !(size <= math.MaxInt32) { // also for what is no number
		size = -1
	}
	if err := take(int64(size)); err != nil {
		m.fail(err)
	}
	return goja.Undefined()
}

// parseJSON is JSON.parse.
func (m *machine) parseJSON(c goja.FunctionCall) goja.Value {
	text := c.Argument(0).String()
	if err := m.run.budget.takeBytes(int64(len(text))); err != nil {
		m.fail(err)
	}
	if !jsontext.Value(text).IsValid() {
		m.fail(fmt.Errorf("the text is no JSON"))
	}
	return m.must(m.decode(gjson.Parse(text), 0))
}

// stringify is JSON.stringify.
func (m *machine) stringify(c goja.FunctionCall) goja.Value {
	e := encoder{machine: m, indent: int(min(max(c.Argument(1).ToInteger(), 0), 10))}
	there, err := e.encode(c.Argument(0), 0)
	if err != nil {
		m.fail(err)
	}
	if !there {
		return goja.Undefined()
	}
	return m.js.ToValue(string(e.out))
}

// json is the JSON of a value, "" for undefined.
func (m *machine) json(v goja.Value) []byte {
	e := encoder{machine: m}
	there, err := e.encode(v, 0)
	if err != nil {
		m.fail(err)
	}
	if !there {
		return nil
	}
	return e.out
}

// short is a text that is parsed: no longer than an expression.
func (m *machine) short(v goja.Value) string {
	text := v.String()
	if len(text) > maxSource {
		m.fail(errors.New("a selector or a pattern over 8 KiB: write a shorter one"))
	}
	return text
}

// inputOr is the JSON of an argument, and of the input where that is not given.
func (m *machine) inputOr(c goja.FunctionCall, at int) []byte {
	if at >= len(c.Arguments) {
		return raw(m.frame.input)
	}
	return m.json(c.Argument(at))
}

// path reads a selector from a value.
func (m *machine) path(c goja.FunctionCall) goja.Value {
	source := m.short(c.Argument(0))
	selector, err := urlpattern.ParseSelector(source)
	if err != nil {
		m.fail(fmt.Errorf("path(%q): %w", source, err))
	}
	found, ok := selector.Raw(m.inputOr(c, 1))
	if !ok {
		return goja.Undefined()
	}
	return m.must(m.decode(gjson.ParseBytes(found), 0))
}

// pathPattern expands a URL pattern: one text, or a list of them.
func (m *machine) pathPattern(c goja.FunctionCall) goja.Value {
	source := m.short(c.Argument(0))
	pattern, err := urlpattern.ParseText(source)
	if err != nil {
		m.fail(fmt.Errorf("pathPattern(%q): %w", source, err))
	}
	var values urlpattern.Values
	if given := m.frame.scope.Pattern; given != nil {
		values = *given
	}
	values.Body = m.inputOr(c, 3)
	values.Var = m.frame.variable
	if text := c.Argument(2).String(); text != "" {
		url, err := urlpattern.ParseURL(text)
		if err != nil {
			m.fail(fmt.Errorf("pathPattern: %w", err))
		}
		values.URL = &url
	}
	texts, err := pattern.Text(&values, c.Argument(1).ToBoolean())
	if err != nil {
		m.fail(fmt.Errorf("pathPattern(%q): %w", source, err))
	}
	if len(texts) == 1 {
		return m.js.ToValue(texts[0])
	}
	list := make([]any, len(texts))
	for i, text := range texts {
		list[i] = text
	}
	return m.js.NewArray(list...)
}

// transform applies a transform of the expression to an element.
func (m *machine) transform(c goja.FunctionCall) goja.Value {
	t := m.code.applied[c.Argument(1).ToInteger()]
	inside := m.frame.within(gjson.ParseBytes(m.json(c.Argument(0))))
	out, err := t.apply(m.run, inside)
	if err != nil {
		m.fail(err)
	}
	return m.must(m.decode(gjson.ParseBytes(out), 0))
}
