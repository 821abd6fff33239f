package documents

import (
	"errors"
	"fmt"

	"github.com/tidwall/gjson"
)

// patching is a document while a jsonPatch is applied to it.
type patching struct {
	document node
	copies   int64 // bytes that may still be copied
	values   int   // that may still be taken apart
}

func (p *patching) apply(o *operation) error {
	switch o.op {
	case "add":
		return p.add(o.path, &node{raw: o.value})
	case "remove":
		_, err := p.remove(o.path)
		return err
	case "replace":
		return p.replace(o.path, &node{raw: o.value})
	case "move":
		return p.move(o)
	case "copy":
		return p.copy(o)
	}
	return p.test(o)
}

func (p *patching) move(o *operation) error {
	if o.from.equal(o.path) { // RFC 6902 section 4.4: to where it is, which changes nothing
		_, err := p.at(o.from)
		return err
	}
	value, err := p.remove(o.from)
	if err != nil {
		return err
	}
	return p.add(o.path, value)
}

func (p *patching) copy(o *operation) error {
	source, err := p.at(o.from)
	if err != nil {
		return err
	}
	text := source.appendTo(nil)
	if p.copies -= int64(len(text)); p.copies < 0 {
		return errCopies
	}
	if _, reason := findExcess(text); reason != "" {
		return errors.New(reason)
	}
	return p.add(o.path, &node{raw: string(text)})
}

func (p *patching) test(o *operation) error {
	found, err := p.at(o.path)
	if err != nil {
		return err
	}
	same, err := p.equal(found, &node{raw: o.value})
	if err == nil && !same {
		err = errors.New("the value there is another one")
	}
	return err
}

// at returns the value that path leads to.
func (p *patching) at(path pointer) (*node, error) { return p.walk(path, false) }

// walk returns the value that path leads to. change: it is going to change, and
// so are those above it.
func (p *patching) walk(path pointer, change bool) (*node, error) {
	n := &p.document
	for i, name := range path {
		c, err := p.inside(n, path[:i])
		if err != nil {
			return nil, err
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

// inside returns what is in n, which is at path.
func (p *patching) inside(n *node, path pointer) (container, error) {
	c, err := p.open(n)
	if c == nil && err == nil {
		err = said(path, errScalar)
	}
	return c, err
}

// open returns what is in n, nil if nothing can be.
func (p *patching) open(n *node) (container, error) {
	if n.open != nil {
		return n.open, nil
	}
	switch v := gjson.Parse(n.raw); {
	case v.IsObject():
		n.open = openObject(v, &p.values)
	case v.IsArray():
		n.open = openArray(v, &p.values)
	}
	if p.values < 0 {
		return nil, errValues
	}
	return n.open, nil
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
func (p *patching) replace(path pointer, value *node) error {
	old, err := p.walk(path, true)
	if err != nil {
		return err
	}
	*old = *value
	return nil
}

// add puts value where path leads to: before an element of a list, or in the
// place of a member of an object, or as a new one.
func (p *patching) add(path pointer, value *node) error {
	if len(path) == 0 {
		p.document = *value
		return nil
	}
	return p.change(path, func(c container, name string) error { return c.add(name, value) })
}

// remove takes away what path leads to, and returns it.
func (p *patching) remove(path pointer) (old *node, err error) {
	if len(path) == 0 {
		return nil, errors.New("the whole document can't be taken away: DELETE it")
	}
	err = p.change(path, func(c container, name string) (err error) {
		old, err = c.remove(name)
		return err
	})
	return old, err
}

// change calls do with the container of what path leads to, and its name there.
func (p *patching) change(path pointer, do func(c container, name string) error) error {
	last := len(path) - 1
	parent, err := p.walk(path[:last], true)
	if err != nil {
		return err
	}
	c, err := p.inside(parent, path[:last])
	if err != nil {
		return err
	}
	parent.raw = ""
	if err := do(c, path[last]); err != nil {
		return said(path[:last], err)
	}
	return nil
}
