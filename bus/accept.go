package bus

import (
	"strconv"
	"strings"
)

// Quality returns the weight, from 0 to 1, that accept, the value of a field
// such as Accept or Accept-Encoding, gives the first of names that it lists
// (RFC 9110 section 12.4.2). So names go from the exact to the general:
// "text/html", "text/*", "*/*". It is 0 where none is listed, or the weight
// can't be read.
func Quality(accept string, names ...string) float64 {
	for _, name := range names {
		for part := range strings.SplitSeq(accept, ",") {
			listed, parameters, _ := strings.Cut(part, ";")
			if strings.EqualFold(strings.TrimSpace(listed), name) {
				return weight(parameters)
			}
		}
	}
	return 0
}

// CodingQuality is Quality of a content coding in the value of
// Accept-Encoding, where x-gzip is gzip (RFC 9110 section 8.4.1.3).
func CodingQuality(accept, coding string) float64 {
	return Quality(accept, coding, "x-"+coding, "*")
}

// weight reads the parameter q: none is 1.
func weight(parameters string) float64 {
	for parameter := range strings.SplitSeq(parameters, ";") {
		key, value, _ := strings.Cut(parameter, "=")
		if !strings.EqualFold(strings.TrimSpace(key), "q") {
			continue
		}
		q, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
		if err != nil || !(0 <= q && q <= 1) {
			return 0
		}
		return q
	}
	return 1
}

// prefersHTML reports whether accept wants a page rather than JSON, as that of
// a browser does that somebody looks at.
func prefersHTML(accept string) bool {
	html := Quality(accept, "text/html", "text/*", "*/*")
	return html > Quality(accept, "application/problem+json", "application/*", "*/*") &&
		html > Quality(accept, "application/json", "application/*", "*/*")
}
