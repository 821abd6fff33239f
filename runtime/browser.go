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
// type. PDF is none of these: viewers keep its scripts to themselves, and show
// nothing in a sandbox.
func runnable(mediaType string) bool {
	base, _, _ := strings.Cut(mediaType, ";")
	base = strings.ToLower(strings.TrimSpace(base))
	return strings.HasSuffix(base, "html") || strings.HasSuffix(base, "xml") || strings.HasSuffix(base, "javascript") ||
		strings.HasSuffix(base, "ecmascript")
}
