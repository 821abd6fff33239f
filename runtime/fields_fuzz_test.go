package runtime

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/seed90475182/restspace/bus"
)

// FuzzParseHost: a host is the same however it is written, and what counts as
// loopback is that for others too.
func FuzzParseHost(f *testing.F) {
	for _, seed := range []string{"", "a.example:80", "A.", "[::1]:80", "127.0.0.1", "[::ffff:127.0.0.1]", "::1", "localhost.", "[[::1]]", "127.0.0.1:x", "a:b:c", "1%2", "[fe80::1%25lo]"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, field string) {
		h := parseHost(field)
		assert.Equal(t, strings.ToLower(h.name), h.name)
		assert.Equal(t, "", strings.Trim(h.port, "0123456789"))
		assert.True(t, h.is(h))
		if h.address.IsValid() {
			assert.Empty(t, h.name)
			again := parseHost(h.String())
			assert.Equal(t, h.address, again.address)
		}
		if h.isLoopback() && h.name != "localhost" {
			assert.True(t, netip.MustParseAddr(h.String()).IsLoopback())
		}
	})
}

// FuzzCookies: what signs users in here is not in a header afterwards, as others
// read it, and nothing else is gone.
func FuzzCookies(f *testing.F) {
	for _, seed := range []string{"", "rs=1", "a=b; rs=1; c=d", "rs", "=rs", "rs =1;;", " rs=1;\trs=2", "a=rs=1", `rs="x;y"`, "a=1\u00a0; b\u00a0=2", "__Host-rs=1"} {
		f.Add(seed)
	}
	names := cookieNames("rs")
	f.Fuzz(func(t *testing.T, field string) {
		if !bus.IsFieldValue(field) {
			return // the edge has refused it
		}
		before := (&http.Request{Header: http.Header{"Cookie": {field}}}).Cookies()
		h := bus.Header{{Name: "A", Value: "b"}, {Name: "cookie", Value: field}}
		withoutCookies(&h, names)
		assert.Equal(t, "b", h.Get("A"))
		for _, name := range names {
			assert.Empty(t, cookie(h, name))
		}
		after := (&http.Request{Header: http.Header{"Cookie": slices.Collect(h.Values("Cookie"))}}).Cookies()
		kept := slices.DeleteFunc(before, func(c *http.Cookie) bool { return slices.Contains(names, c.Name) })
		assert.Equal(t, slices.Clip(kept), slices.Clip(after))
		if set, err := http.ParseSetCookie(field); err == nil && slices.Contains(names, set.Name) {
			assert.True(t, setsCookie(field, names...))
		}
	})
}
