package edge

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
)

// TestTallyOfOneClient sees that who has a network of addresses has no more
// than who has one.
func TestTallyOfOneClient(t *testing.T) {
	tally := newTally(1)
	for _, row := range []struct {
		first, second string
		same          bool
	}{
		{"192.0.2.1", "192.0.2.1", true},
		{"192.0.2.1", "192.0.2.2", false},
		{"::ffff:192.0.2.1", "192.0.2.1", true},
		{"::ffff:192.0.2.1", "::ffff:192.0.2.2", false},
		{"2001:db8::1", "2001:db8::ffff:0:0:1", true},
		{"2001:db8::1", "2001:db8:0:1::1", false},
		{"fe80::1%eth0", "fe80::2%eth0", true},
	} {
		first, second := netip.MustParseAddr(row.first), netip.MustParseAddr(row.second)
		assert.True(t, tally.enter(first))
		assert.Equal(t, row.same, !tally.enter(second), "%s and %s", first, second)
		if !row.same {
			tally.leave(second)
		}
		tally.leave(first)
		assert.Empty(t, tally.each)
	}
}
