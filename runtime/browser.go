package runtime

import (
	"strings"

	"github.com/seed90475182/restspace/bus"
)

// sandbox keeps a browser from running the reply of a service in the origin of
// the server, where its scripts could do all that the user may, unless the Kind
// is one for pages or the service says what they may do.
func (s *mounted) sandbox(reply *bus.Message) {
	if s.conf.Kind.Pages || reply.Body == nil {
		return
	}
	mediaType := reply.Body.MediaType()
	if mediaType == "" {
		mediaType = reply.Header.Get("Content-Type")
	}
	if runnable(mediaType) && !reply.Header.Has("Content-Security-Policy") {
		reply.Header.Add("Content-Security-Policy", "sandbox")
	}
}

// runnable reports whether a browser could run a script in what has the media
// type. Of several, with commas between them, it takes the last that it can read
// (Fetch standard, section 3.2.2), so that one is enough here. PDF is none of
// these: viewers keep its scripts to themselves, and show nothing in a sandbox.
func runnable(mediaType string) bool {
	for part := range strings.SplitSeq(mediaType, ",") {
		base, _, _ := strings.Cut(part, ";")
		base = strings.ToLower(strings.TrimSpace(base))
		if strings.HasSuffix(base, "html") || strings.HasSuffix(base, "xml") || base == "text/xsl" ||
			strings.HasSuffix(base, "javascript") || strings.HasSuffix(base, "ecmascript") {
			return true
		}
	}
	return false
}
