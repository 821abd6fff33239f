package remote

import (
	"fmt"
	"net/netip"
)

// Public returns an error for an address that is not one of the public
// Internet: loopback, private, link-local, shared, unique local, multicast and
// reserved ones (the special-purpose registries of RFC 6890), and those that
// carry such an address in them: IPv4-mapped, NAT64 (RFC 6052), 6to4 (RFC
// 3056).
func Public(a netip.Addr) error {
	a = a.WithZone("").Unmap()
	if !a.IsValid() {
		return fmt.Errorf("no address")
	}
	for _, network := range special() {
		if netip.MustParsePrefix(network).Contains(a) {
			return fmt.Errorf("%s is not a public address: it is of %s", a, network)
		}
	}
	if inner, ok := embedded(a); ok {
		if err := Public(inner); err != nil {
			return fmt.Errorf("%s leads to another address: %w", a, err)
		}
	}
	return nil
}

// special returns the networks that the public Internet does not lead to.
func special() []string {
	return []string{
		"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
		"192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15",
		"198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
		"::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "3fff::/20", "5f00::/16",
		"fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8",
	}
}

// embedded returns the IPv4 address that an IPv6 address is translated to.
func embedded(a netip.Addr) (netip.Addr, bool) {
	if !a.Is6() {
		return netip.Addr{}, false
	}
	b := a.As16()
	switch {
	case netip.MustParsePrefix("64:ff9b::/96").Contains(a):
		return netip.AddrFrom4([4]byte(b[12:16])), true
	case netip.MustParsePrefix("2002::/16").Contains(a):
		return netip.AddrFrom4([4]byte(b[2:6])), true
	}
	return netip.Addr{}, false
}
