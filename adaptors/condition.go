package adaptors

import (
	"net/http"
	"strings"
	"time"

	"github.com/seed90475182/restspace/bus"
)

// Add takes over a field of a request's header that is a condition of a write:
// If-Match, If-None-Match or If-Unmodified-Since. Others are nothing to it. One
// that can't be read is an error of status 400, since a condition that is not
// looked at guards nothing.
func (c *Condition) Add(name, value string) (err error) {
	switch {
	case strings.EqualFold(name, "If-Match"):
		err = c.addMatch(value)
	case strings.EqualFold(name, "If-None-Match"):
		err = c.addNoneMatch(value)
	case strings.EqualFold(name, "If-Unmodified-Since"):
		c.Unmodified, err = unmodifiedSince(value)
	}
	if err == nil && (c.Absent && c.NoneMatch != nil || c.Exists && c.Match != nil) {
		err = bus.Errorf(http.StatusBadRequest, `a condition with both "*" and ETags: send one of them`)
	}
	return err
}

func (c *Condition) addMatch(value string) error {
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

func (c *Condition) addNoneMatch(value string) error {
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
