package documents

import (
	"errors"
	"fmt"

	"github.com/tidwall/gjson"
)

// A node is a value of a document that is being patched. It is taken apart
// only where a pointer leads through it, and written as it was unless something
// inside has changed.
type node struct {
	raw  string    // JSON text; "" once something inside has changed
	open container // what is in it, once that was asked for
}

// container returns what is in the value, nil if nothing can be.
func (n *node) container() container {
	if n.open == nil {
		switch v := gjson.Parse(n.raw); {
		case v.IsObject():
			n.open = openObject(v)
		case v.IsArray():
			n.open = openArray(v)
		}
	}
	return n.open
}

func (n *node) appendTo(to []byte) []byte {
	if n.raw != "" {
		return append(to, n.raw...)
	}
	return n.open.appendTo(to)
}

// at returns the value that path leads to.
func (n *node) at(path pointer) (*node, error) { return n.walk(path, false) }

// walk returns the value that path leads to. change: it is going to change, and
// so are those above it.
func (n *node) walk(path pointer, change bool) (*node, error) {
	for i, name := range path {
		c := n.container()
		if c == nil {
			return nil, said(path[:i], errScalar)
		}
		if change {
			n.raw = ""
		}
		next, err := c.get(name)
		if err != nil {
			return nil, said(path[:i], err)
		}
		n = next
	}
	return n, nil
}

var errScalar = errors.New("is neither an object nor a list")

// said returns the error that err says of what is at path.
func said(path pointer, err error) error {
	if len(path) == 0 {
		return fmt.Errorf("the document %w", err)
	}
	return fmt.Errorf("%s %w", path, err)
}

// replace puts value in the place of what path leads to.
func (n *node) replace(path pointer, value *node) error {
	old, err := n.walk(path, true)
	if err != nil {
		return err
	}
	*old = *value
	return nil
}

// add puts value where path leads to: before an element of a list, or in the
// place of a member of an object, or as a new one.
func (n *node) add(path pointer, value *node) error {
	if len(path) == 0 {
		*n = *value
		return nil
	}
	return n.change(path, func(c container, name string) error { return c.add(name, value) })
}

// remove takes away what path leads to, and returns it.
func (n *node) remove(path pointer) (old *node, err error) {
	if len(path) == 0 {
		return nil, errors.New("the whole document can't be taken away: DELETE it")
	}
	err = n.change(path, func(c container, name string) (err error) {
		old, err = c.remove(name)
		return err
	})
	return old, err
}

// change calls do with the container of what path leads to, and its name there.
func (n *node) change(path pointer, do func(c container, name string) error) error {
	last := len(path) - 1
	parent, err := n.walk(path[:last], true)
	if err != nil {
		return err
	}
	c := parent.container()
	if c == nil {
		return said(path[:last], errScalar)
	}
	parent.raw = ""
	if err := do(c, path[last]); err != nil {
		return said(path[:last], err)
	}
	return nil
}
