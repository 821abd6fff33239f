package static

import (
	"slices"
	"strconv"
	"strings"

	"github.com/seed90475182/restspace/bus"
)

// A coding is a way in which a file may lie compressed beside the plain one.
type coding struct{ name, extension string }

// codings returns all of them, the one that packs best first.
func codings() [3]coding { return [3]coding{{"br", ".br"}, {"zstd", ".zst"}, {"gzip", ".gz"}} }

// accepted returns the codings that a request takes, those it likes best first
// (RFC 9110 section 12.5.3).
func accepted(h bus.Header) []coding {
	var list []coding
	var weights []float64
	field := fieldOf(h, "Accept-Encoding")
	if field == "" {
		return nil
	}
	for _, c := range codings() {
		q := weight(field, c.name)
		if q <= 0 {
			continue
		}
		at := len(list)
		for at > 0 && weights[at-1] < q {
			at--
		}
		list, weights = slices.Insert(list, at, c), slices.Insert(weights, at, q)
	}
	return list
}

// fieldOf returns all values of a field in one list.
func fieldOf(h bus.Header, name string) string {
	list := h.Get(name)
	first := true
	for value := range h.Values(name) {
		if !first {
			list += "," + value
		}
		first = false
	}
	return list
}

// weight returns how much Accept-Encoding wants a coding, from 0 to 1.
func weight(field, name string) float64 {
	others := 0.0
	for part := range strings.SplitSeq(field, ",") {
		coding, parameters, _ := strings.Cut(part, ";")
		switch coding = strings.TrimSpace(coding); {
		case strings.EqualFold(coding, name), name == "gzip" && strings.EqualFold(coding, "x-gzip"):
			return quality(parameters)
		case coding == "*":
			others = quality(parameters)
		}
	}
	return others
}

// quality reads a weight (RFC 9110 section 12.4.2): none is 1, and one that
// can't be read is 0.
func quality(parameters string) float64 {
	key, value, ok := strings.Cut(parameters, "=")
	if !ok || !strings.EqualFold(strings.TrimSpace(key), "q") {
		return 1
	}
	q, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
	if err != nil || !(0 <= q && q <= 1) {
		return 0
	}
	return q
}

// compresses reports whether it is worth while to look for compressed files of
// a media type.
func compresses(mediaType string) bool {
	return bus.PayloadOf(mediaType) != bus.Binary || mediaType == "application/wasm"
}
