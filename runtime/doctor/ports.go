package doctor

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"syscall"

	"github.com/seed90475182/restspace/adaptors"
)

// ports looks whether the server can listen where it is to.
func ports(_ context.Context, p *Patient) (found []adaptors.Finding) {
	s := &p.Config.Server
	for _, at := range []struct{ key, address string }{
		{"server.listen", s.Listen}, {"server.redirectHTTP", s.RedirectHTTP}, {"server.adminListen", s.AdminListen},
	} {
		if at.address != "" {
			found = append(found, port(p, at.key, at.address)...)
		}
	}
	return found
}

// port looks at one address.
func port(p *Patient, key, address string) (found []adaptors.Finding) {
	socket, err := net.Listen("tcp", address)
	if err == nil {
		_ = socket.Close()
	}
	switch {
	case err == nil:
		found = append(found, good("%s %s is free", key, address))
	case errors.Is(err, syscall.EADDRINUSE):
		found = append(found, p.taken(key, address))
	case errors.Is(err, syscall.EACCES):
		found = append(found, problem("write another port, or give the server the capability CAP_NET_BIND_SERVICE, such as by AmbientCapabilities in the unit",
			"%s %s is a port that only root may listen on", key, address))
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		found = append(found, problem("write one of its addresses, or only the port, such as \":3100\"", "%s %s is no address of this machine", key, address))
	default:
		found = append(found, problem("write another address", "%s: %v", key, cause(err)))
	}
	host, _, _ := net.SplitHostPort(address)
	if ip, err := netip.ParseAddr(host); err == nil && ip.Is6() && !ip.IsUnspecified() {
		found = append(found, warning("write only the port, such as \":3100\", to be reached by both", "%s %s is reached by IPv6 alone", key, address))
	}
	return found
}

// taken tells who has an address.
func (p *Patient) taken(key, address string) adaptors.Finding {
	holders := listeners(address)
	if len(holders) == 0 {
		return problem("end it, or write another address: ss -ltnp as root tells which it is", "%s %s is taken by a process of another user", key, address)
	}
	for _, h := range holders {
		if h.serves(p) {
			return good("%s %s: the server of this configuration runs there, as process %d", key, address, h.pid)
		}
	}
	return problem("end it, or write another address", "%s %s is taken by process %d, %s", key, address, holders[0].pid, holders[0].name())
}
