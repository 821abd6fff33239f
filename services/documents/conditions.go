package documents

import (
	"net/http"
	"strings"
	"time"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/bus"
)

// conditions are what the header of a request asks of a document's state
// (RFC 9110 section 13.1), and the part of it that it wants.
type conditions struct {
	adaptors.Condition // all of it for a write

	modified time.Time // If-Modified-Since: for reading, and only without If-None-Match
	ranges   string    // Range, as it came
	ifRange  string    // If-Range, as it came
}

// parseConditions reads the conditions in a header. One that can't be read is
// an error of status 400, since a condition that is not looked at guards
// nothing; but a bad date of If-Modified-Since only means that all is sent
// (RFC 9110 section 13.1.3).
func parseConditions(h bus.Header) (conditions, error) {
	var c conditions
	for i := range h {
		name, value := h[i].Name, h[i].Value
		if !mayMatter(name) {
			continue
		}
		var err error
		switch {
		case strings.EqualFold(name, "If-Modified-Since"):
			c.modified, _ = http.ParseTime(value)
		case strings.EqualFold(name, "If-Range"):
			c.ifRange = value
		case strings.EqualFold(name, "Range"):
			c.ranges = value
		default:
			err = c.Add(name, value)
		}
		if err != nil {
			return conditions{}, err
		}
	}
	return c, nil
}

// mayMatter reports whether a field's name begins as those of conditions do.
func mayMatter(name string) bool {
	return len(name) > 4 && (name[2] == '-' && name[0]|0x20 == 'i' || name[0]|0x20 == 'r')
}

// forReading returns 0, 304 or 412 for a document with the facts info, in the
// order of RFC 9110 section 13.2.2.
func (c *conditions) forReading(info *adaptors.Info) int {
	guard := adaptors.Condition{Exists: c.Exists, Match: c.Match, Unmodified: c.Unmodified}
	cached := adaptors.Condition{Absent: c.Absent, NoneMatch: c.NoneMatch}
	switch {
	case guard.Check(info) != nil:
		return http.StatusPreconditionFailed
	case cached.Check(info) != nil:
		return http.StatusNotModified
	case !c.validates() || c.modified.IsZero() || c.Absent || c.NoneMatch != nil:
		return 0
	case !info.ModTime.Truncate(time.Second).After(c.modified):
		return http.StatusNotModified
	}
	return 0
}

// validates reports whether c asks if what a cache holds is still good: the
// answer is likely to need no body.
func (c *conditions) validates() bool {
	return c.Absent || c.NoneMatch != nil || !c.modified.IsZero()
}
