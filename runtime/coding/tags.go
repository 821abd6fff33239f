package coding

import (
	"net/http"
	"strings"

	"github.com/seed90475182/restspace/bus"
)

// An Ask is what a request says about the coding of its answer.
type Ask struct {
	accept string // the value of Accept-Encoding
	cached string // of If-None-Match, the part that names packed answers
}

// Read returns what m asks for. It is called before a service has m: conditions
// that name the entity tag of a packed answer hold for what was packed from then
// on, since its tag is put beside that (RFC 9110 section 8.8.3). If-Range stays
// as it is, for ranges are not cut out of what is packed.
func Read(m *bus.Message) Ask {
	ask := Ask{accept: m.Header.List("Accept-Encoding")}
	for i := range m.Header {
		f := &m.Header[i]
		switch {
		case len(f.Name) < len("If-Match") || f.Name[2] != '-': // neither
		case strings.EqualFold(f.Name, "If-Match"):
			f.Value += plainTags(f.Value, func(string) bool { return true })
		case strings.EqualFold(f.Name, "If-None-Match"):
			cached := f.Value
			plain := plainTags(cached, func(coding string) bool {
				// A cache that asks for a client that can't unpack has no use for
				// a 304 that stands for what is packed.
				return m.Method != http.MethodGet || ask.takes(coding)
			})
			if plain != "" {
				ask.cached += cached
				f.Value += plain
			}
		}
	}
	return ask
}

// plainTags returns the entity tags of what was packed, for the tags in value
// that name packed answers, each after a comma.
func plainTags(value string, wanted func(coding string) bool) string {
	var plain strings.Builder
	for {
		before, rest, _ := strings.Cut(value, `"`)
		tag, rest, ok := strings.Cut(rest, `"`)
		if !ok {
			return plain.String()
		}
		for _, coding := range names() {
			base, ok := strings.CutSuffix(tag, "-"+coding)
			if !ok || !wanted(coding) {
				continue
			}
			plain.WriteString(", ")
			if strings.HasSuffix(before, "W/") {
				plain.WriteString("W/")
			}
			plain.WriteString(`"` + base + `"`)
		}
		value = rest
	}
}

// packedTag returns the entity tag of the packed form of what has a tag. A weak
// one is good for both.
func packedTag(tag, coding string) string {
	if !strings.HasPrefix(tag, `"`) || !strings.HasSuffix(tag, `"`) || len(tag) < 2 {
		return tag
	}
	return tag[:len(tag)-1] + "-" + coding + `"`
}

// preferred returns the coding that the client likes best, "" for none.
func (a Ask) preferred() string {
	if a.accept == "" {
		return ""
	}
	best, most := "", 0.0
	for _, coding := range names() {
		if q := bus.CodingQuality(a.accept, coding); q > most {
			best, most = coding, q
		}
	}
	if bus.Quality(a.accept, "identity") > most {
		return ""
	}
	return best
}

// takes reports whether the client can unpack a coding.
func (a Ask) takes(coding string) bool { return bus.CodingQuality(a.accept, coding) > 0 }

// recall has a 304 name the packed answer that the client has, where it has
// one that it takes: first that in the coding that it likes best.
func (a Ask) recall(h *bus.Header) {
	if a.cached == "" {
		return
	}
	tag := h.Get("ETag")
	for _, coding := range append([]string{a.preferred()}, names()...) {
		if packed := packedTag(tag, coding); coding != "" && packed != tag && a.takes(coding) && strings.Contains(a.cached, packed) {
			h.Set("ETag", packed)
			vary(h)
			return
		}
	}
}
