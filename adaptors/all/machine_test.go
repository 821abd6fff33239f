package all_test

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/bus"
)

// driven is a store that the machine drives.
type driven struct {
	name  string
	empty func() string                                   // another place for contents; nil: the store forgets them
	open  func(t *testing.T, place string) adaptors.Store // one with the contents of the place

	*adaptors.Keep
	store adaptors.Store
	place string
	tags  map[string]bool // key and ETag of all that was ever written
}

// begin opens the store anew, without contents.
func (d *driven) begin(t *testing.T) {
	d.tags = make(map[string]bool)
	if d.empty != nil {
		d.place = d.empty()
	}
	d.openPlace(t)
}

// openPlace opens the store with the contents that it has.
func (d *driven) openPlace(t *testing.T) {
	d.store = d.open(t, d.place)
	d.Keep = adaptors.NewKeep(d.store, 0)
}

func (d *driven) close(t *testing.T) {
	if c, ok := d.store.(io.Closer); ok {
		require.NoError(t, c.Close(), d.name)
	}
}

// version is one content that a key has had.
type version struct {
	content string
	facts   []adaptors.Info // what each store said of it
}

// machine does the same to all its stores, and knows what they should answer:
// what a map would.
type machine struct {
	t         *testing.T
	stores    []*driven
	conflicts bool // whether they see that a key is the prefix of another
	longest   int  // bytes of a name
	names     []string
	documents map[string]*version // by the text of the key
	keys      map[string]adaptors.Key
	older     []*version // all that ever were
}

// run has a machine do random steps with stores that are empty.
func (m *machine) run(t *rapid.T) {
	m.names = drawNames(t, m.longest)
	m.documents, m.keys, m.older = make(map[string]*version), make(map[string]adaptors.Key), nil
	for _, s := range m.stores {
		s.begin(m.t)
		defer s.close(m.t)
	}
	t.Repeat(map[string]func(*rapid.T){
		"put":       m.put,
		"put again": m.put, // twice as often
		"delete":    m.delete,
		"get":       m.get,
		"list":      m.list,
		"pages":     m.pages,
		"reopen":    m.reopen,
	})
	m.walk(t, nil)
}

func (m *machine) put(t *rapid.T) {
	key, c, b := m.drawKey(t), m.drawCondition(t), drawContent(t)
	faults := m.faults(key, c, b.fault)
	if slices.Contains(faults, fs.ErrExist) && !m.conflicts {
		t.Skip("only some stores see it")
	}
	current, wrote := m.documents[key.String()], &version{content: b.content}
	for i, s := range m.stores {
		ctx, cancel := b.context()
		info, err := s.Put(ctx, key, b.body(), m.condition(c, i, current))
		cancel()
		assertFault(t, err, faults, "%s: put %q, %+v, %s", s.name, key, c, b.kind)
		if err != nil {
			continue
		}
		require.Equal(t, current == nil, info.Created, "%s: put %q: created", s.name, key)
		tag := key.String() + " " + info.ETag
		require.False(t, s.tags[tag], "%s: put %q: the ETag %s was there before", s.name, key, info.ETag)
		s.tags[tag] = true
		info.Created = false
		wrote.facts = append(wrote.facts, info)
	}
	if len(faults) == 0 {
		m.documents[key.String()], m.keys[key.String()] = wrote, key
		m.older = append(m.older, wrote)
	}
	m.see(t, key)
}

func (m *machine) delete(t *rapid.T) {
	key, c := m.drawKey(t), m.drawCondition(t)
	faults := m.faults(key, c, nil)
	current := m.documents[key.String()]
	if current == nil && key.Check() == nil {
		faults = []error{fs.ErrNotExist}
		if !m.holds(c, current) {
			faults = append(faults, adaptors.ErrCondition)
		}
	}
	for i, s := range m.stores {
		err := s.Delete(context.Background(), key, m.condition(c, i, current))
		assertFault(t, err, faults, "%s: delete %q, %+v", s.name, key, c)
	}
	if len(faults) == 0 {
		delete(m.documents, key.String())
		delete(m.keys, key.String())
	}
	m.see(t, key)
}

// faults are the errors that a Put may have; none is that it must be done.
func (m *machine) faults(key adaptors.Key, c condition, body error) (faults []error) {
	if len(key) == 0 || key.Check() != nil {
		return []error{adaptors.ErrKey}
	}
	if m.blocked(key) {
		faults = append(faults, fs.ErrExist)
	}
	if !m.holds(c, m.documents[key.String()]) {
		faults = append(faults, adaptors.ErrCondition)
	}
	if body != nil {
		faults = append(faults, body)
	}
	return faults
}

// blocked reports whether a directory is where the key would be, or a document
// where a directory of it would.
func (m *machine) blocked(key adaptors.Key) bool {
	for _, k := range m.keys {
		n := min(len(k), len(key))
		if len(k) != len(key) && slices.Equal(k[:n], key[:n]) {
			return true
		}
	}
	return false
}

func (m *machine) get(t *rapid.T) {
	key := m.drawKey(t)
	if v := m.documents[key.String()]; v != nil {
		m.getRange(t, key, v)
	} else {
		m.see(t, key)
	}
}

// getRange gets a part of a document.
func (m *machine) getRange(t *rapid.T, key adaptors.Key, v *version) {
	r := drawRange(t, len(v.content))
	want, exists := part(v.content, r)
	for i, s := range m.stores {
		body, info, err := s.Get(context.Background(), key, adaptors.GetOptions{Range: &r})
		require.Equal(t, v.facts[i].ETag, info.ETag, "%s: get %q, %+v", s.name, key, r)
		require.Equal(t, v.facts[i].Size, info.Size, "%s: get %q, %+v", s.name, key, r)
		if !exists {
			require.ErrorIs(t, err, adaptors.ErrRange, "%s: get %q, %+v", s.name, key, r)
			continue
		}
		require.NoError(t, err, "%s: get %q, %+v", s.name, key, r)
		assertContent(t, want, body, "%s: get %q, %+v", s.name, key, r)
	}
}

// part returns the part of a content that a range is; exists is false where
// there is none.
func part(content string, r adaptors.Range) (part string, exists bool) {
	size := int64(len(content))
	if r.First < 0 {
		r = adaptors.Range{First: max(0, size-r.Last), Last: -1}
	}
	if r.Last < 0 || r.Last >= size {
		r.Last = size - 1
	}
	if r.First > r.Last {
		return "", false
	}
	return content[r.First : r.Last+1], true
}

// see looks at a key in all stores.
func (m *machine) see(t *rapid.T, key adaptors.Key) {
	v := m.documents[key.String()]
	for i, s := range m.stores {
		body, info, err := s.Get(context.Background(), key, adaptors.GetOptions{})
		_, meta, same := s.Get(context.Background(), key, adaptors.GetOptions{Meta: true})
		switch {
		case len(key) == 0 || key.Check() != nil:
			require.ErrorIs(t, err, adaptors.ErrKey, "%s: get %q", s.name, key)
			require.ErrorIs(t, same, adaptors.ErrKey, "%s: facts of %q", s.name, key)
		case v == nil:
			require.ErrorIs(t, err, fs.ErrNotExist, "%s: get %q", s.name, key)
			require.ErrorIs(t, same, fs.ErrNotExist, "%s: facts of %q", s.name, key)
		default:
			require.NoError(t, errors.Join(err, same), "%s: get %q", s.name, key)
			assertContent(t, v.content, body, "%s: get %q", s.name, key)
			assertFacts(t, v.facts[i], info, "%s: get %q", s.name, key)
			assertFacts(t, v.facts[i], meta, "%s: facts of %q", s.name, key)
		}
	}
}

// reopen closes all stores that keep their contents, and opens them again.
func (m *machine) reopen(t *rapid.T) {
	for _, s := range m.stores {
		if s.empty != nil {
			s.close(m.t)
			s.openPlace(m.t)
		}
	}
	for _, text := range slices.Sorted(maps.Keys(m.keys)) {
		m.see(t, m.keys[text])
	}
}

// assertFault holds err to be one of the faults, and nil if there is none.
func assertFault(t *rapid.T, err error, faults []error, what string, args ...any) {
	t.Helper()
	if len(faults) == 0 {
		require.NoErrorf(t, err, what, args...)
		return
	}
	is := func(fault error) bool { return errors.Is(err, fault) }
	require.Truef(t, slices.ContainsFunc(faults, is), what+": the error is %v, and should be one of %v", append(args, err, faults)...)
}

func assertContent(t *rapid.T, want string, b *bus.Body, what string, args ...any) {
	t.Helper()
	require.EqualValuesf(t, len(want), b.Size(), what+": the size of the body", args...)
	data, err := b.Bytes(maxContent)
	require.NoErrorf(t, err, what, args...)
	require.NoErrorf(t, b.Close(), what, args...)
	if string(data) != want {
		require.Failf(t, "other content", what+": %d bytes %.20q, want %d bytes %.20q", append(args, len(data), data, len(want), want)...)
	}
}

func assertFacts(t *rapid.T, want, got adaptors.Info, what string, args ...any) {
	t.Helper()
	require.Truef(t, want.ModTime.Equal(got.ModTime), what+": the time is %v, want %v", append(args, got.ModTime, want.ModTime)...)
	got.ModTime = want.ModTime
	require.Equalf(t, want, got, what, args...)
}
