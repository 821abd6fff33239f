package expr

import (
	"slices"

	"github.com/tidwall/gjson"
)

// node is a value that a transform makes. What is only copied stays the JSON
// that it was, and is opened one level where a path goes into it.
type node struct {
	form form
	json string   // of a leaf: valid JSON
	keys []string // of an object: shared, so that only appending may change it
	kids []node   // of an object or a list
}

type form byte

const (
	absent form = iota // undefined
	leaf               // JSON
	object
	list
)

// leafOf is the node of a value: nil is undefined.
func leafOf(v Raw) node {
	if v == nil {
		return node{}
	}
	return node{form: leaf, json: view(v)}
}

// open makes a leaf that is an object or a list one of nodes.
func (n *node) open() {
	if n.form != leaf {
		return
	}
	v := gjson.Parse(n.json)
	switch {
	case v.IsObject():
		*n = node{form: object}
		v.ForEach(func(key, value gjson.Result) bool {
			n.keys = append(n.keys, key.Str)
			n.kids = append(n.kids, node{form: leaf, json: value.Raw})
			return true
		})
	case v.IsArray():
		*n = node{form: list}
		v.ForEach(func(_, value gjson.Result) bool {
			n.kids = append(n.kids, node{form: leaf, json: value.Raw})
			return true
		})
	}
}

// find returns the position of a member or an element, -1 if there is none.
func (n *node) find(name string) int {
	n.open()
	switch n.form {
	case object:
		return slices.Index(n.keys, name)
	case list:
		if i, ok := index(name); ok && i < len(n.kids) {
			return i
		}
	}
	return -1
}

// put sets a member or an element, or takes it away where value is absent. What
// has no members becomes an object.
func (n *node) put(name string, value node) error {
	at := n.find(name)
	switch {
	case at >= 0 && value.form == absent:
		n.kids = slices.Delete(n.kids, at, at+1)
		if n.form == object {
			n.keys = slices.Delete(slices.Clone(n.keys), at, at+1)
		}
	case at >= 0:
		n.kids[at] = value
	case value.form == absent:
	case n.form == list:
		return n.extend(name, value)
	default:
		if n.form != object {
			*n = node{form: object}
		}
		n.keys = append(n.keys, name)
		n.kids = append(n.kids, value)
	}
	return nil
}

// extend appends to a list: with null where elements are left out.
func (n *node) extend(name string, value node) error {
	i, ok := index(name)
	if !ok {
		return errNotIndex
	}
	if i > len(n.kids)+1000 {
		return errElements
	}
	for len(n.kids) < i {
		n.kids = append(n.kids, node{form: leaf, json: "null"})
	}
	n.kids = append(n.kids, value)
	return nil
}

// sweep takes away what became undefined.
func (n *node) sweep() {
	kept := 0
	if n.form == object {
		n.keys = slices.Clone(n.keys)
	}
	for i := range n.kids {
		if n.kids[i].form == absent {
			continue
		}
		n.kids[kept] = n.kids[i]
		if n.form == object {
			n.keys[kept] = n.keys[i]
		}
		kept++
	}
	n.kids = n.kids[:kept]
	if n.form == object {
		n.keys = n.keys[:kept]
	}
}

// append appends the JSON of n, at most most bytes in all.
func (n *node) append(dst []byte, most int) ([]byte, error) {
	var err error
	switch n.form {
	case leaf:
		if dst = append(dst, n.json...); len(dst) > most {
			return nil, errOutput
		}
		return dst, nil
	case object:
		dst = append(dst, '{')
	case list:
		dst = append(dst, '[')
	}
	for i := range n.kids {
		if i > 0 {
			dst = append(dst, ',')
		}
		if n.form == object {
			dst = append(appendString(dst, n.keys[i]), ':')
		}
		if dst, err = n.kids[i].append(dst, most); err != nil {
			return nil, err
		}
	}
	if n.form == object {
		return append(dst, '}'), nil
	}
	return append(dst, ']'), nil
}
