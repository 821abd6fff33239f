package documents

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/seed90475182/restspace/adaptors"
)

// parseRange reads a Range field that asks for one range of bytes (RFC 9110
// section 14.2). Of anything else, several ranges among it, the answer is the
// whole body, which that section allows: nil.
func parseRange(field string) *adaptors.Range {
	unit, spec, ok := strings.Cut(field, "=")
	if !ok || !strings.EqualFold(unit, "bytes") {
		return nil
	}
	first, last, ok := strings.Cut(strings.Trim(spec, " \t"), "-")
	if !ok || first == "" && last == "" {
		return nil
	}
	r := adaptors.Range{First: -1, Last: -1}
	if first != "" {
		if r.First, ok = position(first); !ok {
			return nil
		}
	}
	if last != "" {
		if r.Last, ok = position(last); !ok || r.First > r.Last {
			return nil
		}
	}
	return &r
}

// position reads digits only. A number that is too large for a body is the
// largest there is.
func position(s string) (int64, bool) {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
	}
	n, _ := strconv.ParseInt(s, 10, 64) // out of range: the largest
	return n, true
}

// sameForRange reports whether a range may be cut out of a document with the
// facts info (RFC 9110 section 13.1.5): If-Range is its strong ETag, or the
// exact date of a change that is over for more than a second.
func sameForRange(ifRange string, info *adaptors.Info) bool {
	if ifRange == "" {
		return true
	}
	if info.ETag != "" && ifRange == `"`+info.ETag+`"` {
		return true
	}
	t, err := http.ParseTime(ifRange)
	return err == nil && t.Equal(info.ModTime.Truncate(time.Second)) && time.Since(info.ModTime) > time.Second
}

// contentRange returns the value of Content-Range for a part of a body.
func contentRange(r adaptors.Range, size int64) (string, error) {
	offset, length, err := r.Resolve(size)
	if err != nil {
		return "bytes */" + strconv.FormatInt(size, 10), err
	}
	return "bytes " + strconv.FormatInt(offset, 10) + "-" + strconv.FormatInt(offset+length-1, 10) +
		"/" + strconv.FormatInt(size, 10), nil
}
