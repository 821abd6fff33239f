package all_test

import (
	"context"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"pgregory.net/rapid"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/bus"
)

// alike returns groups of names that a careless store mixes up, or sorts in
// another order. The longest take as many bytes when they are stored. No name
// ends with a slash: List takes that for a directory's.
func alike(longest int) [][]string {
	return [][]string{
		{"a", "b", "c.json"},
		{"a", "a-b", "a.b", "a0", "a/b", "a%2Fb", "a b", "A"},
		{"README", "readme", "Readme", "i", "I", "İ", "ı"},
		{"\u00e9", "e\u0301", "\u212b", "\u00c5", "A\u030a", "\ufb01", "fi"},
		{".", "..", "...", "%2E", ".a", "a.", "a..", "a"},
		{".tmp", ".lock", ".sgwtmp", "~", "../a", "a/../b", `b\c`},
		{" ", "  ", " a", "a ", "a%20", "+", "a+"},
		{"%", "%%", "%25", "%2F", "%2f", "%00", "\x00", "\x01"},
		{"a\nb", "a\tb", "\x7f", "\u0085", "\u202e", "\ufffd", "\U0010ffff", "🙂"},
		{strings.Repeat("b", longest-1) + "c", strings.Repeat("b", longest-1) + "d", strings.Repeat("%", longest/3), strings.Repeat("é", longest/2)},
		{"con", "nul.txt", "a:b", "a*b", "a?b", "<a>", `"a"`, "#", "&", "-rf"},
	}
}

// refused are names that can't be stored.
var refused = []string{"", "\xff", strings.Repeat("a", 256), strings.Repeat("%", 86)}

// drawNames draws the names that keys are made of: few, so that keys meet.
func drawNames(t *rapid.T, longest int) []string {
	groups := rapid.SliceOfNDistinct(rapid.SampledFrom(alike(longest)), 1, 2, func(g []string) string { return g[0] + g[1] }).Draw(t, "names")
	names := slices.Concat(groups...)
	slices.Sort(names)
	return slices.Compact(names)
}

// drawKey draws a key; about half of the time one of a document.
func (m *machine) drawKey(t *rapid.T) adaptors.Key {
	if len(m.keys) > 0 && rapid.Bool().Draw(t, "known") {
		text := rapid.SampledFrom(slices.Sorted(maps.Keys(m.keys))).Draw(t, "key")
		return m.keys[text]
	}
	key := adaptors.Key(rapid.SliceOfN(rapid.SampledFrom(m.names), 1, 3).Draw(t, "new key"))
	if rapid.IntRange(0, 19).Draw(t, "bad key") == 19 {
		key[len(key)-1] = rapid.SampledFrom(refused).Draw(t, "bad name")
	}
	return key
}

// condition is an adaptors.Condition with versions in place of ETags.
type condition struct {
	exists, absent    bool
	match, noneMatch  []*version // nil in a list: an ETag that nothing ever had
	matches           bool       // that there is a list match, which may be empty
	unmodified, since int        // hours after the current version; looked at if since is not 0
}

func (m *machine) drawCondition(t *rapid.T) condition {
	var c condition
	switch rapid.IntRange(0, 9).Draw(t, "condition") {
	case 4:
		c.exists = true
	case 5:
		c.absent = true
	case 6:
		c.match, c.matches = m.drawVersions(t), true
	case 7:
		c.noneMatch = m.drawVersions(t)
	case 8:
		c.since, c.unmodified = 1, rapid.SampledFrom([]int{0, -1}).Draw(t, "hours")
	case 9:
		c.match, c.matches = m.drawVersions(t), true
		c.noneMatch = m.drawVersions(t)
		c.absent = rapid.Bool().Draw(t, "absent")
	}
	return c
}

// drawVersions draws up to three versions, of any key. Those that are there now
// are as likely as all others.
func (m *machine) drawVersions(t *rapid.T) []*version {
	var now []*version
	for _, text := range slices.Sorted(maps.Keys(m.documents)) {
		now = append(now, m.documents[text])
	}
	list := []*version{}
	for range rapid.IntRange(0, 3).Draw(t, "versions") {
		from := append([]*version{nil}, m.older...)
		if len(now) > 0 && rapid.Bool().Draw(t, "now") {
			from = now
		}
		list = append(list, from[rapid.IntRange(0, len(from)-1).Draw(t, "version")])
	}
	return list
}

// holds reports whether c holds where v is; nil is nothing.
func (m *machine) holds(c condition, v *version) bool {
	if v == nil {
		return !c.exists && !c.matches && c.since == 0
	}
	if c.absent || c.matches && !slices.Contains(c.match, v) || slices.Contains(c.noneMatch, v) {
		return false
	}
	return c.matches || c.exists || c.since == 0 || c.unmodified >= 0
}

// condition returns c as a store is told it, where v is.
func (m *machine) condition(c condition, store int, v *version) adaptors.Condition {
	told := adaptors.Condition{Exists: c.exists, Absent: c.absent, NoneMatch: tags(c.noneMatch, store)}
	if c.matches {
		told.Match = tags(c.match, store)
	}
	if c.since != 0 {
		told.Unmodified = time.Now()
		if v != nil {
			told.Unmodified = v.facts[store].ModTime.Add(time.Duration(c.unmodified) * time.Hour)
		}
	}
	return told
}

func tags(versions []*version, store int) []string {
	list := []string{}
	for _, v := range versions {
		if v == nil {
			list = append(list, "nobody-has-this")
		} else {
			list = append(list, v.facts[store].ETag)
		}
	}
	return list
}

// maxContent is more than any content has.
const maxContent = 1 << 20

// content is what a Put stores, and the way it comes.
type content struct {
	content string
	kind    string // "bytes", "stream", "stream of unknown size", "short stream", "cancelled"
	fault   error  // what comes of it
}

func drawContent(t *rapid.T) content {
	c := content{kind: "bytes"}
	size := rapid.SampledFrom([]int{1, 0, 10, 100, 4096, 1<<16 - 1, 1<<16 + 1}).Draw(t, "size")
	c.content = strings.Repeat(rapid.SampledFrom([]string{"x", "y", "z"}).Draw(t, "letter"), size)
	switch rapid.IntRange(0, 11).Draw(t, "kind") {
	case 7, 8:
		c.kind = "stream"
	case 9:
		c.kind = "stream of unknown size"
	case 10:
		c.kind, c.fault = "short stream", io.ErrUnexpectedEOF
	case 11:
		c.kind, c.fault = "cancelled", context.Canceled
	}
	return c
}

// body returns it anew for each store.
func (c *content) body() *bus.Body {
	stream, size := io.NopCloser(strings.NewReader(c.content)), int64(len(c.content))
	switch c.kind {
	case "stream":
		return bus.NewStream(stream, size, "")
	case "stream of unknown size":
		return bus.NewStream(stream, -1, "")
	case "short stream":
		return bus.NewStream(stream, size+1, "")
	}
	return bus.NewBody([]byte(c.content), "")
}

func (c *content) context() (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.Background())
	if c.fault == context.Canceled {
		cancel()
	}
	return ctx, cancel
}

// drawRange draws a range around the ends of size bytes.
func drawRange(t *rapid.T, size int) adaptors.Range {
	number := rapid.SampledFrom([]int64{-1, 0, 1, int64(size) / 2, int64(size) - 1, int64(size), int64(size) + 1})
	r := adaptors.Range{First: max(-1, number.Draw(t, "first")), Last: number.Draw(t, "last")}
	switch {
	case r.First < 0:
		r.Last = max(0, r.Last)
	case r.Last < r.First:
		r.Last = -1
	}
	return r
}
