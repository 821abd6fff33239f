package edge

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// FuzzClient: nobody but a trusted proxy says where a request comes from, and
// what one says is an address.
func FuzzClient(f *testing.F) {
	f.Add("10.0.0.1:80", "192.0.2.1, 10.0.0.2")
	f.Add("192.0.2.9:80", "192.0.2.1")
	f.Add("[::ffff:10.0.0.1]:80", "::1,,10.1.1.1")
	f.Add("10.0.0.1:80", "10.0.0.2, x, 10.0.0.3")
	o := Options{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}
	f.Fuzz(func(t *testing.T, connection, field string) {
		r := &http.Request{RemoteAddr: connection, Header: http.Header{"X-Forwarded-For": {field}}}
		client, own := o.client(r), addressIn(connection)
		if client == own {
			return
		}
		assert.True(t, o.trusted(own), "it is told by %s", own)
		_, err := netip.ParseAddr(client)
		assert.NoError(t, err)
		hops := strings.Split(field, ",")
		for len(hops) > 0 && strings.TrimSpace(hops[len(hops)-1]) != client {
			assert.True(t, o.trusted(strings.TrimSpace(hops[len(hops)-1])), "behind %s in %q", client, field)
			hops = hops[:len(hops)-1]
		}
		assert.NotEmpty(t, hops)
	})
}
