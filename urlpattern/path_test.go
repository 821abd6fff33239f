package urlpattern

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestParsePath(t *testing.T) {
	tests := []struct {
		escaped  string
		segments []string
		dir      bool
		canon    string
	}{
		{"", []string{}, true, "/"},
		{"/", []string{}, true, "/"},
		{"json/hello", []string{"json", "hello"}, false, "/json/hello"},
		{"/json/hello", []string{"json", "hello"}, false, "/json/hello"},
		{"/json/", []string{"json"}, true, "/json/"},
		{"/a%2Fb", []string{"a/b"}, false, "/a%2Fb"},
		{"/a%2fb", []string{"a/b"}, false, "/a%2Fb"},
		{"/%61%2E%62", []string{"a.b"}, false, "/a.b"},
		{"/100%25", []string{"100%"}, false, "/100%25"},
		{"/%252e%252e", []string{"%2e%2e"}, false, "/%252e%252e"},
		{"/a b+c", []string{"a b+c"}, false, "/a%20b%2Bc"},
		{"/a;b:c@d", []string{"a;b:c@d"}, false, "/a;b:c@d"},
		{"/!$'()*,", []string{"!$'()*,"}, false, "/!$'()*,"},
		{"/a&b=c", []string{"a&b=c"}, false, "/a%26b%3Dc"},
		{"/é/%C3%A9", []string{"é", "é"}, false, "/%C3%A9/%C3%A9"},
		{"/\uFFFD", []string{"\uFFFD"}, false, "/%EF%BF%BD"},
		{"/.../..a/a..", []string{"...", "..a", "a.."}, false, "/.../..a/a.."},
		{"/%2Fa", []string{"/a"}, false, "/%2Fa"},
		{"/a?b#c", []string{"a?b#c"}, false, "/a%3Fb%23c"},
	}
	for _, tt := range tests {
		t.Run(tt.escaped, func(t *testing.T) {
			p, err := ParsePath(tt.escaped)
			require.NoError(t, err)
			assert.Equal(t, Path{Segments: tt.segments, Dir: tt.dir}, p)
			assert.Equal(t, tt.canon, p.String())
			again, err := ParsePath(p.String())
			require.NoError(t, err)
			assert.Equal(t, p, again)
		})
	}
}

func TestParsePathRefuses(t *testing.T) {
	tests := []struct {
		name, escaped string
		offset        int
		reason        string
	}{
		{"percent at the end", "/a/%", 3, "%25"},
		{"percent and one digit", "/a/%2", 3, "%25"},
		{"percent and no hex", "/a/x%2g", 4, "%25"},
		{"raw byte", "/a/b\xff", 4, "UTF-8"},
		{"encoded byte", "/a/%C3%A9%ff", 9, "UTF-8"},
		{"overlong slash", "/a/%c0%af", 3, "UTF-8"},
		{"surrogate", "/%ed%a0%80", 1, "UTF-8"},
		{"NUL", "/a%00", 2, "control"},
		{"newline", "/a%0Ab", 2, "control"},
		{"raw newline", "/a\nb", 2, "control"},
		{"DEL", "/a%7F", 2, "control"},
		{"C1", "/a%C2%85", 2, "control"},
		{"right-to-left override", "/a/%E2%80%AEb", 3, "bidirectional"},
		{"isolate", "/\u2066b", 1, "bidirectional"},
		{"backslash", `/a\b`, 2, "backslash"},
		{"encoded backslash", "/a%5Cb", 2, "backslash"},
		{"dot", "/a/./b", 3, "\"..\""},
		{"dots at the end", "/a/..", 3, "\"..\""},
		{"encoded dots", "/a/%2e%2E", 3, "\"..\""},
		{"half encoded dots", "/a/.%2e/b", 3, "\"..\""},
		{"dots behind an encoded slash", "/a%2F..%2Fb", 5, "\"..\""},
		{"dots before an encoded slash", "/..%2Fb", 1, "\"..\""},
		{"encoded slash at the end", "/a%2F", 2, "%2F"},
		{"encoded slash alone", "/%2F/", 1, "%2F"},
		{"empty at the beginning", "//a", 1, "empty"},
		{"empty inside", "/a//b", 3, "empty"},
		{"empty at the end", "/a//", 3, "empty"},
		{"65 segments", strings.Repeat("/a", 65), 129, "64"},
		{"256 bytes", "/a/" + strings.Repeat("x", 256), 258, "255"},
		{"256 encoded bytes", "/" + strings.Repeat("%41", 256), 1 + 3*255, "255"},
		{"over 8 KiB", strings.Repeat("/"+strings.Repeat("x", 255), 33), 32*256 + 1, "8 KiB"},
		{"over 24 KiB", strings.Repeat("%41", 1<<14), 3 << 13, "8 KiB"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := ParsePath(tt.escaped)
			var fault *PathError
			require.ErrorAs(t, err, &fault)
			assert.Equal(t, tt.offset, fault.Offset)
			assert.Contains(t, fault.Error(), tt.reason)
		})
	}
}

// The limits are those of the decoded path: a path at a limit can be written
// out and read again although its escaped form is three times as long.
func TestParsePathAtTheLimits(t *testing.T) {
	wide := strings.Repeat("é", 127) + "x" // 255 bytes
	longest := strings.Repeat("/"+wide, 32)
	p, err := ParsePath(longest)
	require.NoError(t, err)
	again, err := ParsePath(p.String())
	require.NoError(t, err)
	assert.Equal(t, p, again)

	_, err = ParsePath(strings.Repeat("/a", 64) + "/")
	assert.NoError(t, err)
}

func TestAppendPath(t *testing.T) {
	dst := []string{"kept"}
	segments, dir, err := AppendPath(dst, "/a/b/")
	require.NoError(t, err)
	assert.True(t, dir)
	assert.Equal(t, []string{"kept", "a", "b"}, segments)

	segments, _, err = AppendPath(dst, "/a/..")
	assert.Error(t, err)
	assert.Equal(t, dst, segments)

	room := make([]string, 0, 4)
	assert.Zero(t, testing.AllocsPerRun(100, func() { _, _, _ = AppendPath(room, "/json/hello") }))
}

func TestCheckSegment(t *testing.T) {
	for _, good := range []string{"a", "a/b", "/a", "a%2Fb", "a b", "é", "...", "a\uFFFD"} {
		assert.NoError(t, CheckSegment(good), "%q", good)
	}
	for _, bad := range []string{"", ".", "..", "a/..", "../a", "a/./b", "a/", "/", "a\\b", "a\x00", "\x7f", "\u0085", "\u202e", "\xff", strings.Repeat("x", 256)} {
		assert.Error(t, CheckSegment(bad), "%q", bad)
	}
}

// FuzzParsePath: what is accepted has one escaped form, which is read as the
// same path and written as itself; no segment breaks a rule.
func FuzzParsePath(f *testing.F) {
	for _, seed := range []string{"", "/", "/json/hello", "a%2Fb/", "/%2e%2e", "/é%C3%A9", "//", "/%252F", "/a%", "/a\\b", "/.%2F", "/a?b#c"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, escaped string) {
		p, err := ParsePath(escaped)
		if err != nil {
			var fault *PathError
			require.ErrorAs(t, err, &fault)
			assert.LessOrEqual(t, fault.Offset, len(escaped))
			return
		}
		again, err := ParsePath(p.String())
		require.NoError(t, err)
		assert.Equal(t, p, again)
		assert.Equal(t, p.String(), again.String())
		for _, s := range p.Segments {
			assert.NoError(t, CheckSegment(s))
		}
	})
}
