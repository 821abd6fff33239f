package runtime

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestOwnAddresses(t *testing.T) {
	own := new(ownAddresses)
	at := netip.MustParseAddrPort
	assert.False(t, own.has(at("127.0.0.1:3100")), "before anything is listened on")
	own.set(at("203.0.113.7:3100"), at("[::]:443"))
	for address, want := range map[string]bool{
		"203.0.113.7:3100":          true,
		"[::ffff:203.0.113.7]:3100": true,
		"203.0.113.7:80":            false,
		"203.0.113.8:3100":          false,
		"127.0.0.1:443":             true, // any address of this machine
		"203.0.113.7:443":           false,
	} {
		assert.Equal(t, want, own.has(at(address)), address)
	}
}
