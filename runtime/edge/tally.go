package edge

import (
	"net/netip"
	"sync"
)

// ClientOf returns what stands for a client: its address, or of IPv6 the network
// of 64 bits, since whoever has one of these addresses has all of them.
func ClientOf(ip netip.Addr) netip.Addr {
	ip = ip.Unmap()
	if ip.Is6() {
		network, _ := ip.Prefix(64) // cannot fail
		return network.Addr()
	}
	return ip
}

// tally bounds how much each client has at a time.
type tally struct {
	most int

	mu   sync.Mutex
	each map[netip.Addr]int
}

func newTally(most int) *tally { return &tally{most: most, each: make(map[netip.Addr]int)} }

// enter counts one more of ip, and reports false if that would be too many. If
// it is not, leave must follow.
func (t *tally) enter(ip netip.Addr) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	ip = ClientOf(ip)
	if t.each[ip] >= t.most {
		return false
	}
	t.each[ip]++
	return true
}

func (t *tally) leave(ip netip.Addr) {
	t.mu.Lock()
	defer t.mu.Unlock()
	ip = ClientOf(ip)
	if t.each[ip]--; t.each[ip] == 0 {
		delete(t.each, ip)
	}
}
