package documents

import (
	"bytes"
	"fmt"

	"github.com/go-json-experiment/json/jsontext"
)

// MergePatch applies a merge patch to a document, both JSON texts (RFC 7396).
// What the patch does not touch keeps its bytes, and members keep their order;
// new ones come last. The result is never larger than both together. The
// arguments are not changed; the result may share memory with patch.
func MergePatch(document, patch []byte) ([]byte, error) {
	p, err := parsePatch(jsontext.NewDecoder(bytes.NewBuffer(patch)))
	if err != nil {
		return nil, fmt.Errorf("patch: %w", err)
	}
	merge := merging{
		from: jsontext.NewDecoder(bytes.NewBuffer(document)),
		to:   make([]byte, 0, len(document)+len(patch)),
	}
	if err := merge.value(p); err != nil {
		return nil, fmt.Errorf("document: %w", err)
	}
	return merge.to, nil
}

// A patch is one value of a merge patch.
type patch struct {
	raw     []byte // of what is no object
	object  bool
	members []member
	index   map[string]int // of members, by name
}

type member struct {
	name  []byte // as it is written, with quotes
	value *patch
}

func (p *patch) isNull() bool { return len(p.raw) > 0 && p.raw[0] == 'n' }

// parsePatch reads the next value.
func parsePatch(from *jsontext.Decoder) (*patch, error) {
	if from.PeekKind() != '{' {
		raw, err := from.ReadValue()
		return &patch{raw: bytes.Clone(raw)}, err
	}
	if _, err := from.ReadToken(); err != nil {
		return nil, err
	}
	p := &patch{object: true, index: make(map[string]int)}
	for from.PeekKind() != '}' {
		name, text, err := readName(from)
		if err != nil {
			return nil, err
		}
		value, err := parsePatch(from)
		if err != nil {
			return nil, err
		}
		p.index[string(text)] = len(p.members)
		p.members = append(p.members, member{bytes.Clone(name), value})
	}
	_, err := from.ReadToken()
	return p, err
}

// readName reads the name of a member: as it is written, valid until the next
// read, and its text.
func readName(from *jsontext.Decoder) (name, text []byte, err error) {
	if name, err = from.ReadValue(); err != nil {
		return nil, nil, err
	}
	text, err = jsontext.AppendUnquote(nil, name)
	return name, text, err
}

// merging writes a document, read value by value, with patches applied.
type merging struct {
	from *jsontext.Decoder
	to   []byte
}

// value writes the next value of the document as p changes it.
func (m *merging) value(p *patch) error {
	switch {
	case !p.object:
		m.to = append(m.to, p.raw...)
		return m.from.SkipValue()
	case m.from.PeekKind() != '{':
		m.fresh(p)
		return m.from.SkipValue()
	}
	if _, err := m.from.ReadToken(); err != nil {
		return err
	}
	m.to = append(m.to, '{')
	start := len(m.to)
	there := make([]bool, len(p.members))
	for m.from.PeekKind() != '}' {
		if err := m.member(start, p, there); err != nil {
			return err
		}
	}
	for i, new := range p.members {
		if !there[i] {
			m.add(start, new)
		}
	}
	m.to = append(m.to, '}')
	_, err := m.from.ReadToken()
	return err
}

// member writes the next member of the document's object as p changes it, and
// notes in there which of p's members it was.
func (m *merging) member(start int, p *patch, there []bool) error {
	name, text, err := readName(m.from)
	if err != nil {
		return err
	}
	i, patched := p.index[string(text)]
	if !patched {
		m.name(start, name)
		return m.keep()
	}
	there[i] = true
	value := p.members[i].value
	if value.isNull() {
		return m.from.SkipValue()
	}
	m.name(start, name)
	return m.value(value)
}

// keep writes the next value of the document as it is.
func (m *merging) keep() error {
	raw, err := m.from.ReadValue()
	m.to = append(m.to, raw...)
	return err
}

// fresh writes what p makes of nothing: its object without nulls.
func (m *merging) fresh(p *patch) {
	if !p.object {
		m.to = append(m.to, p.raw...)
		return
	}
	m.to = append(m.to, '{')
	start := len(m.to)
	for _, new := range p.members {
		m.add(start, new)
	}
	m.to = append(m.to, '}')
}

// add writes a member that the document has not.
func (m *merging) add(start int, new member) {
	if !new.value.isNull() {
		m.name(start, new.name)
		m.fresh(new.value)
	}
}

// name begins a member of the object whose members begin at start.
func (m *merging) name(start int, name []byte) {
	if len(m.to) > start {
		m.to = append(m.to, ',')
	}
	m.to = append(append(m.to, name...), ':')
}
