package documents

import (
	"crypto/rand"
	"strings"

	"github.com/gabriel-vasile/mimetype"
	"github.com/oklog/ulid/v2"
)

// newName returns a name that no other document has: a ULID, so that names sort
// in the order of their time.
func newName() string { return ulid.MustNew(ulid.Now(), rand.Reader).String() }

// extensionOf returns the extension of names for a media type, with its dot, or
// "" where none is known.
func extensionOf(mediaType string) string {
	base, _, _ := strings.Cut(mediaType, ";")
	switch base = strings.ToLower(strings.TrimSpace(base)); base {
	case "text/markdown":
		return ".md"
	case "text/css":
		return ".css"
	case "application/yaml":
		return ".yaml"
	}
	if known := mimetype.Lookup(base); known != nil {
		return known.Extension()
	}
	return ""
}
