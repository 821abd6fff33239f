package all_test

import (
	"context"
	"slices"
	"strings"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/seed90475182/restspace/adaptors"
)

// list lists a directory from a name on, which may be there or not.
func (m *machine) list(t *rapid.T) {
	dir := m.drawKey(t)
	dir = dir[:rapid.IntRange(0, len(dir)).Draw(t, "depth")]
	after := rapid.SampledFrom(append([]string{""}, m.names...)).Draw(t, "after")
	if after != "" && rapid.Bool().Draw(t, "after a directory") {
		after += "/"
	}
	m.assertListed(t, dir, after)
}

// pages lists a directory page by page.
func (m *machine) pages(t *rapid.T) {
	dir := m.drawKey(t)
	dir = dir[:rapid.IntRange(0, len(dir)).Draw(t, "depth")]
	if dir.Check() != nil {
		t.Skip("list has it")
	}
	want, size := m.entries(dir, ""), rapid.IntRange(1, 4).Draw(t, "page")
	for _, s := range m.stores {
		found, page := []string{}, []string{""}
		for len(page) > 0 {
			page = s.page(t, dir, page[len(page)-1], size)
			found = append(found, page...)
			require.LessOrEqual(t, len(found), len(want)+size, "%s: pages of %q: %q, want %q", s.name, dir, found, want)
		}
		require.Equal(t, want, found, "%s: pages of %q", s.name, dir)
	}
}

func (d *driven) page(t *rapid.T, dir adaptors.Key, after string, size int) (names []string) {
	for info, err := range d.List(context.Background(), dir, adaptors.ListOptions{After: after, Page: size}) {
		require.NoError(t, err, "%s: list %q after %q", d.name, dir, after)
		if names = append(names, shown(info)); len(names) == size {
			break
		}
	}
	return names
}

// walk looks at all that is there.
func (m *machine) walk(t *rapid.T, dir adaptors.Key) {
	m.assertListed(t, dir, "")
	for _, name := range m.entries(dir, "") {
		if below, isDir := strings.CutSuffix(name, "/"); isDir && m.hasDir(dir, below) {
			m.walk(t, append(slices.Clone(dir), below))
		} else {
			m.see(t, append(slices.Clone(dir), name))
		}
	}
}

// assertListed holds the listing of a directory to be right in all stores.
func (m *machine) assertListed(t *rapid.T, dir adaptors.Key, after string) {
	t.Helper()
	for i, s := range m.stores {
		found := []string{}
		var failed error
		for info, err := range s.List(context.Background(), dir, adaptors.ListOptions{After: after}) {
			if err != nil {
				failed = err
				break
			}
			found = append(found, shown(info))
			if info.Dir {
				continue
			}
			v := m.documents[append(slices.Clone(dir), info.Name).String()]
			require.NotNil(t, v, "%s: list %q: %q", s.name, dir, info.Name)
			require.Contains(t, []string{v.facts[i].ETag, ""}, info.ETag, "%s: list %q: %q", s.name, dir, info.Name)
			require.Contains(t, []int64{v.facts[i].Size, -1}, info.Size, "%s: list %q: %q", s.name, dir, info.Name)
		}
		if dir.Check() != nil {
			require.ErrorIs(t, failed, adaptors.ErrKey, "%s: list %q", s.name, dir)
			continue
		}
		require.NoError(t, failed, "%s: list %q after %q", s.name, dir, after)
		require.Equal(t, m.entries(dir, after), found, "%s: list %q after %q", s.name, dir, after)
	}
}

// entries returns what the listing of a directory should be.
func (m *machine) entries(dir adaptors.Key, after string) []string {
	names := []string{}
	for _, key := range m.keys {
		if len(key) <= len(dir) || !slices.Equal(key[:len(dir)], dir) {
			continue
		}
		name := key[len(dir)]
		if len(key) > len(dir)+1 {
			name += "/"
		}
		if adaptors.Position(name) > adaptors.Position(after) {
			names = append(names, name)
		}
	}
	slices.SortFunc(names, func(a, b string) int { return strings.Compare(adaptors.Position(a), adaptors.Position(b)) })
	return slices.Compact(names)
}

func (m *machine) hasDir(dir adaptors.Key, name string) bool {
	return len(m.entries(append(slices.Clone(dir), name), "")) > 0
}

func shown(info adaptors.Info) string {
	if info.Dir {
		return info.Name + "/"
	}
	return info.Name
}
