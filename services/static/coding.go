package static

import (
	"slices"

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
	field := h.List("Accept-Encoding")
	if field == "" {
		return nil
	}
	for _, c := range codings() {
		q := bus.CodingQuality(field, c.name)
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

// compresses reports whether it is worth while to look for compressed files of
// a media type.
func compresses(mediaType string) bool {
	return bus.PayloadOf(mediaType) != bus.Binary || mediaType == "application/wasm"
}
