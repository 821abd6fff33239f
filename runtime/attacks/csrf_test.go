package attacks

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// csrfReferer is CSRF-005. No browser of today sends a Referer alone from
// another site, and clients that are none send what they like: the request is
// taken. It is for who sets a cookie to say SameSite, for those of yesterday.
func csrfReferer(t *testing.T, row attack) {
	a := newArena(t)
	r := a.send(t, row)
	a.assertExpected(t, r)
	want := seeds()["/json/hello"]
	if r.accepted() {
		want = r.body
	}
	assert.Equal(t, want, a.get(t, "/json/hello").body, "the status says what was stored")
}
