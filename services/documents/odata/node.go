package odata

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/tidwall/gjson"
)

// A node is a part of an expression. It is immutable.
type node interface {
	eval(doc gjson.Result) value

	// gives returns the class of all its values but null; anything where that
	// is not known.
	gives() class
}

// literal is a value that the query says.
type literal struct{ value }

func (n literal) eval(gjson.Result) value { return n.value }
func (n literal) gives() class            { return n.class }

// member reads a value of the document: names that lead through objects,
// escaped for gjson.
type member []string

func (n member) eval(doc gjson.Result) value {
	for _, name := range n {
		if !doc.IsObject() { // gjson would look into a list, or a text
			return value{}
		}
		doc = gjson.Get(doc.Raw, name)
	}
	return valueOf(doc)
}

func (n member) gives() class { return anything }

// comparison is one of eq, ne, gt, ge, lt, le.
type comparison struct {
	operator string
	a, b     node
}

func (n *comparison) eval(doc gjson.Result) value {
	a, b := n.a.eval(doc), n.b.eval(doc)
	order, ok := compare(a, b)
	switch n.operator {
	case "eq":
		return truth(ok && order == 0)
	case "ne":
		return truth(!ok || order != 0)
	}
	if !ok || a.class == null {
		return truth(false)
	}
	switch n.operator {
	case "gt":
		return truth(order > 0)
	case "ge":
		return truth(order >= 0)
	case "lt":
		return truth(order < 0)
	}
	return truth(order <= 0)
}

func (n *comparison) gives() class { return boolean }

// among is in.
type among struct {
	node
	list []value
}

func (n *among) eval(doc gjson.Result) value {
	v := n.node.eval(doc)
	for _, each := range n.list {
		if order, ok := compare(v, each); ok && order == 0 {
			return truth(true)
		}
	}
	return truth(false)
}

func (n *among) gives() class { return boolean }

// logic is and, or the operator or. A side that is early decides it alone.
type logic struct {
	early bool // true of or, false of and
	a, b  node
}

func (n *logic) eval(doc gjson.Result) value {
	a := n.a.eval(doc)
	if n.decides(a) {
		return a
	}
	b := n.b.eval(doc)
	switch {
	case n.decides(b):
		return b
	case a.class != boolean || b.class != boolean:
		return value{}
	}
	return b
}

func (n *logic) decides(v value) bool {
	if n.early {
		return v.isTrue()
	}
	return v.isFalse()
}

func (n *logic) gives() class { return boolean }

// negation is not.
type negation struct{ node }

func (n negation) eval(doc gjson.Result) value {
	v := n.node.eval(doc)
	if v.class != boolean {
		return value{}
	}
	return truth(v.isFalse())
}

func (n negation) gives() class { return boolean }

// call is a function of texts.
type call struct {
	function string
	args     []node // one or two
}

func (n *call) eval(doc gjson.Result) value {
	a := n.args[0].eval(doc)
	if a.class != text {
		return value{}
	}
	switch n.function {
	case "tolower":
		return value{class: text, text: strings.ToLower(a.text)}
	case "length":
		count := utf8.RuneCountInString(a.text)
		return value{class: number, number: float64(count), text: strconv.Itoa(count)}
	}
	b := n.args[1].eval(doc)
	if b.class != text {
		return value{}
	}
	switch n.function {
	case "startswith":
		return truth(strings.HasPrefix(a.text, b.text))
	case "endswith":
		return truth(strings.HasSuffix(a.text, b.text))
	}
	return truth(strings.Contains(a.text, b.text))
}

func (n *call) gives() class {
	switch n.function {
	case "tolower":
		return text
	case "length":
		return number
	}
	return boolean
}

// arity returns how many arguments a function takes; 0 is no function.
func arity(function string) int {
	switch function {
	case "tolower", "length":
		return 1
	case "startswith", "endswith", "contains":
		return 2
	}
	return 0
}
