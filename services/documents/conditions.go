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
		case strings.EqualFold(name, "If-Match"):
			err = c.addMatch(value)
		case strings.EqualFold(name, "If-None-Match"):
			err = c.addNoneMatch(value)
		case strings.EqualFold(name, "If-Unmodified-Since"):
			c.Unmodified, err = unmodifiedSince(value)
		case strings.EqualFold(name, "If-Modified-Since"):
			c.modified, _ = http.ParseTime(value)
		case strings.EqualFold(name, "If-Range"):
			c.ifRange = value
		case strings.EqualFold(name, "Range"):
			c.ranges = value
		}
		if err != nil {
			return conditions{}, err
		}
	}
	if c.Absent && c.NoneMatch != nil || c.Exists && c.Match != nil {
		return conditions{}, bus.Errorf(http.StatusBadRequest, `a condition with both "*" and ETags: send one of them`)
	}
	return c, nil
}

// mayMatter reports whether a field's name begins as those of conditions do.
func mayMatter(name string) bool {
	return len(name) > 4 && (name[2] == '-' && name[0]|0x20 == 'i' || name[0]|0x20 == 'r')
}

func (c *conditions) addMatch(value string) error {
	if strings.Trim(value, " \t") == "*" {
		c.Exists = true
		return nil
	}
	if c.Match == nil {
		c.Match = []string{} // a list that no ETag is in, yet a condition
	}
	return eachTag("If-Match", value, func(tag string, weak bool) {
		if !weak { // RFC 9110 section 8.8.3.2: never equal to anything in the strong comparison
			c.Match = append(c.Match, tag)
		}
	})
}

func (c *conditions) addNoneMatch(value string) error {
	if strings.Trim(value, " \t") == "*" {
		c.Absent = true
		return nil
	}
	return eachTag("If-None-Match", value, func(tag string, _ bool) {
		c.NoneMatch = append(c.NoneMatch, tag)
	})
}

func unmodifiedSince(value string) (time.Time, error) {
	t, err := http.ParseTime(value)
	if err != nil {
		return t, bus.Errorf(http.StatusBadRequest, "If-Unmodified-Since is no date: write it as in %s", http.TimeFormat)
	}
	return t, nil
}

// eachTag calls f with each entity tag in the value of a field, without its
// quotes (RFC 9110 section 8.8.3). A list has at least one tag.
func eachTag(field, value string, f func(tag string, weak bool)) error {
	rest, found := value, false
	for {
		rest = strings.TrimLeft(rest, " \t,")
		if rest == "" {
			break
		}
		tag, weak, after, ok := cutTag(rest)
		if !ok {
			return badTags(field, len(value)-len(rest))
		}
		f(tag, weak)
		found = true
		if rest = strings.TrimLeft(after, " \t"); rest != "" && rest[0] != ',' {
			return badTags(field, len(value)-len(rest))
		}
	}
	if !found {
		return badTags(field, 0)
	}
	return nil
}

// cutTag reads the entity tag that s begins with.
func cutTag(s string) (tag string, weak bool, after string, ok bool) {
	if s, weak = strings.CutPrefix(s, "W/"); !strings.HasPrefix(s, `"`) {
		return "", weak, "", false
	}
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			return s[1:i], weak, s[i+1:], true
		case c <= ' ', c == 0x7f:
			return "", weak, "", false
		}
	}
	return "", weak, "", false
}

func badTags(field string, offset int) error {
	return bus.Errorf(http.StatusBadRequest, `%s, byte %d: not an ETag: write "*", or ETags in double quotes with commas between them`, field, offset)
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
