package urlpattern

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The limits of a path. Sizes are those of the decoded text, so that every
// spelling of a path is inside them or none is.
const (
	maxSegments     = 64
	maxSegmentBytes = 255
	maxPathBytes    = 8 << 10
	maxEscapedBytes = 3 * maxPathBytes
)

// Path is a URL path in its only form inside a program: decoded segments. A
// slash that came percent-encoded is data within its segment and separates
// nothing.
type Path struct {
	Segments []string
	Dir      bool // the path ends in a slash; the root "/" is no segments and Dir
}

// PathError says why a path is refused. Message it to the client as it is: it
// holds nothing of the path but the offset.
type PathError struct {
	Offset int    // byte in the text that was parsed
	Reason string // what is wrong there, and what to write instead
}

// Error gives the offset and the reason.
func (e *PathError) Error() string {
	return fmt.Sprintf("path, byte %d: %s", e.Offset, e.Reason)
}

// ParsePath splits a URL path on its slashes and decodes each segment once.
// The slash at the beginning may be left out; the empty path is the root. An
// error is a *PathError.
//
// Refused is what two programs could read in two ways: a percent sign without
// two hex digits, bytes that are not UTF-8, control and bidirectional control
// characters, a backslash, a part "." or ".." however it is encoded, an empty
// segment, a segment that ends in an encoded slash, and what is over 64
// segments, 255 bytes a segment or 8 KiB in all, decoded.
func ParsePath(escaped string) (Path, error) {
	room := min(strings.Count(escaped, "/")+1, maxSegments)
	segments, dir, err := AppendPath(make([]string, 0, room), escaped)
	if err != nil {
		return Path{}, err
	}
	return Path{Segments: segments, Dir: dir}, nil
}

// AppendPath is ParsePath into dst: it adds the segments to dst and says
// whether the path is a directory. A segment without escapes is a view of
// escaped. After an error, which is a *PathError, it returns dst as it was.
func AppendPath(dst []string, escaped string) (segments []string, dir bool, err error) {
	if len(escaped) > maxEscapedBytes {
		return dst, false, pathFault(maxEscapedBytes, "the path is over 8 KiB: write a shorter one")
	}
	at, size, before := 0, 0, len(dst)
	if escaped != "" && escaped[0] == '/' {
		at = 1
	}
	segments = dst
	for at < len(escaped) {
		end, plain := scanSegment(escaped, at)
		segment := escaped[at:end]
		if !plain || needsCheck(segment) {
			if segment, err = decodeSegment(segment, at); err != nil {
				return dst, false, err
			}
		}
		size += 1 + len(segment)
		switch {
		case len(segments)-before == maxSegments:
			return dst, false, pathFault(at, "the path has more than 64 segments: write fewer")
		case size > maxPathBytes:
			return dst, false, pathFault(at, "the path is over 8 KiB: write a shorter one")
		}
		segments = append(segments, segment)
		at = end + 1
	}
	return segments, escaped == "" || escaped[len(escaped)-1] == '/', nil
}

// scanSegment finds the end of the segment that begins at from, and whether
// all of it is ASCII that stands for itself.
func scanSegment(s string, from int) (end int, plain bool) {
	plain = true
	for i := from; i < len(s); i++ {
		switch c := s[i]; {
		case c == '/':
			return i, plain
		case c < ' ' || c >= 0x7f || c == '%' || c == '\\':
			plain = false
		}
	}
	return len(s), plain
}

// needsCheck reports whether a segment of plain characters may yet be wrong.
func needsCheck(segment string) bool {
	return segment == "" || len(segment) > maxSegmentBytes || isDots(segment)
}

func isDots(s string) bool { return s == "." || s == ".." }

// decodeSegment decodes one segment that begins at offset at of its path, and
// checks it.
func decodeSegment(escaped string, at int) (string, error) {
	segment, err := unescape(escaped, at)
	if err != nil {
		return "", err
	}
	if offset, reason := segmentFault(segment); reason != "" {
		return "", pathFault(at+escapedOffset(escaped, offset), reason)
	}
	return segment, nil
}

// unescape decodes the percent-encoded bytes of a text that begins at offset at
// of its path.
func unescape(escaped string, at int) (string, error) {
	first := strings.IndexByte(escaped, '%')
	if first < 0 {
		return escaped, nil
	}
	decoded := append(make([]byte, 0, len(escaped)), escaped[:first]...)
	for i := first; i < len(escaped); i++ {
		c := escaped[i]
		if c == '%' {
			var ok bool
			if c, ok = hexPair(escaped, i+1); !ok {
				return "", pathFault(at+i, "a percent sign without two hex digits after it: write %25 for a percent sign")
			}
			i += 2
		}
		decoded = append(decoded, c)
	}
	return string(decoded), nil
}

// escapedOffset is where byte n of the decoded text stands in its escaped form.
func escapedOffset(escaped string, n int) int {
	at := 0
	for ; n > 0 && at < len(escaped); n-- {
		if escaped[at] == '%' {
			at += 2
		}
		at++
	}
	return at
}

// hexPair is the byte that the two hex digits at s[i:] stand for.
func hexPair(s string, i int) (byte, bool) {
	if i+1 >= len(s) {
		return 0, false
	}
	high, ok1 := hexDigit(s[i])
	low, ok2 := hexDigit(s[i+1])
	return high<<4 | low, ok1 && ok2
}

func hexDigit(c byte) (byte, bool) {
	switch {
	case '0' <= c && c <= '9':
		return c - '0', true
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10, true
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}

// CheckSegment holds one decoded segment to the rules of ParsePath. An error is
// a *PathError whose offset counts from the start of the segment.
func CheckSegment(segment string) error {
	if offset, reason := segmentFault(segment); reason != "" {
		return pathFault(offset, reason)
	}
	return nil
}

// segmentFault says what is wrong with a decoded segment, and at which byte;
// the reason is empty if nothing is.
func segmentFault(segment string) (offset int, reason string) {
	if end, plain := scanSegment(segment, 0); plain && end == len(segment) && !needsCheck(segment) {
		return 0, ""
	}
	switch {
	case segment == "":
		return 0, "an empty segment: write one slash between two segments"
	case len(segment) > maxSegmentBytes:
		return maxSegmentBytes, "a segment over 255 bytes: write a shorter one"
	}
	for i, r := range segment {
		if reason := runeFault(segment[i:], r); reason != "" {
			return i, reason
		}
	}
	at := 0
	for part := range strings.SplitSeq(segment, "/") {
		if isDots(part) {
			return at, `"." or ".." as a segment: write the path that is meant`
		}
		at += len(part) + 1
	}
	if strings.HasSuffix(segment, "/") {
		return len(segment) - 1, "a segment that ends in an encoded slash: leave out the last %2F"
	}
	return 0, ""
}

// runeFault says why r, with which s begins, can't be in a path.
func runeFault(s string, r rune) string {
	switch {
	case r == '\\':
		return "a backslash: separate segments with /"
	case unicode.IsControl(r):
		return "a control character: leave it out"
	case unicode.Is(unicode.Bidi_Control, r):
		return "a bidirectional control character: leave it out"
	case r == utf8.RuneError:
		if _, width := utf8.DecodeRuneInString(s); width == 1 {
			return "bytes that are not UTF-8: encode the text as UTF-8"
		}
	}
	return ""
}

func pathFault(offset int, reason string) *PathError {
	return &PathError{Offset: offset, Reason: reason}
}

// String gives the one escaped form of the path. It begins with a slash, and
// ParsePath of it gives the path again.
func (p Path) String() string {
	var short [128]byte // most paths are built on the stack
	return string(appendSegments(short[:0], p.Segments, p.Dir))
}

// appendSegments writes a whole path, with the slash at its beginning.
func appendSegments(dst []byte, segments []string, dir bool) []byte {
	for _, s := range segments {
		dst = AppendSegment(append(dst, '/'), s)
	}
	if dir || len(segments) == 0 {
		dst = append(dst, '/')
	}
	return dst
}

// AppendSegment adds a decoded segment to dst as a URL path writes it: RFC 3986
// unreserved characters and !$'()*,;:@ stay, all else becomes %XX.
func AppendSegment(dst []byte, segment string) []byte {
	for i := 0; i < len(segment); i++ {
		if c := segment[i]; isUnreserved(c) || strings.IndexByte("!$'()*,;:@", c) >= 0 {
			dst = append(dst, c)
		} else {
			dst = appendHex(dst, c)
		}
	}
	return dst
}

// isUnreserved reports whether c is in the unreserved set of RFC 3986 section
// 2.3.
func isUnreserved(c byte) bool {
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		return true
	}
	return c == '-' || c == '.' || c == '_' || c == '~'
}

func appendHex(dst []byte, c byte) []byte {
	const digits = "0123456789ABCDEF"
	return append(dst, '%', digits[c>>4], digits[c&15])
}
